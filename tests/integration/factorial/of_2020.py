"""A client of 2020 as it spoke: v2.0.1 of lightmill-js, by its behaviour on the wire.

Every GET carries an unknown parameter that ends in a stray brace; ids are put into addresses as
they are; the run is locked, planned and looked at, and its blocks and trials are indices into the
plan; posts go out one after another; nothing is sent twice; nobody unlocks.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from django.test import Client

AT = "/lightmill/2020/api/"


class Crashed(Exception):
    """What the client shows when anything was refused."""

    def __init__(self, status: int, type_: str, message: str) -> None:
        super().__init__(f"{type_}: {message}")
        self.status, self.type = status, type_


class OldClient:
    """A browser's page that was written for the server of 2020."""

    def __init__(self, *, at: str = AT, origin: str = "http://pages.example") -> None:
        self.at = at
        self.http = Client(headers={"Accept": "application/json", "Origin": origin})
        self.token = ""
        self.plan: list[dict[str, Any]] = []
        self.at_trial: dict[str, Any] = {}
        self.experiment = self.run = ""

    def get(self, path: str) -> Any:
        return self._answer(self.http.get(f"{self.at}{path}?__reqTime={int(time.time())}}}"))

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> Any:
        return self._answer(self.http.post(f"{self.at}{path}", body, content_type=content_type))

    def _answer(self, response: Any) -> Any:
        assert response["Access-Control-Allow-Origin"] == "*"
        if 200 <= response.status_code < 400:
            return response.json()
        said = response.json()
        raise Crashed(response.status_code, said["type"], said["message"])

    def connect(self, experiment: str, document: bytes = b"", run: str = "") -> None:
        """Bring the design in when the site does not have it, and take a run."""
        if not self.get("experiments").get(experiment):
            self.post("import", document, "text/xml")
        way = f"run/{experiment}/{run}" if run else f"experiment/{experiment}/available_run"
        found = self.get(way)
        assert found["experimentId"] == experiment
        self.experiment, self.run = experiment, found["id"]
        where = f"run/{experiment}/{self.run}"
        self.token = self.get(f"{where}/lock")["token"]
        self.plan = self.get(f"{where}/plan")
        self.at_trial = self.get(f"{where}/current_trial")

    def go_on(self, measure: Callable[[dict[str, Any]], Any], most: int = 10_000) -> int:
        """Do trials until the end, or so many; return how many."""
        block, trial = self.at_trial["blockNumber"], self.at_trial["number"]
        done = 0
        while block < len(self.plan) and done < most:
            if trial >= len(self.plan[block]["trials"]):
                block, trial = block + 1, 0
                continue
            self.send(block, trial, measure(self.plan[block]["trials"][trial]))
            trial, done = trial + 1, done + 1
        return done

    def send(self, block: int, trial: int, measures: Any) -> Any:
        where = f"trial/{self.experiment}/{self.run}/{block}/{trial}"
        return self.post(where, json.dumps({"token": self.token, "measures": measures}).encode())
