"""What keeps the queue true: jobs without a process, workers that are gone, old rows."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from jobs import registry
from jobs.engines import BATCH, engine
from jobs.errors import Superseded
from jobs.models import UNFINISHED, Job, JobQuerySet, Status, Worker
from jobs.processes import Identity
from jobs.services.attempts import fail
from jobs.services.explain import GONE, NO_SUCH_TASK, Outcome, lost, time_is_up

START_GRACE = timedelta(seconds=60)
LOST_AFTER = timedelta(seconds=120)
OVERTIME = timedelta(seconds=30)
UNKNOWN_AFTER = timedelta(minutes=15)
WORKER_KEPT = timedelta(days=1)
PRUNED_AT_ONCE = 500


def rescue() -> int:
    """Find running jobs that nobody works at, give them up and return how many there were."""
    now = timezone.now()
    found = [job for job in _watched() if _is_rescued(job, now)]
    return len(found) + _fail_unknown(now)


def _watched() -> JobQuerySet:
    """Return what runs on machines of the site; after what runs elsewhere its engine asks.

    What an earlier engine of the site has left elsewhere is nobody's: it will be silent.
    """
    running = Job.objects.filter(status=Status.RUNNING)
    return running.exclude(engine=BATCH) if settings.JOB_ENGINE == BATCH else running


def _is_rescued(job: Job, now: datetime) -> bool:
    outcome = _finding(job, now)
    if outcome is None or job.token is None:
        return False
    engine().stop(job)  # whatever is left of the attempt must be gone before another begins
    try:
        fail(job=job, token=job.token, outcome=outcome)
    except Superseded:
        return False
    return True


def _finding(job: Job, now: datetime) -> Outcome | None:
    alive = engine().is_alive(job)
    silence = now - (job.heartbeat_at or now)
    if alive:
        return _overtime(job, now)
    if alive is False:
        return lost(job, GONE)
    if silence > (START_GRACE if job.pid is None else LOST_AFTER):
        return lost(job, f"has not been heard of for {silence.total_seconds():.0f} seconds")
    return None


def _overtime(job: Job, now: datetime) -> Outcome | None:
    """Stand in for the job's own watch, which ends it in time unless it is itself stuck."""
    if job.name not in registry.names() or job.started_at is None:
        return None
    task = registry.get(job.name)
    limit = timedelta(seconds=task.time_limit_s + task.patience_s) + OVERTIME
    return time_is_up(task) if now - job.started_at > limit else None


def _fail_unknown(now: datetime) -> int:
    """Give up jobs whose task no release knows any more, instead of letting them wait for ever."""
    waiting = Job.objects.runnable(now - UNKNOWN_AFTER).exclude(name__in=registry.names())
    return waiting.update(
        status=Status.FAILED,
        finished_at=now,
        error=NO_SUCH_TASK,
    )


def see_worker(*, worker: str, process: Identity, release: str, slots: int) -> None:
    """Write a worker's heartbeat and forget those that were not seen for a day."""
    now = timezone.now()
    if Worker.objects.filter(pk=worker).update(seen_at=now, slots=slots):
        return
    Worker.objects.create(
        id=worker,
        host=process.host,
        boot=process.boot,
        pid=process.pid,
        pid_started=process.started,
        release=release,
        slots=slots,
    )
    Worker.objects.filter(seen_at__lt=now - WORKER_KEPT).delete()


def worker_gone(*, worker: str) -> None:
    Worker.objects.filter(pk=worker).delete()


def prune(*, older_than: timedelta) -> int:
    """Delete finished jobs of a certain age with their files; return how many there were."""
    old = Job.objects.filter(finished_at__lt=timezone.now() - older_than)
    jobs = list(old.exclude(status__in=UNFINISHED).order_by("finished_at")[:PRUNED_AT_ONCE])
    for job in jobs:
        shutil.rmtree(job.folder, ignore_errors=True)
    deleted: tuple[int, Any] = Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()
    _sweep_folders(older_than)
    return deleted[0]


def _sweep_folders(older_than: timedelta) -> None:
    """Delete folders whose job is gone, such as with its project."""
    oldest = (timezone.now() - older_than).timestamp()
    old = [path for path in Path(settings.JOB_FILES).glob("??/*") if path.stat().st_mtime < oldest]
    for start in range(0, len(old), PRUNED_AT_ONCE):
        some = {path.name: path for path in old[start : start + PRUNED_AT_ONCE]}
        kept = Job.objects.filter(pk__in=list(some)).values_list("pk", flat=True)
        for name in some.keys() - {pk.hex for pk in kept}:
            shutil.rmtree(some[name], ignore_errors=True)
