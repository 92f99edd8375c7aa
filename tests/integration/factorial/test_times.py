"""When trials began and how long they took, by the client's clock: stored once, and exported."""

import csv
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import designs as make

from factorial.services import posting
from factorial.services.exports.streams import Export
from factorial.values import sent
from runs.models import Trial


def timed(block, trial, began_at=None, lasted_ms=None):
    return sent(
        block=block,
        trial=trial,
        values={"duration": 1},
        began_at=began_at,
        lasted_ms=lasted_ms,
    )


def exported(design):
    text = b"".join(Export(design, "trials", "csv").chunks()).decode()
    rows = csv.DictReader(text.lstrip("\ufeff").splitlines())
    return [(row["began_at"], row["lasted_ms"]) for row in rows if row["completed"] == "true"]


def do(design, *trials):
    held, planned = make.held(design)
    for one in trials:
        posting.receive(planned=planned, token=held.token, trials=[one])
        planned = make.planned(design)


def test_times_count_from_the_first_trial_of_the_block(design):
    do(
        design,
        timed(0, 0, "2026-11-22T03:00:00.250Z", 371.5),
        timed(0, 1, "2026-11-22T03:00:02.000Z", 800.1),
        timed(1, 0, "2026-11-22T05:00:09+02:00", 20),
    )
    rows = Trial.objects.order_by("visit__position", "index").values_list("onset_ms", "end_ms")
    assert list(rows) == [(0, 371.5), (1750, 2550.1), (0, 20)]
    first, second, third = exported(design)
    assert first[0].startswith("2026-11-22T03:00:00.25")
    assert [each[1] for each in (first, second, third)] == ["371.5", "800.1", "20.0"]
    assert datetime.fromisoformat(second[0]) == datetime(2026, 11, 22, 3, 0, 2, tzinfo=UTC)


def test_trials_of_one_batch_count_from_the_same_beginning(design):
    held, planned = make.held(design)
    batch = [
        timed(0, 0, "2026-11-22T03:00:01Z", 5),
        timed(0, 1, "2026-11-22T03:00:03Z", 5),
        timed(1, 0, "2026-11-22T03:00:09Z", 5),
    ]
    posting.receive(planned=planned, token=held.token, trials=batch)
    found = Trial.objects.order_by("visit__position", "index").values_list("onset_ms", flat=True)
    assert list(found) == [0, 2000, 0]


def test_a_clock_that_is_put_back_tells_what_it_told(design):
    do(
        design,
        timed(0, 0, "2026-11-22T03:00:00Z", 10),
        timed(0, 1, "2026-11-22T02:59:00Z", 10),
    )
    assert exported(design)[1][0].startswith("2026-11-22T02:59:00")


@pytest.mark.parametrize(
    ("began_at", "lasted_ms"),
    [
        (None, 12),
        ("soon", 12),
        ("2026-11-22T03:00:00", 12),
        (12, "long"),
        ("0001-01-01T00:00:00+14:00", 1e400),
        ([], {}),
    ],
)
def test_times_that_are_none_lose_no_trial(design, began_at, lasted_ms):
    do(design, timed(0, 0, began_at, lasted_ms), timed(0, 1, "2026-11-22T03:00:00Z", 5))
    assert exported(design) == [("", ""), ("", "")]
    assert Trial.objects.count() == 2


def test_a_retry_with_another_time_is_the_same_trial(design):
    do(
        design,
        timed(0, 0, "2026-11-22T03:00:00Z", 10),
        timed(0, 0, "2026-11-22T03:00:07Z", 11),
    )
    assert Trial.objects.get().end_ms == 10
    assert not Trial.objects.get().is_disputed


def test_times_cost_no_question(design):
    held, planned = make.held(design)
    counts = []
    for trial, began_at in ((0, None), (1, "2026-11-22T03:00:00Z")):
        planned = make.planned(design, "S0")
        with CaptureQueriesContext(connection) as asked:
            one = timed(1 if trial else 0, 0, began_at, 5) if trial == 0 else timed(0, 1, began_at)
            posting.receive(planned=planned, token=held.token, trials=[one])
        counts.append(len(asked))
    assert counts[1] <= counts[0]


def test_our_client_s_times_are_taken(design, client):
    key, holder = "a" * 64, "b" * 32
    wish = {"key": key, "holder": holder, "lab": "alder", "design": "pointing"}
    kind = "application/json"
    assert client.post("/designs/run/begin/", wish, kind).status_code == 200
    data = {
        "block": 0, "trial": 0, "measures": {"duration": 3}, "events": [],
        "began_at": "2026-11-22T03:00:00.000Z", "lasted_ms": 412.7,
    }  # fmt: skip
    body = {"holder": holder, "rows": [{"index": 0, "data": data}], "events": []}
    assert client.post(f"/designs/run/{key}/trials/", body, kind).status_code == 200
    assert exported(design) == [("2026-11-22T03:00:00+00:00", "412.7")]
