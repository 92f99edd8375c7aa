"""Jobs by Celery on a real RabbitMQ: each is done once, whatever is killed, lost or sent twice."""

import os
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.integration.jobs import rabbit
from tests.integration.jobs.people import operator

from jobs import services
from jobs.engines import engine, messages
from jobs.models import Job, Status

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.skipif(not rabbit.is_installed(), reason=rabbit.REASON),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    broker = rabbit.Rabbit(tmp_path_factory.mktemp("rabbit"))
    try:
        broker.start()
        yield broker
    finally:
        broker.end()


@pytest.fixture
def broker(server, site, settings, request):
    """The site's jobs come by the broker, on a queue of this test's own."""
    settings.JOB_ENGINE = "celery"
    settings.SITE_NAME = f"test{time.monotonic_ns()}"
    settings.BROKER = {"url": server.url, "ssl": None}
    messages.application.cache_clear()
    engine()._quiet_until = 0.0
    site.env |= {
        "STUDIUM_JOB_ENGINE": "celery",
        "STUDIUM_SITE": settings.SITE_NAME,
        "BROKER_URL": server.url,
    }
    yield server
    messages.application.cache_clear()


def _sleep(seconds):
    return services.enqueue("test.sleep", arguments={"seconds": seconds})


def test_a_job_runs_as_soon_as_a_worker_hears_of_it(site, broker):
    site.worker()
    job = services.enqueue("test.add", arguments={"a": 1, "b": 2})
    done = site.wait(job)
    assert (done.status, done.result["sum"], done.attempts) == (Status.SUCCEEDED, 3, 1)
    assert done.sent_at is not None


def test_two_workers_share_the_work_and_each_job_is_done_once(site, broker, tmp_path):
    file = tmp_path / "marks"
    jobs = [services.enqueue("test.mark", arguments={"file": str(file)}) for _ in range(12)]
    site.worker(slots=2)
    site.worker(slots=2)
    for job in jobs:
        assert site.wait(job, seconds=60).status == Status.SUCCEEDED
    assert Counter(file.read_text().split()) == {str(job.pk): 1 for job in jobs}
    assert {site.job(job).attempts for job in jobs} == {1}
    assert len({site.job(job).worker for job in jobs}) == 2


def test_a_job_whose_machine_dies_in_the_middle_is_done_by_another_worker(site, broker, tmp_path):
    file = tmp_path / "marks"
    job = services.enqueue("test.slow_mark", arguments={"file": str(file), "seconds": 1.5})
    workers = [site.worker(slots=1), site.worker(slots=1)]
    first = site.wait_running(job)
    (killed,) = [worker for worker in workers if f"-{worker.pid}-" in first.worker]
    killed.send_signal(signal.SIGKILL)
    os.kill(first.pid, signal.SIGKILL)
    done = site.wait(job, seconds=60)
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 2)
    assert done.worker != first.worker
    assert file.read_text().split() == [str(job.pk)], "the work was finished once"


def test_a_job_outlives_its_worker_and_is_not_begun_again(site, broker):
    job = _sleep(3)
    workers = [site.worker(slots=1), site.worker(slots=1)]
    running = site.wait_running(job)
    (killed,) = [worker for worker in workers if f"-{worker.pid}-" in running.worker]
    killed.send_signal(signal.SIGKILL)
    done = site.wait(job)
    assert (done.status, done.attempts, done.worker) == (Status.SUCCEEDED, 1, running.worker)


def test_a_worker_that_is_told_to_end_leaves_its_jobs_to_finish(site, broker):
    job = _sleep(8)  # longer than a worker takes to end on a busy machine
    worker = site.worker()
    site.wait_running(job)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert site.job(job).status == Status.RUNNING
    assert site.wait(job).attempts == 1


def test_a_message_that_comes_twice_does_nothing(site, broker, tmp_path):
    file = tmp_path / "marks"
    job = services.enqueue("test.mark", arguments={"file": str(file)})
    engine().send([(job.pk, 0)] * 5)
    site.worker()
    assert site.wait(job).status == Status.SUCCEEDED
    engine().send([(job.pk, 0)] * 5)
    later = services.enqueue("test.add", arguments={"a": 1, "b": 2}, priority=-9)
    assert site.wait(later).status == Status.SUCCEEDED
    assert file.read_text().split() == [str(job.pk)]
    assert site.job(job).attempts == 1


def test_a_message_that_was_lost_is_sent_again(site, broker):
    job = _sleep(0)
    long_ago = timezone.now() - timedelta(minutes=1)
    Job.objects.filter(pk=job.pk).update(sent_at=long_ago, run_after=long_ago)
    with messages._connection() as connection:
        messages.application().conf.task_queues[0](connection.default_channel).purge()
    site.worker()
    assert site.wait(job).status == Status.SUCCEEDED


def test_a_long_queue_is_not_filled_with_copies(site, broker):
    jobs = [_sleep(0) for _ in range(5)]
    long_ago = timezone.now() - timedelta(minutes=10)
    Job.objects.update(sent_at=long_ago, run_after=long_ago)
    services.tend()
    assert engine().waiting() == len(jobs)


def test_what_is_not_due_is_not_sent_before_it_is(site, broker):
    job = services.enqueue("test.add", arguments={"a": 1, "b": 2}, delay=timedelta(seconds=1.5))
    services.tend()
    assert engine().waiting() == 0
    site.worker()
    done = site.wait(job)
    assert done.status == Status.SUCCEEDED
    assert done.started_at >= job.run_after


def test_retries_and_time_limits_are_those_of_the_task(site, broker):
    flaky = services.enqueue("test.flaky", arguments={"good_at": 2})
    stubborn = services.enqueue("test.stubborn")
    site.worker()
    done, failed = site.wait(flaky), site.wait(stubborn)
    assert (done.status, done.result, done.attempts) == (Status.SUCCEEDED, 2, 2)
    assert (failed.status, failed.attempts) == (Status.FAILED, 1)
    assert "may take 1.5 seconds" in failed.error


def test_a_job_is_cancelled_wherever_it_runs(site, broker):
    """Nobody tells the worker's machine: its guardian reads the row."""
    running, waiting = _sleep(60), _sleep(0)
    site.worker(slots=1)
    site.wait_running(running)
    olga = operator()
    services.cancel(job=waiting, user=olga)
    services.cancel(job=running, user=olga)
    assert site.wait(running).status == Status.CANCELLED
    assert site.job(waiting).attempts == 0
    later = _sleep(0)
    assert site.wait(later).status == Status.SUCCEEDED


def test_a_worker_without_a_free_slot_leaves_messages_to_others(site, broker):
    long = _sleep(60)
    site.worker(slots=1)
    site.wait_running(long)
    short = _sleep(0)
    time.sleep(1)
    assert site.job(short).status == Status.QUEUED
    assert engine().waiting() == 1
    site.worker(slots=1)
    assert site.wait(short).worker != site.job(long).worker


def test_a_broker_that_is_away_delays_jobs_and_fails_nobody(site, broker, settings):
    settings.BROKER = {"url": f"amqp://guest:guest@127.0.0.1:{rabbit.free_port()}//", "ssl": None}
    messages.application.cache_clear()
    began = time.monotonic()
    jobs = [_sleep(0) for _ in range(3)]
    assert time.monotonic() - began < 5
    assert set(Job.objects.values_list("sent_at", flat=True)) == {None}
    settings.BROKER = {"url": broker.url, "ssl": None}
    messages.application.cache_clear()
    site.worker()
    assert {site.wait(job).status for job in jobs} == {Status.SUCCEEDED}


@pytest.fixture
def frozen(broker):
    """A broker whose machine takes connections and does nothing more."""
    os.killpg(broker.server.pid, signal.SIGSTOP)
    yield broker
    os.killpg(broker.server.pid, signal.SIGCONT)


def test_a_broker_that_takes_nothing_keeps_nobody_waiting(site, frozen):
    began = time.monotonic()
    jobs = [_sleep(0) for _ in range(3)]
    services.tend()
    assert time.monotonic() - began < 8, "once for who asks, once for the upkeep"
    assert Job.objects.filter(sent_at=None).count() == len(jobs)


def test_a_broker_that_forgets_everything_hears_of_all_jobs_again(site, broker):
    worker = site.worker()
    assert site.wait(_sleep(0)).status == Status.SUCCEEDED
    broker.kill()
    broker.forget()
    job = _sleep(0)
    broker.start()
    assert site.wait(job, seconds=90).status == Status.SUCCEEDED
    assert worker.poll() is None
