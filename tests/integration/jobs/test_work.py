"""One worker, every kind of work at the same time: what comes of each."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.jobs.conftest import site_on
from tests.integration.jobs.people import operator

from jobs import processes
from jobs.models import Job, Status
from jobs.services import cancel, enqueue, retry

MEBIBYTE = 1024 * 1024


def _of_another_release(job):
    """Let a job have arguments that this release's task does not take."""
    Job.objects.filter(pk=job.pk).update(arguments={"unknown": 1})
    return job


@pytest.fixture(scope="module")
def finished(databases, django_db_blocker, tmp_path_factory):
    """Run all of it under one worker, then let each test look at its own job."""
    folder = tmp_path_factory.mktemp("together")
    with site_on(databases, django_db_blocker, folder) as site:
        jobs = {
            "stubborn": enqueue("test.stubborn"),
            "flaky": enqueue("test.flaky", arguments={"good_at": 3}),
            "hopeless": enqueue("test.flaky", arguments={"good_at": 9}),
            "poison": enqueue("test.poison"),
            "chatty": enqueue("test.chatty", arguments={"mebibytes": 12}),
            "greedy": enqueue("test.greedy"),
            "add": enqueue("test.add", arguments={"a": 2, "b": 3}, priority=5),
            "refuse": enqueue("test.refuse"),
            "nan": enqueue("test.not_a_number"),
            "exits": enqueue("test.exits"),
            "misuse": _of_another_release(enqueue("test.add", arguments={"a": 1, "b": 1})),
            "later": enqueue("test.add", arguments={"a": 1, "b": 1}, delay=timedelta(hours=1)),
        }
        site.worker(slots=5)
        rows = {name: site.wait(job, seconds=60) for name, job in jobs.items() if name != "later"}
        rows["later"] = site.job(jobs["later"])
        yield folder / "jobs", rows


@pytest.fixture
def together(finished, settings):
    settings.JOB_FILES, rows = finished
    return rows


def test_work_is_done_and_its_result_kept(together):
    job = together["add"]
    assert job.status == Status.SUCCEEDED, job.error
    assert job.result == {"sum": 5, "printable": "a\N{REPLACEMENT CHARACTER}b"}
    assert "adding 2 and 3" in job.log_tail
    assert job.attempts == 1
    assert job.started_at <= job.finished_at
    assert (job.token, job.pid) == (None, None)


def test_delayed_work_waits(together):
    assert together["later"].status == Status.QUEUED
    assert together["later"].attempts == 0


def test_a_failing_task_is_tried_again_until_it_succeeds(together):
    job = together["flaky"]
    assert (job.status, job.result, job.attempts) == (Status.SUCCEEDED, 3, 3)
    assert job.error == ""


def test_after_the_last_attempt_it_has_failed_with_the_traceback_for_operators(together):
    job = together["hopeless"]
    assert (job.status, job.attempts) == (Status.FAILED, 3)
    assert "ValueError: not yet: 3" in job.traceback
    assert "ValueError" not in job.error


def test_a_failure_is_told_to_the_site_and_its_traceback_not_to_everybody(finished, together):
    job, state = together["hopeless"], finished[0].parent
    reports = [file.read_text() for file in (state / "errors").iterdir()]
    assert any("not yet: 3" in report and "job test.flaky" in report for report in reports)
    assert f"Job {job.pk} (test.flaky) failed" in (state / "worker.log").read_text()
    assert "ValueError" not in job.log_file.read_text()


def test_a_task_past_its_time_is_ended_with_what_it_started(together):
    job = together["stubborn"]
    assert (job.status, job.attempts) == (Status.FAILED, 1)
    assert "may take 1.5 seconds" in job.error
    assert job.seconds < 20
    child = int(job.message)
    assert not Path(f"/proc/{child}").exists() or processes._started(child) is None


def test_a_task_past_its_memory_fails_with_the_limit_and_the_remedy(together):
    job = together["greedy"]
    assert (job.status, job.attempts) == (Status.FAILED, 1)
    assert "256 MB of memory" in job.error
    assert "ask an operator for a higher limit" in job.error


def test_a_poisonous_task_is_given_up_after_its_attempts(together):
    job = together["poison"]
    assert (job.status, job.attempts) == (Status.FAILED, 2)
    assert "was killed" in job.error


def test_a_refusal_is_told_in_its_own_words_and_not_repeated(together):
    job = together["refuse"]
    assert (job.status, job.attempts) == (Status.FAILED, 1)
    assert job.error.startswith("The animal is in another session.")


def test_a_result_that_is_no_data_is_refused_without_another_attempt(together):
    assert (together["nan"].status, together["nan"].attempts) == (Status.FAILED, 1)
    assert "not JSON compliant" in together["nan"].traceback


def test_a_task_that_leaves_by_exit_has_failed(together):
    assert together["exits"].status == Status.FAILED
    assert "SystemExit: 3" in together["exits"].traceback


def test_arguments_that_do_not_fit_fail_with_the_reason(together):
    assert together["misuse"].status == Status.FAILED
    assert "missing a required argument: 'a'" in together["misuse"].traceback


def test_a_huge_log_is_kept_at_both_ends(together):
    job = together["chatty"]
    assert job.status == Status.SUCCEEDED, job.error
    assert job.log_tail.endswith("the very end")
    assert len(job.log_tail) < 5000
    content = job.log_file.read_bytes()
    assert len(content) < 10 * MEBIBYTE
    assert b"of the log are left out here" in content
    assert content.endswith(b"the very end\n")


def test_a_failed_job_can_be_started_again_by_hand(site, settings):
    job = enqueue("test.flaky", arguments={"good_at": 4})
    site.worker()
    failed = site.wait(job)
    assert failed.status == Status.FAILED
    retry(job=failed, user=operator())
    again = site.wait(job, Status.SUCCEEDED)
    assert (again.result, again.attempts) == (4, 1)


def test_a_running_job_can_be_cancelled_by_asking_by_signal_and_by_force(site):
    olga = operator()
    polite = enqueue("test.sleep", arguments={"seconds": 50})
    deaf, stubborn = enqueue("test.deaf"), enqueue("test.stubborn")
    queued = enqueue("test.sleep", arguments={"seconds": 50}, delay=timedelta(hours=1))
    site.worker()
    running = [site.wait_running(job) for job in (polite, deaf, stubborn)]
    for job in [*running, queued]:
        cancel(job=job, user=olga, reason="not wanted")
    assert site.job(queued).status == Status.CANCELLED
    ended = [site.wait(job) for job in running]
    assert [job.status for job in ended] == [Status.CANCELLED] * 3
    assert "tidied up" in ended[1].log_tail
    assert [job.attempts for job in ended] == [1, 1, 1]


def test_a_task_that_holds_the_database_disturbs_nothing(site, tmp_path):
    """On SQLite nobody else can write meanwhile: not its guardian, not the worker."""
    job = enqueue("test.hold_the_database", arguments={"file": str(tmp_path / "go")})
    worker = site.worker()
    site.until(lambda: site.job(job).pid)
    time.sleep(4)
    assert worker.poll() is None
    (tmp_path / "go").touch()
    done = site.wait(job)
    assert (done.status, done.result, done.attempts) == (Status.SUCCEEDED, "committed", 1)
    assert (done.priority, done.phase) == (7, "Inside")
