"""Callers of the client protocol of 2025, in the process of the tests."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

from django.test import Client

from factorial.models import Host
from factorial.services import log_hosts

ROOT = "/lightmill"
MEDIA_TYPE = "application/vnd.api+json"
PASSWORD = "a host's long password"


def host(project: Any, user: str = "hanna") -> Host:
    return log_hosts.keep_host(project=project, user=user, password=PASSWORD)


def basic(user: str, password: str = PASSWORD) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def session(role: str) -> dict[str, Any]:
    return {"data": {"type": "sessions", "attributes": {"role": role}}}


def experiment(name: str) -> dict[str, Any]:
    return {"data": {"type": "experiments", "attributes": {"name": name}}}


def run(experiment_id: str, name: str | None = None, status: str = "running") -> dict[str, Any]:
    return {
        "data": {
            "type": "runs",
            "attributes": {"name": name, "status": status},
            "relationships": {"experiment": {"data": {"type": "experiments", "id": experiment_id}}},
        }
    }


def log(
    run_id: str, number: int, values: dict[str, Any] | None = None, kind: str = "trial"
) -> dict[str, Any]:
    return {
        "data": {
            "type": "logs",
            "attributes": {"logType": kind, "number": number, "values": values or {}},
            "relationships": {"run": {"data": {"type": "runs", "id": run_id}}},
        }
    }


def change(run_id: str, **attributes: Any) -> dict[str, Any]:
    return {"data": {"type": "runs", "id": run_id, "attributes": attributes}}


def batch(run_id: str, *logs: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    sent = [{"number": number, "logType": "trial", "values": values} for number, values in logs]
    return {
        "data": {
            "type": "batches",
            "attributes": {"logs": sent},
            "relationships": {"run": {"data": {"type": "runs", "id": run_id}}},
        }
    }


class Api:
    """One browser or script: it keeps its cookie, and reads each answer as JSON."""

    def __init__(self, **headers: str) -> None:
        self.client = Client()
        self.headers = headers

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        if body is not None:
            more = {"content_type": MEDIA_TYPE, "data": as_sent(body)} | more
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.generic(method, ROOT + path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> Any:
        return self.ask("POST", path, body, **more)

    def begin(self, role: str = "participant", **headers: str) -> "Api":
        answer = self.post("/sessions", session(role), headers=headers)
        assert answer.status_code == 201, answer.content
        return self

    def new_experiment(self, name: str = "pointing") -> str:
        return made(self.post("/experiments", experiment(name)))

    def new_run(self, experiment_id: str, name: str | None = None, status: str = "running") -> str:
        return made(self.post("/runs", run(experiment_id, name, status)))

    def create(self, experiment_id: str, name: str | None, status: str) -> Any:
        return self.post("/runs", run(experiment_id, name, status))

    def add(self, run_id: str, number: int, values: Any = None, kind: str = "trial") -> Any:
        return self.post("/logs", log(run_id, number, values, kind))

    def patch(self, run_id: str, **attributes: Any) -> Any:
        return self.ask("PATCH", f"/runs/{run_id}", change(run_id, **attributes))

    def facts(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/runs/{run_id}").json()["data"]["attributes"]
        return found


def as_sent(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def made(answer: Any) -> str:
    assert answer.status_code == 201, answer.content
    return str(answer.json()["data"]["id"])


def refused(answer: Any) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["errors"][0]["code"]


def asked(name: str, value: str) -> str:
    return f"filter[{name}]={quote(value, safe='')}"


def text(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def parsed(answer: Any) -> Any:
    return json.loads(text(answer))
