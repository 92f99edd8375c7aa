"""Jobs outlive what starts them, never run twice at once, and are never forgotten."""

import fcntl
import os
import signal
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone
from tests.integration.jobs.people import operator

from jobs import queries, services
from jobs.engines import local
from jobs.errors import Superseded
from jobs.models import Job, Status, Worker
from jobs.processes import Identity, boot, host, is_alive, me


def _end(process, number, seconds=20):
    process.send_signal(number)
    return process.wait(seconds)


def _sleep(seconds):
    return services.enqueue("test.sleep", arguments={"seconds": seconds})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_outlives_its_worker(site, number):
    job = _sleep(3)
    worker = site.worker()
    running = site.wait_running(job)
    assert _end(worker, number) == (0 if number == signal.SIGTERM else -number)
    successor = site.worker(slots=1)
    waiting = services.enqueue("test.add", arguments={"a": 1, "b": 2})
    done = site.wait(job)
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 1)
    assert done.worker == running.worker
    assert site.wait(waiting).status == Status.SUCCEEDED
    assert site.job(waiting).started_at >= done.finished_at - timedelta(seconds=1), (
        "a job without a worker takes a slot as before"
    )
    assert successor.poll() is None


@pytest.mark.postgres
def test_a_database_that_drops_every_connection_costs_no_attempt(site):
    if connections["default"].vendor != "postgresql":
        pytest.skip("SQLite has no connections to lose")
    job = _sleep(4)
    worker = site.worker()
    site.wait_running(job)
    for _ in range(3):
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        time.sleep(0.7)
    done = site.wait(job)
    assert (done.status, done.attempts, worker.poll()) == (Status.SUCCEEDED, 1, None)
    later = services.enqueue("test.add", arguments={"a": 1, "b": 2})
    assert site.wait(later).status == Status.SUCCEEDED


def test_a_second_signal_does_not_hurry_the_worker(site):
    job = _sleep(3)
    worker = site.worker()
    site.wait_running(job)
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert site.wait(job).status == Status.SUCCEEDED
    assert site.job(job).attempts == 1


@pytest.mark.parametrize("worker_lives", [True, False])
def test_a_killed_job_is_noticed_in_seconds_and_tried_again(site, worker_lives):
    job = _sleep(2)
    worker = site.worker()
    first = site.wait_running(job)
    if not worker_lives:
        _end(worker, signal.SIGKILL)
    os.kill(first.pid, signal.SIGKILL)
    if not worker_lives:
        site.worker()
    site.until(lambda: site.job(job).attempts == 2, seconds=20)
    done = site.wait(job)
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 2)
    assert is_alive(local.identity(first)) is False


def test_a_job_gives_way_when_the_machine_is_shut_down_and_is_tried_again(site):
    job = _sleep(2)
    site.worker()
    first = site.wait_running(job)
    os.kill(first.pid, signal.SIGTERM)
    site.until(lambda: site.job(job).attempts == 2 or "make way" in site.job(job).error)
    done = site.wait(job)
    assert (done.status, done.attempts) == (Status.SUCCEEDED, 2)
    assert "asked to end: give way" in done.log_file.read_text()


def test_a_job_that_cannot_be_started_is_tried_again_later(site, tmp_path):
    job = _sleep(1)
    (tmp_path / "jobs").write_text("a file where the folder of all jobs should be")
    worker = site.worker()
    site.until(lambda: "could not be started" in site.job(job).error)
    (tmp_path / "jobs").unlink()
    assert site.wait(job).status == Status.SUCCEEDED
    assert worker.poll() is None


def test_the_task_dies_with_its_guardian(site):
    job = services.enqueue("test.stubborn")
    site.worker()
    running = site.wait_running(job)
    os.kill(running.pid, signal.SIGKILL)
    failed = site.wait(job, seconds=20)
    assert (failed.status, failed.attempts) == (Status.FAILED, 1)
    assert "was killed" in failed.error
    child = int(failed.message)
    site.until(lambda: not Path(f"/proc/{child}").exists() or _is_zombie(child), seconds=5)


def _is_zombie(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_cancelling_a_job_whose_process_is_gone_cancels_it(site):
    job = _sleep(60)
    worker = site.worker()
    running = site.wait_running(job)
    _end(worker, signal.SIGKILL)
    os.kill(running.pid, signal.SIGKILL)
    services.cancel(job=running, user=operator())
    site.until(services.rescue)
    assert site.job(job).status == Status.CANCELLED


def test_many_jobs_and_two_workers_run_each_exactly_once(site, tmp_path):
    file = tmp_path / "marks"
    jobs = [services.enqueue("test.mark", arguments={"file": str(file)}) for _ in range(12)]
    site.worker(slots=3)
    site.worker(slots=3)
    for job in jobs:
        assert site.wait(job, seconds=60).status == Status.SUCCEEDED
    ran = Counter(file.read_text().split())
    assert ran == {str(job.pk): 1 for job in jobs}
    assert {site.job(job).attempts for job in jobs} == {1}
    assert len({site.job(job).worker for job in jobs}) == 2


def test_people_who_ask_at_the_same_moment_get_one_job(site):
    ready = threading.Barrier(6)

    def ask(_number):
        ready.wait()
        try:
            return services.enqueue("test.add", arguments={"a": 1, "b": 2}, key="once").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as people:
        given = set(people.map(ask, range(6)))
    assert given == set(Job.objects.values_list("pk", flat=True))
    assert len(given) == 1


@contextmanager
def _released(folder, release):
    for name in ("one", "two"):
        (folder / "releases" / name).mkdir(parents=True, exist_ok=True)
    live = folder / "live"
    live.symlink_to(folder / "releases" / release)
    yield live


def test_a_worker_ends_with_its_release_and_its_job_finishes_on_it(site, tmp_path):
    job = _sleep(4)
    lock = tmp_path / "locks" / "one"
    facts = {"STUDIUM_RELEASE": "one", "STUDIUM_RELEASE_LOCK": str(lock)}
    with _released(tmp_path, "one") as live:
        worker = site.worker(STUDIUM_LIVE=str(live), **facts)
        site.wait_running(job)
        _switch(live, tmp_path / "releases" / "two")
        began = time.monotonic()
        assert worker.wait(10) == 0
        assert time.monotonic() - began < 3
        assert site.job(job).status == Status.RUNNING
        assert not _is_free(lock)
        done = site.wait(job)
    assert (done.status, done.release, done.attempts) == (Status.SUCCEEDED, "one", 1)
    site.until(lambda: _is_free(lock), seconds=5)


def test_the_lock_of_a_release_is_held_before_its_job_has_said_a_word(site, tmp_path):
    """The worker ends at once after starting a job: no moment may pass without a holder."""
    lock = tmp_path / "locks" / "one"
    facts = {"STUDIUM_RELEASE": "one", "STUDIUM_RELEASE_LOCK": str(lock)}
    job = _sleep(1)
    with _released(tmp_path, "one") as live:
        worker = site.worker(STUDIUM_LIVE=str(live), **facts)
        site.until(lambda: _has_process(job))
        _end(worker, signal.SIGKILL)
        assert not _is_free(lock)
        site.until(lambda: site.job(job).finished)
    assert site.job(job).status == Status.SUCCEEDED


def _has_process(job):
    """Say whether a process was started for the job, whatever it has done yet."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(job.pk).encode() in entry.read_bytes():
                return True
    return False


def _switch(live, release):
    new = live.with_name("new")
    new.symlink_to(release)
    new.rename(live)


def _is_free(lock):
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_worker_of_an_old_release_ends_before_it_takes_a_job(site, tmp_path):
    job = _sleep(1)
    with _released(tmp_path, "two") as live:
        worker = site.worker(STUDIUM_LIVE=str(live), STUDIUM_RELEASE="one")
        assert worker.wait(20) == 0
    assert site.job(job).status == Status.QUEUED


# --- what cannot be staged with processes: other hosts, reboots, frozen processes -----------------
def _running_elsewhere(**changes):
    job = _sleep(1)
    claimed = services.claim(worker="w", process=me())
    assert claimed.pk == job.pk
    now = timezone.now()
    row = {"pid": 1, "pid_started": 1, "host": "elsewhere", "boot": "b", "heartbeat_at": now}
    Job.objects.filter(pk=job.pk).update(**row | changes)
    return Job.objects.get(pk=job.pk)


def test_jobs_of_a_machine_that_was_restarted_are_tried_again(site):
    job = _running_elsewhere(host=host(), boot="an earlier boot", pid=os.getpid())
    assert services.rescue() == 1
    assert (site.job(job).status, site.job(job).attempts) == (Status.QUEUED, 1)
    assert site.job(job).run_after > timezone.now() - timedelta(seconds=1)


def test_a_number_that_was_given_to_another_process_proves_nothing(site):
    job = _running_elsewhere(host=host(), boot=boot(), pid=os.getpid(), pid_started=1)
    assert services.rescue() == 1
    assert site.job(job).status == Status.QUEUED


def test_another_hosts_job_is_left_alone_while_it_is_heard_of(site):
    job = _running_elsewhere()
    assert services.rescue() == 0
    assert site.job(job).status == Status.RUNNING


def test_another_hosts_job_is_given_up_when_it_is_silent(site):
    job = _running_elsewhere(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert services.rescue() == 1
    assert "not been heard of" in site.job(job).error


def test_a_claim_that_never_became_a_process_is_given_up(site):
    old = timezone.now() - timedelta(minutes=2)
    job = _running_elsewhere(pid=None, pid_started=None, host=host(), heartbeat_at=old)
    assert services.rescue() == 1
    assert site.job(job).status == Status.QUEUED


def test_the_worker_stands_in_for_a_stuck_guardian(site, tmp_path):
    job = services.enqueue("test.stubborn")
    worker = site.worker()
    running = site.wait_running(job)
    os.kill(running.pid, signal.SIGSTOP)
    long_ago = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(pk=job.pk).update(started_at=long_ago)
    failed = site.wait(job, seconds=20)
    assert (failed.status, worker.poll()) == (Status.FAILED, None)
    assert "may take 1.5 seconds" in failed.error


def test_what_a_superseded_attempt_writes_is_refused(site):
    job = _running_elsewhere(heartbeat_at=timezone.now() - timedelta(minutes=5))
    old = job.token
    services.rescue()
    Job.objects.update(run_after=timezone.now())
    newer = services.claim(worker="w2", process=me())
    assert newer.pk == job.pk
    assert newer.token != old
    for write in (
        lambda: services.begin(job_id=job.pk, token=old, process=me()),
        lambda: services.beat(job_id=job.pk, token=old, done=1),
        lambda: services.wants(job_id=job.pk, token=old),
        lambda: services.succeed(job_id=job.pk, token=old, result="stale"),
        lambda: services.withdraw(job_id=job.pk, token=old),
        lambda: services.lose(job=job, token=old, how="is old"),
    ):
        with pytest.raises(Superseded):
            write()
    assert site.job(job).status == Status.RUNNING
    assert site.job(job).result is None


def test_only_one_process_may_begin_an_attempt(site):
    _sleep(1)
    job = services.claim(worker="w", process=me())
    services.begin(job_id=job.pk, token=job.token, process=me())
    with pytest.raises(Superseded):
        services.begin(job_id=job.pk, token=job.token, process=me())


def test_a_task_that_no_release_knows_is_given_up_after_a_while(site):
    job = _sleep(1)
    Job.objects.update(name="gone.away", run_after=timezone.now() - timedelta(minutes=5))
    services.rescue()
    assert site.job(job).status == Status.QUEUED
    Job.objects.update(run_after=timezone.now() - timedelta(hours=1))
    services.rescue()
    assert site.job(job).status == Status.FAILED
    assert "no longer has this kind of work" in site.job(job).error


def test_workers_are_seen_and_their_old_rows_forgotten(site):
    stranger = Identity("elsewhere", "b", 1, 1)
    services.see_worker(worker="old", process=stranger, release="one", slots=1)
    Worker.objects.update(seen_at=timezone.now() - timedelta(days=2))
    worker = site.worker(slots=3, STUDIUM_RELEASE="two")
    site.until(lambda: [beat.release for beat in queries.worker_heartbeats()] == ["two"])
    (beat,) = queries.worker_heartbeats()
    assert (beat.slots, beat.host, beat.is_fresh) == (3, host(), True)
    assert beat.age < timedelta(seconds=20)
    assert _end(worker, signal.SIGTERM) == 0
    assert queries.worker_heartbeats() == []


def test_old_jobs_are_pruned_with_their_files_and_young_ones_kept(site):
    old, young, waiting = _sleep(1), _sleep(1), _sleep(1)
    for job in (old, young):
        job.folder.mkdir(parents=True)
        job.log_file.write_text("said something")
    past = timezone.now() - timedelta(days=100)
    done = {"status": Status.SUCCEEDED, "finished_at": past}
    Job.objects.filter(pk=old.pk).update(**done)
    Job.objects.filter(pk=young.pk).update(**done | {"finished_at": timezone.now()})
    Job.objects.filter(pk=waiting.pk).update(created_at=past)
    assert services.prune(older_than=timedelta(days=90)) == 1
    assert set(Job.objects.values_list("pk", flat=True)) == {young.pk, waiting.pk}
    assert not old.folder.exists()
    assert young.log_file.exists()
    assert uuid.UUID(young.folder.name) == young.pk
