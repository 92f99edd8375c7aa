"""Any sequence of calls leaves the protocol in the state that a small model of it says."""

import uuid
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.lightmill import Api, parsed, refused

STATUSES = ("idle", "running", "completed", "interrupted", "canceled")
ONGOING = ("running", "interrupted")
ALLOWED = {
    "idle": {"running", "canceled"},
    "running": {"interrupted", "canceled", "completed"},
    "interrupted": {"running", "canceled"},
    "completed": {"canceled"},
    "canceled": set(),
}  # fmt: skip
MOST = 7


@dataclass
class Run:
    """A run as 3.3 describes it: what is seen of its logs, and its status."""

    name: str | None
    status: str
    seen: dict[int, int] = field(default_factory=dict)
    last: int = 0

    def move_on(self):
        while self.last + 1 in self.seen:
            self.last += 1

    @property
    def missing(self):
        return [n for n in range(1, max(self.seen, default=0)) if n not in self.seen]


@dataclass
class Model:
    """All runs of one session."""

    runs: list[Run] = field(default_factory=list)

    def ongoing(self, besides=None):
        return any(run.status in ONGOING for run in self.runs if run is not besides)

    def create(self, name, status):
        if self.ongoing():
            return 403, "ONGOING_RUNS"
        if name and any(run.name == name and run.status != "canceled" for run in self.runs):
            return 409, "RUN_EXISTS"
        self.runs.append(Run(name, status))
        return 201, ""

    def log(self, run, number, value):
        if run.status != "running":
            return 403, "INVALID_RUN_STATUS"
        if run.seen.setdefault(number, value) != value:
            return 409, "LOG_NUMBER_EXISTS"
        run.move_on()
        return 201, ""

    def patch(self, run, status, last):
        future = status or run.status
        if future != run.status and future not in ALLOWED[run.status]:
            return 403, "INVALID_STATUS_TRANSITION"
        if status != "canceled" and self.ongoing(besides=run):
            return 403, "ONGOING_RUNS"
        if future == "completed" and run.missing:
            return 403, "PENDING_LOGS"
        if last is not None and (last > run.last or (future != "running" and last != run.last)):
            return 403, "INVALID_LAST_LOG_NUMBER"
        if last is not None and future == "running":
            run.last = last
            run.seen = {number: value for number, value in run.seen.items() if number <= last}
        run.status = future
        return 200, ""


numbers, picks = st.integers(1, MOST), st.integers(0, 3)
calls = st.one_of(
    st.tuples(st.just("create"), st.sampled_from([None, "a", "b"]), st.sampled_from(STATUSES)),
    st.tuples(st.just("log"), picks, numbers, st.integers(0, 1)),
    st.tuples(st.just("log"), picks, numbers, st.just(0)),
    st.tuples(st.just("patch"), picks, st.sampled_from([None, *STATUSES]),
              st.one_of(st.none(), st.integers(0, MOST))),
    st.tuples(st.just("patch"), picks, st.sampled_from(["running", "interrupted"]), st.none()),
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(calls, max_size=25))
def test_states_agree_with_the_model_after_any_calls(host, steps):
    experiment = host.new_experiment(f"model {uuid.uuid4()}")
    api, model, ids = Api().begin(), Model(), []
    api.new_run(experiment)  # so that there is one to speak of
    model.create(None, "running")
    ids += [one["id"] for one in api.get("/runs").json()["data"]]
    for verb, *words in steps:
        step(api, model, ids, experiment, verb, words)
    agree(api, model, ids)


def step(api, model, ids, experiment, verb, words):
    if verb == "create":
        name, status = words
        answer = api.create(experiment, name, status)
        expected = model.create(name, status)
        if answer.status_code == 201:
            ids.append(answer.json()["data"]["id"])
    else:
        place = words[0] % len(ids)
        expected = getattr(model, verb)(model.runs[place], *words[1:])
        answer = call(api, ids[place], verb, words[1:])
    said = refused(answer) if answer.status_code >= 400 else (answer.status_code, "")
    assert said == expected, (verb, words)


def call(api, run, verb, words):
    if verb == "log":
        number, value = words
        return api.add(run, number, {"value": value})
    status, last = words
    asked = {"status": status, "lastLogNumber": last}
    return api.patch(run, **{name: value for name, value in asked.items() if value is not None})


def agree(api, model, ids):
    told = {one["id"]: one["attributes"] for one in api.get("/runs").json()["data"]}
    for pk, run in zip(ids, model.runs, strict=True):
        assert told[pk] == {
            "status": run.status,
            "name": run.name,
            "lastLogNumber": run.last,
            "missingLogNumbers": run.missing,
        }
    found = parsed(api.get("/logs", headers={"Accept": "application/json"}))["data"]
    seen = [(one["relationships"]["run"]["data"]["id"], one["attributes"]["number"],
             one["attributes"]["values"]["value"]) for one in found]  # fmt: skip
    assert seen == [
        (pk, number, run.seen[number])
        for pk, run in zip(ids, model.runs, strict=True)
        if run.status != "canceled"
        for number in sorted(run.seen)
    ]
