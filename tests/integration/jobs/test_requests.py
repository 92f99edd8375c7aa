"""Asking for work, cancelling it, starting it again: the services behind the pages."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

import jobs
from common.signals import audited
from jobs import processes, registry, services
from jobs.errors import ArgumentsNotJSON, KeyTaken, NewerJobExists, NothingToRetry, UnknownTask
from jobs.models import Job, Status

pytestmark = pytest.mark.django_db
APP = Path(jobs.__file__).parents[1]


def _enqueued_names():
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and _called(node) == "enqueue" and node.args:
                yield file, node.args[0]


def _called(node):
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_every_enqueued_name_is_registered():
    by_hand = APP / "jobs/management/commands/enqueue.py"
    found = [(file, name) for file, name in _enqueued_names() if file != by_hand]
    assert found
    for file, name in found:
        assert isinstance(name, ast.Constant), f"{file}: write the name out, so that it is found"
        assert name.value in registry.names(), f"{file} enqueues {name.value}"


def test_work_is_asked_for_by_name(alice):
    job = jobs.enqueue("jobs.self_test", arguments={"seconds": 1}, user=alice, request_id="r-1")
    assert (job.status, job.created_by, job.request_id) == (Status.QUEUED, alice, "r-1")
    assert job.label == "Test of the background work"


def test_an_unknown_name_is_refused_where_it_is_asked_for():
    with pytest.raises(UnknownTask, match=r"no\.such"):
        services.enqueue("no.such")


def test_arguments_that_the_task_does_not_take_are_refused_where_they_are_given():
    with pytest.raises(TypeError, match="minutes"):
        services.enqueue("jobs.self_test", arguments={"minutes": 1})


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_arguments_must_be_plain_data(value):
    with pytest.raises(ArgumentsNotJSON):
        services.enqueue("jobs.self_test", arguments={"seconds": value})


def test_what_a_transaction_took_back_was_never_asked_for():
    with transaction.atomic():
        services.enqueue("jobs.self_test")
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_the_same_key_gives_the_same_job_until_it_fails():
    ask = {"arguments": {"seconds": 1}, "key": "once"}
    first = services.enqueue("jobs.self_test", **ask)
    assert services.enqueue("jobs.self_test", **ask) == first
    Job.objects.update(status=Status.SUCCEEDED, finished_at=timezone.now())
    assert services.enqueue("jobs.self_test", **ask) == first
    Job.objects.update(status=Status.FAILED)
    second = services.enqueue("jobs.self_test", **ask)
    assert second != first


def test_the_same_key_with_other_arguments_is_refused():
    services.enqueue("jobs.self_test", arguments={"seconds": 1}, key="once")
    with pytest.raises(KeyTaken):
        services.enqueue("jobs.self_test", arguments={"seconds": 2}, key="once")


def test_a_job_whose_key_went_to_a_newer_one_is_not_started_again(olga):
    first = services.enqueue("jobs.self_test", key="once")
    services.cancel(job=first, user=olga)
    services.enqueue("jobs.self_test", key="once")
    with pytest.raises(NewerJobExists):
        services.retry(job=first, user=olga)


def test_what_succeeded_is_not_started_again(olga):
    job = services.enqueue("jobs.self_test")
    Job.objects.update(status=Status.SUCCEEDED, finished_at=timezone.now())
    with pytest.raises(NothingToRetry):
        services.retry(job=job, user=olga)


def test_urgent_work_goes_first_then_the_oldest():
    late = services.enqueue("jobs.self_test", delay=timedelta(hours=1), priority=9)
    usual = services.enqueue("jobs.self_test")
    urgent = services.enqueue("jobs.self_test", priority=5)
    order = [services.claim(worker="w", process=processes.me()) for _ in range(3)]
    assert order == [urgent, usual, None]
    late.refresh_from_db()
    assert late.status == Status.QUEUED


def test_a_retry_waits_twice_as_long_each_time_and_at_most_an_hour():
    task = registry.get("jobs.self_test")
    waits = [task.delay_after(attempts).total_seconds() for attempts in (1, 2, 3, 40)]
    assert waits == [10, 20, 40, 3600]


def test_changes_by_people_are_told_to_the_audit_trail(alice):
    told = []

    def listen(**said):
        told.append(said)

    audited.connect(listen)
    job = services.enqueue("jobs.self_test", user=alice)
    services.cancel(job=job, user=alice, reason="by mistake")
    services.retry(job=job, user=alice)
    audited.disconnect(listen)
    assert [said["action"] for said in told] == ["job.cancelled", "job.retried"]
    assert told[0]["user"] == alice
    assert told[0]["on"] == job
    assert told[0]["changes"] == {"status": ["queued", "cancelled"]}
    assert told[0]["reason"] == "by mistake"


def test_secrets_in_a_traceback_are_not_kept(settings):
    settings.SECRET_VALUES = ["a-sentinel-of-the-site"]
    job = services.enqueue("jobs.self_test")
    claimed = services.claim(worker="w", process=processes.me())
    outcome = services.Outcome(message="It broke.", traceback="key='a-sentinel-of-the-site'")
    services.fail(job=claimed, token=claimed.token, outcome=outcome)
    job.refresh_from_db()
    assert "a-sentinel" not in job.traceback
    assert "[redacted]" in job.traceback


def test_a_job_that_said_how_far_it_was_before_it_failed_waits_for_its_next_attempt(olga):
    services.enqueue("jobs.self_test", user=olga)
    claimed = services.claim(worker="w", process=processes.me())
    outcome = services.Outcome(message="It broke.", again=True)
    services.fail(job=claimed, token=claimed.token, outcome=outcome, phase="Halfway", done=1)
    claimed.refresh_from_db()
    assert (claimed.status, claimed.phase, claimed.done) == (Status.QUEUED, "", 1)
