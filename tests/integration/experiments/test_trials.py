"""What a task's runner sends while it runs: once each, whatever happens on the way."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.factories.runs import row
from tests.integration.experiments.taking_part import ACTION, HOLDER, Participant

from runs.models import Answer, Event, Run, Trial, Variant
from runs.rows import MOST_EVENTS, MOST_ROWS


def event(number, **values):
    return {"number": number, "kind": "blur", "at_ms": 12.5, "data": {"of": "window"}} | values


class Runner:
    """A browser that sends batches of the page that is shown to a participant."""

    def __init__(self, participant):
        self.client = Client(enforce_csrf_checks=True)
        self.address = f"{ACTION.search(participant.text)[1]}trials/"
        self.holder = HOLDER.search(participant.text)[1]

    def post(self, body, **headers):
        return self.client.post(self.address, body, content_type="application/json", **headers)

    def send(self, *rows, events=(), **values):
        body = {
            "holder": self.holder,
            "sent_at": "2026-05-01T10:00:00.000Z",
            "rows": rows,
            "events": events,
        }
        return self.post(json.dumps(body | values))


@pytest.fixture
def someone(token):
    participant = Participant(token)
    participant.begin()
    return participant


@pytest.fixture
def runner(someone):
    return Runner(someone)


def test_a_batch_is_stored_and_acknowledged(runner):
    answer = runner.send(row(0), row(1), events=[event(0)])
    assert (answer.status_code, answer.json()) == (200, {"stored": [0, 1], "disputed": []})
    assert [trial.index for trial in Trial.objects.all()] == [0, 1]
    assert Trial.objects.first().sent_at.isoformat() == "2026-05-01T10:00:00+00:00"
    assert Answer.objects.count() == 2
    kept = Event.objects.get()
    assert (kept.number, kept.kind, kept.at_ms, kept.data) == (0, "blur", 12.5, {"of": "window"})


def test_a_batch_sent_again_is_there_once(runner):
    for _ in range(3):
        assert runner.send(row(0), events=[event(0), event(1)]).json()["stored"] == [0]
    assert (Trial.objects.count(), Answer.objects.count(), Event.objects.count()) == (1, 1, 2)


def test_another_content_is_kept_beside_the_first(runner):
    runner.send(row(0, response="r"))
    answer = runner.send(row(0, response="g"), row(1))
    assert answer.json() == {"stored": [0, 1], "disputed": [0]}
    assert Trial.objects.get(index=0).response == "r"
    assert Trial.objects.get(index=0).is_disputed
    assert not Trial.objects.get(index=1).is_disputed
    assert json.loads(Variant.objects.get().raw)["response"] == "g"
    assert Answer.objects.count() == 2


def asked(work):
    with CaptureQueriesContext(connection) as queries:
        assert work().status_code == 200
    return [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]


def test_a_batch_asks_the_database_six_times_at_most(runner):
    """SQLite takes 999 values in one statement; more than a runner sends at once are more."""
    count, most = (MOST_ROWS, MOST_EVENTS) if connection.vendor == "postgresql" else (40, 100)
    rows = [row(number, response={"a": 1, "b": 2}) for number in range(count)]
    events = [event(number) for number in range(most)]
    spoken = asked(lambda: runner.send(*rows, events=events))
    assert len(spoken) <= 6, spoken
    assert len(asked(lambda: runner.send(*rows, events=events))) <= 6
    other = [row(number, response="other") for number in range(count)]
    assert len(asked(lambda: runner.send(*other, events=events))) <= 6
    assert len(asked(runner.send)) <= 2


@pytest.mark.parametrize(
    "body",
    [
        " ",
        "[]",
        "nonsense",
        '{"holder": "me"',
        '{"rows": []}',
        '{"holder": "no letters alone!", "rows": []}',
        f'{{"holder": "{"a" * 65}", "rows": []}}',
        '{"holder": "me", "rows": {}}',
        '{"holder": "me", "rows": [{"index": 0, "data": {"rt": NaN}}]}',
        '{"holder": "me", "events": [1]}',
        '{"holder": "me", "events": [{"number": -1, "kind": "blur"}]}',
        '{"holder": "me", "events": [{"number": 0, "kind": ""}]}',
        '{"holder": "me", "events": [{"number": 0, "kind": "a", "data": []}]}',
        json.dumps({"holder": "me", "events": [event(0, data={"a": "a" * 17_000})]}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_json(runner, body):
    answer = runner.post(body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "unreadable"
    assert not Trial.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("sent_at", [None, 7, "yesterday", "+275760-09-13T00:00:00Z", ["2026"],
                                     "0001-01-01T00:00:00+14:00"])  # fmt: skip
def test_a_clock_that_is_far_off_is_no_reason_to_refuse(runner, sent_at):
    assert runner.send(row(0), sent_at=sent_at).status_code == 200
    assert Trial.objects.get().sent_at is None


def test_an_event_that_no_database_holds_is_kept_as_far_as_it_can_be(runner):
    strange = event(0, kind="a\0b", at_ms=10**400, data={"a\0": "\ud800"})
    assert runner.send(events=[strange]).status_code == 200
    kept = Event.objects.get()
    assert (kept.kind, kept.at_ms, kept.data) == ("a�b", None, {"a�": "?"})


def test_another_browser_is_refused_and_told_so(runner, someone):
    other = Runner(someone)
    other.holder = "another"
    runner.send()
    answer = other.send(row(0))
    assert (answer.status_code, answer.json()["code"]) == (409, "held-elsewhere")
    assert not Trial.objects.exists()
    someone.browser.post(f"/run/{someone.key}/take-over/", {"holder": "another"})
    assert other.send(row(0)).status_code == 200
    assert other.send(row(0), events=[event(0)]).status_code == 200
    late = runner.send(row(1))
    assert (late.status_code, late.json()["code"]) == (409, "held-elsewhere")
    assert runner.send(row(0)).status_code == 200  # only the reply was lost
    assert runner.send(events=[event(1)]).status_code == 409


def test_a_run_that_is_over_takes_nothing_new_and_knows_what_it_has(runner, someone):
    runner.send(row(0))
    someone.send(decline="1")
    assert Run.objects.get().status == "declined"
    answer = runner.send(row(0), row(1))
    assert (answer.status_code, answer.json()["code"]) == (409, "run-is-over")
    assert runner.send(row(0)).status_code == 200


def test_a_visit_of_another_run_takes_nothing(runner, someone):
    someone.begin()
    key = someone.key
    runner.address = f"/run/{key}/{runner.address.split('/')[3]}/trials/"
    answer = runner.send(row(0))
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-visit")
    assert not Trial.objects.exists()
    assert Run.objects.filter(holder="").count() == 2  # nobody holds what nobody wrote to


def test_a_batch_that_is_too_large_is_refused_in_json(runner):
    answer = runner.post(b"[" * 3_000_000)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"


def test_a_page_before_takes_what_it_had_not_sent_yet(runner, someone):
    someone.send(agree="1")
    assert runner.send(row(0)).status_code == 200
