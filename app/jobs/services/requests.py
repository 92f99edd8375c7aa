"""What people and other areas ask for: a job, its end, another try."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from common import request_id as request_ids
from common.signals import audited
from jobs import plain, registry
from jobs.engines import engine
from jobs.errors import (
    AlreadyFinished,
    ArgumentsNotJSON,
    KeyTaken,
    NewerJobExists,
    NotFinished,
    NothingToRetry,
    NotYours,
    TaskGone,
)
from jobs.models import KEY_HELD, UNFINISHED, Job, Status

RACES = 3  # a job changes hands between two looks; three times in a row it does not


def enqueue(  # noqa: PLR0913  all but the name are optional and named
    name: str,
    *,
    arguments: dict[str, Any] | None = None,
    project: Any = None,
    user: Any = None,
    key: str = "",
    delay: timedelta = timedelta(),
    priority: int = 0,
    label: str = "",
    request_id: str = "",
) -> Job:
    """Ask for background work by name; it can begin once the caller's transaction has committed.

    Parameters
    ----------
    name
        A task registered as "area.name".
    arguments
        Plain data, given to the task by keyword.
    project, user
        Whose work it is: decides who sees it.
    key
        Asking twice with the same name and key gives the same job, unless that one failed or was
        cancelled. The same key with other arguments is refused.
    delay
        How long to wait at least.
    priority
        Higher goes first; 0 is usual.
    label
        What people read instead of the task's own label.

    Returns
    -------
    Job
        The new job, or the earlier one with this key.
    """
    task = registry.get(name)
    task.check(arguments or {})
    job = Job(
        name=name,
        label=plain.text(label or task.label, 200),
        arguments=_plain(arguments or {}),
        key=key,
        project=project,
        created_by=user if user is not None and user.is_authenticated else None,
        request_id=request_id or request_ids.current(),
        priority=priority,
        max_attempts=task.attempts,
        run_after=timezone.now() + delay,
    )
    return _created(job) if not key else _created_once(job)


def _plain(arguments: dict[str, Any]) -> Any:
    try:
        return plain.data(arguments)
    except (TypeError, ValueError):
        raise ArgumentsNotJSON from None


def _created(job: Job) -> Job:
    job.save(force_insert=True)
    transaction.on_commit(lambda: engine().submit(job))
    return job


def _created_once(job: Job) -> Job:
    for _ in range(RACES):
        if earlier := _holder_of_key(job):
            return _same_wish(earlier, job)
        try:
            with transaction.atomic():
                return _created(job)
        except IntegrityError:
            continue  # somebody else was faster, or has just given the key free
    raise KeyTaken


def _holder_of_key(job: Job) -> Job | None:
    return Job.objects.filter(name=job.name, key=job.key, status__in=KEY_HELD).first()


def _same_wish(earlier: Job, job: Job) -> Job:
    if earlier.arguments != job.arguments or earlier.project_id != job.project_id:
        raise KeyTaken
    return earlier


def cancel(*, job: Job, user: Any, reason: str = "") -> Job:
    """End a job: at once while it waits, else by asking its process, which then has to obey."""
    _check_may_change(job, user)
    for _ in range(RACES):
        now = timezone.now()
        row = Job.objects.filter(pk=job.pk)
        waiting = row.filter(status=Status.QUEUED)
        running = row.filter(status=Status.RUNNING)
        with transaction.atomic():
            if waiting.update(
                status=Status.CANCELLED, finished_at=now, cancel_requested_at=now
            ) or running.update(cancel_requested_at=now):
                return _changed(job, "job.cancelled", user, reason)
        job.refresh_from_db()
        if job.finished:
            break
    raise AlreadyFinished


def retry(*, job: Job, user: Any) -> Job:
    """Start a failed or cancelled job again, with all its attempts."""
    _check_may_change(job, user)
    if job.name not in registry.names():
        raise TaskGone
    row = Job.objects.filter(pk=job.pk, status__in=[Status.FAILED, Status.CANCELLED])
    try:
        with transaction.atomic():
            if row.update(**_fresh(registry.get(job.name))):
                transaction.on_commit(lambda: engine().submit(job))
                return _changed(job, "job.retried", user, "")
    except IntegrityError:
        raise NewerJobExists from None
    job.refresh_from_db()
    raise NotFinished if job.status in UNFINISHED else NothingToRetry


def _fresh(task: registry.Task) -> dict[str, Any]:
    return {
        "status": Status.QUEUED,
        "attempts": 0,
        "max_attempts": task.attempts,
        "run_after": timezone.now(),
        "started_at": None,
        "finished_at": None,
        "cancel_requested_at": None,
        "token": None,
        "done": None,
        "total": None,
        "phase": "",
        "message": "",
        "error": "",
        "traceback": "",
    }


def _check_may_change(job: Job, user: Any) -> None:
    if not Job.objects.editable_by(user).filter(pk=job.pk).exists():
        raise NotYours


def _changed(job: Job, action: str, user: Any, reason: str) -> Job:
    before = job.status
    job.refresh_from_db()
    audited.send(
        sender=Job,
        action=action,
        user=user,
        on=job,
        changes={"status": [before, job.status]},
        reason=reason,
    )
    return job
