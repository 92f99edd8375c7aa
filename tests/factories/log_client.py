"""A client of 2025 that sends what the real log-client 4.0.0 sends, in the same order, over HTTP.

No retry, no queue: a log that fails is told when it is flushed. Logs are fired concurrently, and
numbered here.
"""

import http.client
import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

MEDIA_TYPE = "application/vnd.api+json"
AT_ONCE = 8  # connections that a browser has to one host, and a little more


class Refused(Exception):
    def __init__(self, status: int, document: Any) -> None:
        first = document["errors"][0]
        super().__init__(first.get("detail") or first.get("code") or first.get("status"))
        self.status, self.code = status, first["code"]


@dataclass
class LogClient:
    """One browser: its cookie jar outlives a reload of the page, and so a `LogClient`."""

    port: int
    cookies: SimpleCookie = field(default_factory=SimpleCookie)
    root: str = "/lightmill"

    def fetch(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Accept": "*/*"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{m.key}={m.value}" for m in self.cookies.values())
        if body is not None:
            headers["Content-Type"] = MEDIA_TYPE
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, self.root + path, sent, headers)
            answer = connection.getresponse()
            content = answer.read()
            for line in answer.headers.get_all("Set-Cookie", []):
                self.cookies.load(line)
            return answer.status, json.loads(content)
        finally:
            connection.close()

    def need(self, method: str, path: str, body: Any = None) -> Any:
        status, document = self.fetch(method, path, body)
        if status >= 400:
            raise Refused(status, document)
        return document

    def start_run(
        self, experiment: str, run: str | None = None, after: int | None = None
    ) -> "Logger":
        return (
            self._resume(experiment, run, after)
            if after is not None
            else self._new(experiment, run)
        )

    def _new(self, experiment: str, run: str | None) -> "Logger":
        status, _ = self.fetch("GET", "/sessions/current")
        if status == 404:
            role = {"type": "sessions", "attributes": {"role": "participant"}}
            self.need("POST", "/sessions", {"data": role})
        name = quote(experiment, safe="")
        found = self.need("GET", f"/experiments?filter[name]={name}")["data"]
        if not found:
            raise LookupError(f"Couldn't find experiment {experiment}")
        related = {"experiment": {"data": {"id": found[0]["id"], "type": "experiments"}}}
        attributes = {"name": run, "status": "running"}
        data = {"type": "runs", "attributes": attributes, "relationships": related}
        return Logger(self, self.need("POST", "/runs", {"data": data})["data"]["id"], 0)

    def resumable_runs(self, experiment: str, kinds: list[str]) -> list[dict[str, Any]]:
        name = quote(experiment, safe="")
        found = self.need(
            "GET",
            "/runs?filter[status]=running&filter[status]=interrupted"
            f"&filter[experiment.name]={name}&include=lastLogs&include=experiment",
        )
        beside = {(one["type"], one["id"]): one for one in found.get("included", [])}
        return [self._resumable(one, beside, kinds) for one in found["data"]]

    def _resumable(
        self, run: Any, beside: dict[tuple[str, str], Any], kinds: list[str]
    ) -> dict[str, Any]:
        related = run["relationships"]
        experiment = beside["experiments", related["experiment"]["data"]["id"]]
        last = [beside["logs", one["id"]]["attributes"] for one in related["lastLogs"]["data"]]
        after = max((one["number"] for one in last if one["logType"] in kinds), default=0)
        return {
            "experiment": experiment["attributes"]["name"],
            "run": run["attributes"]["name"],
            "after": after,
        }

    def _resume(self, experiment: str, run: str | None, after: int) -> "Logger":
        query = f"filter[experiment.name]={quote(experiment)}&filter[name]={quote(run or '')}"
        pk = self.need("GET", f"/runs?{query}")["data"][0]["id"]
        attributes = {"status": "running", "lastLogNumber": after}
        data = {"type": "runs", "id": pk, "attributes": attributes}
        document = self.need("PATCH", f"/runs/{pk}", {"data": data})
        return Logger(self, pk, document["data"]["attributes"]["lastLogNumber"])

    def logout(self) -> None:
        self.need("DELETE", "/sessions/current")


class Logger:
    """A run that goes on: logs are fired and forgotten until they are flushed."""

    def __init__(self, client: LogClient, run: str, last: int) -> None:
        self.client, self.run, self.last = client, run, last
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.under_way: list[Future[Any]] = []

    def add_log(self, kind: str, **values: Any) -> "Future[Any]":
        self.last += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        attributes = {"logType": kind, "number": self.last, "values": {"date": at, **values}}
        related = {"run": {"data": {"type": "runs", "id": self.run}}}
        data = {"type": "logs", "attributes": attributes, "relationships": related}
        fired = self.pool.submit(self.client.need, "POST", "/logs", {"data": data})
        self.under_way.append(fired)
        return fired

    def flush(self) -> None:
        for fired in self.under_way:
            fired.result()
        document = self.client.need("GET", f"/runs/{self.run}")
        missing = document["data"]["attributes"]["missingLogNumbers"]
        if any(number <= self.last for number in missing):
            raise RuntimeError(f"logs are missing: {missing}")

    def complete_run(self) -> None:
        self._end("completed")

    def interrupt_run(self) -> None:
        self._end("interrupted")

    def cancel_run(self) -> None:
        self._end("canceled")

    def _end(self, status: str) -> None:
        self.flush()
        data = {"type": "runs", "id": self.run, "attributes": {"status": status}}
        self.client.need("PATCH", f"/runs/{self.run}", {"data": data})
        self.pool.shutdown()
