"""Reads that pages, the worker and the site's health ask for."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from jobs.models import Job, Status, Worker

WORKER_SILENT = timedelta(seconds=30)


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
    alive = Worker.objects.filter(seen_at__gt=timezone.now() - WORKER_SILENT)
    running = Job.objects.filter(status=Status.RUNNING, host=host).exclude(pk__in=besides)
    return running.exclude(worker__in=alive.values("id")).count()
