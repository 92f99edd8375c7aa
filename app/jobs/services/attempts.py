"""One attempt at a job, from its claim to its outcome.

Each attempt has a token of its own and every statement here names it, so an attempt that was given
up can write nothing more: it is told so by `Superseded`.
"""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from common.redaction import redact
from jobs import plain, registry
from jobs.engines import BATCH, engine
from jobs.errors import Superseded
from jobs.models import Job, JobQuerySet, Status
from jobs.processes import Identity
from jobs.services.explain import Outcome, lost

LONGEST_TRACEBACK = 50_000
NO_PROCESS: dict[str, Any] = {"token": None, "pid": None, "pid_started": None}


def claim(*, worker: str, process: Identity) -> Job | None:
    """Give the next job to a worker; the database decides between workers that ask at once."""
    now = timezone.now()
    waiting = Job.objects.runnable(now).filter(name__in=engine().names_here())
    order = ("-priority", "run_after", "created_at")
    for pk in waiting.order_by(*order).values_list("pk", flat=True)[:10]:
        if waiting.filter(pk=pk).update(**_claimed(worker, process, now)):
            return Job.objects.get(pk=pk)
    return None


def claim_one(*, job_id: uuid.UUID, worker: str, process: Identity) -> Job | None:
    """Give one job to a worker that was told of it; None when it is not to be done now."""
    now = timezone.now()
    waiting = Job.objects.runnable(now).filter(pk=job_id, name__in=engine().names_here())
    if not waiting.update(**_claimed(worker, process, now)):
        return None
    return Job.objects.get(pk=job_id)


def claim_away(*, worker: str, limit: int) -> Job | None:
    """Claim the next job that may run on machines of others, unless so many are there already."""
    now = timezone.now()
    if Job.objects.filter(status=Status.RUNNING, engine=BATCH).count() >= limit:
        return None
    waiting = Job.objects.runnable(now).filter(name__in=registry.portable_names())
    order = ("-priority", "run_after", "created_at")
    claimed = _claimed(worker, Identity("", "", 0, 0), now) | {"engine": BATCH}
    for pk in waiting.order_by(*order).values_list("pk", flat=True)[:10]:
        if waiting.filter(pk=pk).update(**claimed):
            return Job.objects.get(pk=pk)
    return None


def _claimed(worker: str, process: Identity, now: datetime) -> dict[str, Any]:
    return NO_PROCESS | {
        "status": Status.RUNNING,
        "token": uuid.uuid4(),
        "attempts": F("attempts") + 1,
        "started_at": now,
        "heartbeat_at": now,
        "worker": worker,
        "release": settings.RELEASE,
        "host": process.host,
        "boot": process.boot,
        "engine": "",
        "reference": "",
        "phase": "Starting",
        "message": "",
        "done": None,
        "total": None,
    }


def _attempt(job_id: uuid.UUID, token: uuid.UUID) -> JobQuerySet:
    return Job.objects.held_by(token).filter(pk=job_id)


def _write(rows: JobQuerySet, **changes: Any) -> None:
    if not rows.update(**changes):
        raise Superseded


def begin(*, job_id: uuid.UUID, token: uuid.UUID, process: Identity) -> Job:
    """Enter the process that does the work; only the first one that comes may."""
    rows, now = _attempt(job_id, token).filter(pid=None), timezone.now()
    _write(
        rows,
        pid=process.pid,
        pid_started=process.started,
        host=process.host,
        boot=process.boot,
        phase="",
        heartbeat_at=now,
        started_at=now,
    )
    return Job.objects.get(pk=job_id)


def beat(*, job_id: uuid.UUID, token: uuid.UUID, **progress: Any) -> None:
    """Say that the attempt lives, and how far it is: one statement."""
    _write(_attempt(job_id, token), heartbeat_at=timezone.now(), **progress)


def wants(*, job_id: uuid.UUID, token: uuid.UUID) -> bool:
    """Say whether the attempt should go on; False when somebody cancelled the job."""
    found = _attempt(job_id, token).values_list("cancel_requested_at").first()
    if found is None:
        raise Superseded
    return found[0] is None


def succeed(*, job_id: uuid.UUID, token: uuid.UUID, result: Any, **progress: Any) -> None:
    _write(
        _attempt(job_id, token),
        status=Status.SUCCEEDED,
        finished_at=timezone.now(),
        result=result,
        error="",
        traceback="",
        **NO_PROCESS,
        **progress,
    )


def withdraw(*, job_id: uuid.UUID, token: uuid.UUID, **progress: Any) -> None:
    """Record that a running job was cancelled."""
    _write(_attempt(job_id, token), **_end(Status.CANCELLED), **progress)


def fail(*, job: Job, token: uuid.UUID, outcome: Outcome, **progress: Any) -> None:
    """Record a failed attempt; another one follows when it may help and some are left."""
    rows = _attempt(job.pk, token)
    report = {
        "error": plain.text(outcome.message),
        "traceback": plain.text(redact(outcome.traceback))[-LONGEST_TRACEBACK:],
    } | progress
    uncancelled = rows.filter(cancel_requested_at=None, attempts__lt=F("max_attempts"))
    if outcome.again and uncancelled.update(**(report | _requeued(job))):
        return
    if rows.filter(cancel_requested_at__isnull=False).update(**_end(Status.CANCELLED), **progress):
        return
    _write(rows, **_end(Status.FAILED), **report)


def give_back(*, job: Job, token: uuid.UUID) -> None:
    """Take a claim back that led to nothing: it counts as no attempt."""
    again = _requeued(job) | {"engine": "", "attempts": F("attempts") - 1}
    _write(_attempt(job.pk, token), **again)


def lose(*, job: Job, token: uuid.UUID, how: str, traceback: str = "") -> None:
    """Record that an attempt's process ended without saying how."""
    fail(job=job, token=token, outcome=replace(lost(job, how), traceback=traceback))


def _requeued(job: Job) -> dict[str, Any]:
    known = job.name in registry.names()
    wait = registry.get(job.name).delay_after(job.attempts) if known else timedelta()
    return NO_PROCESS | {"status": Status.QUEUED, "run_after": timezone.now() + wait, "phase": ""}


def _end(status: Status) -> dict[str, Any]:
    return NO_PROCESS | {"status": status, "finished_at": timezone.now()}
