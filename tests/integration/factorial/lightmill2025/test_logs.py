"""Logs: numbers, gaps, resuming, exactly once, and many at a time."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now
from tests.factories import lightmill
from tests.factories.lightmill import made, parsed, refused

from factorial.queries.log_runs import MOST_MISSING
from runs.models import Event, Run, Trial, Visit

SAVEPOINT = 2  # the tests' own transaction is around it


def numbers(caller, run):
    """Return the numbers of the logs of a run that are seen."""
    found = caller.get(f"/logs?filter[run.id]={run}", headers={"Accept": "application/json"})
    return [one["attributes"]["number"] for one in parsed(found)["data"]]


def test_numbers_come_in_any_order_and_gaps_are_told(api, run):
    seen = []
    for number in (4, 1, 6, 2, 3, 5):
        made(api.add(run, number))
        facts = api.facts(run)
        seen.append((facts["lastLogNumber"], facts["missingLogNumbers"]))
    assert seen == [(0, [1, 2, 3]), (1, [2, 3]), (1, [2, 3, 5]), (2, [3, 5]), (4, [5]), (6, [])]


def test_a_run_with_a_gap_is_not_completed(api, run):
    api.add(run, 1)
    api.add(run, 3)
    assert refused(api.patch(run, status="completed")) == (403, "PENDING_LOGS")
    api.add(run, 2)
    assert api.patch(run, status="completed").status_code == 200


def test_a_log_far_ahead_lists_no_millions(api, run):
    made(api.add(run, 2**31 - 1))
    facts = api.facts(run)
    assert facts["lastLogNumber"] == 0
    assert facts["missingLogNumbers"] == list(range(1, MOST_MISSING + 1))


def test_the_last_logs_are_those_before_the_first_gap(api, run):
    ids = [made(api.add(run, number, {}, kind))
           for number, kind in ((1, "a"), (2, "b"), (3, "a"), (5, "b"))]  # fmt: skip
    data = api.get(f"/runs/{run}").json()["data"]
    told = [one["id"] for one in data["relationships"]["lastLogs"]["data"]]
    assert told == [ids[1], ids[2]]


def test_the_same_log_once_more_has_its_id_and_is_stored_once(api, run):
    first = made(api.add(run, 1, {"x": 1, "y": [2]}))
    again = api.add(run, 1, {"y": [2], "x": 1})
    assert (again.status_code, again.json()["data"]["id"]) == (201, first)
    assert Trial.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "kind"), [({"x": 2}, "trial"), ({"x": 1}, "event"), ({}, "trial")]
)
def test_another_log_under_the_same_number_is_refused(api, run, values, kind):
    made(api.add(run, 1, {"x": 1}))
    assert refused(api.add(run, 1, values, kind)) == (409, "LOG_NUMBER_EXISTS")
    assert Trial.objects.get().raw == '{"x":1}'


def test_resuming_hides_what_came_later_and_keeps_it(api, run):
    for number in range(1, 6):
        made(api.add(run, number, {"n": number}))
    api.patch(run, status="interrupted")
    answer = api.patch(run, status="running", lastLogNumber=2)
    assert answer.json()["data"]["attributes"]["lastLogNumber"] == 2
    assert numbers(api, run) == [1, 2]
    made(api.add(run, 3, {"n": "again"}))
    assert numbers(api, run) == [1, 2, 3]
    assert Trial.objects.count() == 6
    assert Visit.objects.count() == 2
    assert Event.objects.filter(kind="resumed").get().data == {"after": 2, "before": 5}


def test_a_running_run_is_resumed_too_and_zero_begins_anew(api, run):
    made(api.add(run, 1, {"n": 1}))
    assert api.patch(run, lastLogNumber=0).json()["data"]["attributes"]["lastLogNumber"] == 0
    assert numbers(api, run) == []
    made(api.add(run, 1, {"n": 2}))
    assert numbers(api, run) == [1]


def test_what_waits_behind_a_gap_is_left_behind_by_resuming(api, run):
    for number in (1, 2, 5):
        api.add(run, number)
    api.patch(run, status="running", lastLogNumber=2)
    assert api.facts(run)["missingLogNumbers"] == []
    assert api.patch(run, status="completed").status_code == 200


def test_a_later_resume_may_go_back_before_an_earlier_one(api, run):
    for number in (1, 2, 3, 4):
        api.add(run, number, {"s": 0})
    api.patch(run, lastLogNumber=3)
    api.add(run, 4, {"s": 1})
    api.patch(run, lastLogNumber=1)
    assert numbers(api, run) == [1]
    first = made(api.add(run, 2, {"s": 2}))
    assert numbers(api, run) == [1, 2]
    last = api.get(f"/runs/{run}").json()["data"]["relationships"]["lastLogs"]["data"]
    assert last == [{"type": "logs", "id": first}]


def test_a_log_that_a_resume_kept_is_known_when_it_comes_again(api, run):
    first = made(api.add(run, 1, {"x": 1}))
    api.patch(run, lastLogNumber=1)
    assert made(api.add(run, 1, {"x": 1})) == first
    assert refused(api.add(run, 1, {"x": 2})) == (409, "LOG_NUMBER_EXISTS")


def test_a_superseded_log_is_not_there_any_more(api, run):
    pk = made(api.add(run, 1))
    api.patch(run, lastLogNumber=0)
    assert refused(api.get(f"/logs/{pk}")) == (404, "LOG_NOT_FOUND")


def test_nobody_resumes_beyond_what_is_confirmed(api, run):
    api.add(run, 1)
    api.add(run, 3)
    assert refused(api.patch(run, lastLogNumber=2)) == (403, "INVALID_LAST_LOG_NUMBER")
    assert refused(api.patch(run, lastLogNumber=3)) == (403, "INVALID_LAST_LOG_NUMBER")


@pytest.mark.parametrize("status", ["interrupted", "completed", "canceled"])
def test_only_a_run_that_runs_or_is_going_to_is_resumed(api, run, status):
    api.add(run, 1)
    api.patch(run, status=status)
    assert refused(api.patch(run, lastLogNumber=0)) == (403, "INVALID_LAST_LOG_NUMBER")
    assert api.patch(run, lastLogNumber=1).status_code == 200
    assert Visit.objects.count() == 1


def test_logs_of_canceled_runs_are_left_out(api, run):
    pk = made(api.add(run, 1))
    api.patch(run, status="canceled")
    assert numbers(api, run) == []
    assert refused(api.get(f"/logs/{pk}")) == (404, "LOG_NOT_FOUND")


def test_a_log_asks_the_database_few_times(api, run, django_assert_num_queries):
    """One that follows, one far ahead, and one that is there already."""
    is_straight = connection.vendor == "postgresql"
    costs = (1, 1, 3 + SAVEPOINT) if is_straight else (4 + SAVEPOINT, 3 + SAVEPOINT, 2 + SAVEPOINT)
    Run.objects.update(seen_at=now())
    made(api.add(run, 1, {"x": 1}))
    for number, cost in zip((2, 9, 2), costs, strict=True):
        with django_assert_num_queries(cost):
            made(api.add(run, number, {"x": 2}))


def test_gaps_are_closed_in_whichever_order_logs_come(api, run):
    for number in (1, 3, 4, 7, 2, 6):
        made(api.add(run, number, {"x": number}))
    facts = api.facts(run)
    assert (facts["lastLogNumber"], facts["missingLogNumbers"]) == (4, [5])
    made(api.add(run, 5, {"x": 5}))
    assert api.facts(run)["lastLogNumber"] == 7
    assert numbers(api, run) == [1, 2, 3, 4, 5, 6, 7]


def test_a_run_that_was_quiet_is_seen_again(api, run):
    made(api.add(run, 1, {"x": 1}))
    Run.objects.update(seen_at=now() - timedelta(minutes=5))
    made(api.add(run, 2, {"x": 1}))
    assert now() - Run.objects.get().seen_at < timedelta(seconds=60)


def test_new_names_and_types_are_noted_whichever_log_has_them(api, run):
    made(api.add(run, 1, {"x": 1}))
    made(api.add(run, 2, {"y": 1}))
    made(api.add(run, 3, {"x": 1}, "rest"))
    made(api.add(run, 4, {"x": 1, "y": 2}))
    made(api.add(run, 5, {}))
    assert Visit.objects.get().content["names"] == {"trial": ["x", "y"], "rest": ["x"]}


@pytest.mark.parametrize("status", ["interrupted", "completed", "canceled"])
def test_nothing_is_stored_in_a_run_that_is_not_running(api, run, status):
    made(api.add(run, 1, {"x": 1}))
    api.patch(run, status=status)
    assert api.add(run, 2, {"x": 1}).status_code == 403
    assert Trial.objects.count() == 1


def test_nobody_stores_in_the_run_of_another_session(api, run):
    made(api.add(run, 1, {"x": 1}))
    other = lightmill.Api().begin()
    assert other.add(run, 2, {"x": 1}).status_code in {403, 404}
    assert lightmill.Api().add(run, 2, {"x": 1}).status_code in {401, 403}
    api.ask("DELETE", "/sessions/current")
    assert api.add(run, 2, {"x": 1}).status_code in {401, 403}
    assert Trial.objects.count() == 1


def test_many_logs_at_once_ask_as_little(api, run, django_assert_max_num_queries):
    logs = [(number, {"x": number}) for number in range(1, 51)]
    with django_assert_max_num_queries(8 + SAVEPOINT):
        answer = api.post("/logs/batch", lightmill.batch(run, *logs))
    assert answer.status_code == 201
    assert [one["type"] for one in answer.json()["data"]] == ["logs"] * 50
    assert api.facts(run)["lastLogNumber"] == 50


def test_a_batch_sent_again_is_stored_once(api, run):
    body = lightmill.batch(run, (1, {"x": 1}), (2, {"x": 2}))
    first = api.post("/logs/batch", body).json()
    again = api.post("/logs/batch", body)
    assert (again.status_code, again.json()["data"]) == (201, first["data"])
    assert (first["meta"]["new"], again.json()["meta"]["new"]) == (2, 0)
    assert Trial.objects.count() == 2


def test_of_a_batch_what_differs_is_refused_by_log_and_the_rest_is_stored(api, run):
    api.add(run, 2, {"x": "other"})
    body = lightmill.batch(run, (1, {"x": 1}), (2, {"x": 2}), (3, {"x": 3}), (3, {"x": 4}))
    answer = api.post("/logs/batch", body)
    assert answer.status_code == 207
    assert [one is None for one in answer.json()["data"]] == [False, True, False, True]
    refused_ones = answer.json()["meta"]["refused"]
    assert [one["source"]["pointer"] for one in refused_ones] == [
        "/data/attributes/logs/1/number", "/data/attributes/logs/3/number",
    ]  # fmt: skip
    assert {one["code"] for one in refused_ones} == {"LOG_NUMBER_EXISTS"}
    assert api.facts(run)["lastLogNumber"] == 3


def test_a_batch_of_which_nothing_fits_is_a_conflict(api, run):
    api.add(run, 1, {"x": "other"})
    answer = api.post("/logs/batch", lightmill.batch(run, (1, {"x": 1})))
    assert answer.status_code == 409


def test_a_batch_with_one_unreadable_log_stores_nothing(api, run):
    body = lightmill.batch(run, (1, {}), (0, {}))
    answer = api.post("/logs/batch", body)
    assert refused(answer) == (400, "BODY_VALIDATION")
    assert answer.json()["errors"][0]["source"] == {"pointer": "/data/attributes/logs/1/number"}
    assert not Trial.objects.exists()


def test_a_batch_for_a_run_of_others_or_one_that_does_not_run_is_refused(api, run):
    other = lightmill.Api().begin()
    body = lightmill.batch(run, (1, {}))
    assert refused(other.post("/logs/batch", body)) == (403, "RUN_NOT_FOUND")
    api.patch(run, status="interrupted")
    assert refused(api.post("/logs/batch", body)) == (403, "INVALID_RUN_STATUS")
