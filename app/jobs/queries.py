"""Reads that pages, the worker and the site's health ask for."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from common.search import LIMIT, Hit
from jobs import processes
from jobs.errors import StaleLink
from jobs.models import Job, JobQuerySet, Status, Worker

WORKER_SILENT = timedelta(seconds=30)
FAILURE_COUNTS = timedelta(days=7)  # an older failure is history: nobody waits for it any more
PAGE = 25
WIDE = ("log_tail", "traceback", "result", "arguments")  # not for lists


@dataclass(frozen=True)
class Heartbeat:
    """When a worker was last seen, and which release it works for."""

    worker: str
    host: str
    release: str
    slots: int
    age: timedelta

    @property
    def is_fresh(self) -> bool:
        return self.age < WORKER_SILENT


def worker_heartbeats() -> list[Heartbeat]:
    """Return the workers of the last day, the one seen last first."""
    now = timezone.now()
    return [
        Heartbeat(row.id, row.host, row.release, row.slots, max(now - row.seen_at, timedelta()))
        for row in Worker.objects.order_by("-seen_at")
    ]


def jobs_without_worker(host: str, *, besides: Collection[uuid.UUID]) -> int:
    """Count the jobs that go on here after their worker has ended: they take its slots still."""
    here = Worker.objects.filter(host=host)
    alive = [row.id for row in here if processes.is_alive(_identity(row))]
    running = Job.objects.filter(status=Status.RUNNING, host=host).exclude(pk__in=besides)
    return running.exclude(worker__in=alive).count()


def _identity(worker: Worker) -> processes.Identity:
    return processes.Identity(worker.host, worker.boot, worker.pid, worker.pid_started)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which of the jobs that a person may see."""

    status: str = ""
    name: str = ""
    mine: bool = False


@dataclass(frozen=True)
class Tally:
    """How many jobs of one name have one status."""

    status: str
    name: str
    count: int


@dataclass(frozen=True)
class Page:
    """One page of a list, and where the next one begins."""

    jobs: list[Job]
    older: str


def jobs_of(user: Any, filters: Filters) -> JobQuerySet:
    """Return the jobs that a person may see and asked for, in no order."""
    jobs = Job.objects.visible_to(user)
    if filters.mine:
        jobs = jobs.filter(created_by=user)
    if filters.name:
        jobs = jobs.filter(name=filters.name)
    return jobs.filter(status=filters.status) if filters.status else jobs


def failed_lately(user: Any) -> JobQuerySet:
    """Return the failures that wait for a person: their own; for operators the site's, too."""
    mine = Q(created_by=user.pk)
    whose = mine | Q(created_by=None) if user.is_staff else mine
    since = timezone.now() - FAILURE_COUNTS
    return Job.objects.filter(whose, status=Status.FAILED, finished_at__gte=since)


def page(jobs: JobQuerySet, *, after: str = "", size: int = PAGE) -> Page:
    """Return the newest jobs, or those older than the place that ``after`` names."""
    if after:
        moment, job_id = _place(after)
        jobs = jobs.filter(Q(created_at__lt=moment) | Q(created_at=moment, id__lt=job_id))
    rows = list(newest_first(jobs).defer(*WIDE)[: size + 1])
    if len(rows) <= size:
        return Page(rows, "")
    last = rows[size - 1]
    return Page(rows[:size], f"{last.created_at.isoformat()}~{last.id.hex}")


def newest_first(jobs: JobQuerySet) -> JobQuerySet:
    return jobs.order_by("-created_at", "-id").select_related("created_by", "project")


def _place(after: str) -> tuple[datetime, uuid.UUID]:
    moment, _, job_id = after.partition("~")
    try:
        found = datetime.fromisoformat(moment)
        place = found.astimezone(UTC), uuid.UUID(hex=job_id)
    except (ValueError, OverflowError):
        raise StaleLink from None
    if found.tzinfo is None:
        raise StaleLink
    return place


def tally(user: Any, filters: Filters) -> list[Tally]:
    """Count the jobs that a person may see by status and name, whichever of them is asked for."""
    jobs = jobs_of(user, Filters(mine=filters.mine)).order_by()
    rows = jobs.values_list("status", "name").annotate(Count("id"))
    return [Tally(status, name, count) for status, name, count in rows]


def found(user: Any, text: str) -> list[Hit]:
    """Search by the number of a job, or by what its label says."""
    visible = Job.objects.visible_to(user)
    try:
        jobs = visible.filter(pk=uuid.UUID(text))
    except ValueError:
        jobs = visible.filter(label__icontains=text)
    newest = newest_first(jobs).defer(*WIDE)[:LIMIT]
    return [
        Hit(
            title=job.label,
            url=reverse("jobs:job", args=[job.pk]),
            detail=f"{job.get_status_display()}, {timezone.localdate(job.created_at):%d %b %Y}",
            icon="jobs",
        )
        for job in newest
    ]
