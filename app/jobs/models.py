"""Jobs, and the workers that start them."""

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Status(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNFINISHED = (Status.QUEUED, Status.RUNNING)
KEY_HELD = (Status.QUEUED, Status.RUNNING, Status.SUCCEEDED)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: Any) -> Self:
        """Keep jobs of projects that a person may see, and their own that have no project."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        own = Q(project=None, created_by=user)
        return self.filter(own | Q(project__in=_projects().visible_to(user)))

    def editable_by(self, user: Any) -> Self:
        """Keep what a person may cancel or start again: their own, and that of their projects."""
        if not user.is_authenticated or user.is_staff:
            return self.visible_to(user)
        may = Q(created_by=user) | Q(project__in=_projects().editable_by(user))
        return self.visible_to(user).filter(may)

    def runnable(self, now: datetime) -> Self:
        return self.filter(status=Status.QUEUED, run_after__lte=now)

    def unsent(self) -> Self:
        """Keep what was not sent to a broker since it became due."""
        return self.filter(Q(sent_at=None) | Q(sent_at__lt=F("run_after")))

    def unfinished(self) -> Self:
        return self.filter(status__in=UNFINISHED)

    def held_by(self, token: uuid.UUID) -> Self:
        """Keep the job whose running attempt has this token: what an old attempt writes is lost."""
        return self.filter(status=Status.RUNNING, token=token)


def _projects() -> Any:
    return apps.get_model("accounts", "Project").objects


class Job(models.Model):
    """One piece of background work, from the wish to its outcome."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    label = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    key = models.CharField(max_length=200, blank=True)
    project = models.ForeignKey(
        "accounts.Project", models.CASCADE, null=True, blank=True, related_name="jobs"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    request_id = models.CharField(max_length=64, blank=True)
    priority = models.SmallIntegerField(default=0)

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    run_after = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    token = models.UUIDField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=100, blank=True)
    release = models.CharField(max_length=100, blank=True)
    host = models.CharField(max_length=255, blank=True)
    boot = models.CharField(max_length=64, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    pid_started = models.BigIntegerField(null=True, blank=True)
    engine = models.CharField(max_length=10, blank=True, default="", db_default="")
    reference = models.CharField(max_length=200, blank=True, default="", db_default="")
    sent_at = models.DateTimeField(null=True, blank=True)

    phase = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=500, blank=True)
    done = models.FloatField(null=True, blank=True)
    total = models.FloatField(null=True, blank=True)
    log_tail = models.TextField(blank=True)
    result = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    error = models.TextField(blank=True)
    traceback = models.TextField(blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "key"],
                condition=Q(status__in=KEY_HELD) & ~Q(key=""),
                name="jobs_one_per_key",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.RUNNING) | Q(token__isnull=False),
                name="jobs_running_has_token",
            ),
            models.CheckConstraint(
                condition=Q(status__in=UNFINISHED) | Q(finished_at__isnull=False),
                name="jobs_finished_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-priority", "run_after", "created_at"],
                condition=Q(status=Status.QUEUED),
                name="jobs_waiting",
            ),
            models.Index(fields=["status", "-created_at", "-id"], name="jobs_by_status"),
            models.Index(fields=["-created_at", "-id"], name="jobs_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.name})"

    @property
    def finished(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def cancelling(self) -> bool:
        return self.status == Status.RUNNING and self.cancel_requested_at is not None

    @property
    def waits_for_retry(self) -> bool:
        return self.status == Status.QUEUED and self.attempts > 0

    @property
    def fraction(self) -> float | None:
        """How much of the work is done, 0 to 1; None when the task does not say."""
        if self.status == Status.SUCCEEDED:
            return 1.0
        if self.done is None or not self.total:
            return None
        return min(max(self.done / self.total, 0.0), 1.0)

    @property
    def percent(self) -> int | None:
        return None if self.fraction is None else int(self.fraction * 100)

    @property
    def seconds(self) -> float | None:
        """How long the last attempt ran, or has been running."""
        if self.started_at is None or self.status == Status.QUEUED:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def time_left(self) -> timedelta | None:
        """An estimate that supposes an even pace; None before it could be worth anything."""
        if self.status != Status.RUNNING or not self.fraction or self.seconds is None:
            return None
        if self.seconds < 1:
            return None
        return timedelta(seconds=self.seconds * (1 / self.fraction - 1))

    @property
    def folder(self) -> Path:
        """Where the job's log is, and what its task writes."""
        return Path(settings.JOB_FILES) / self.id.hex[:2] / self.id.hex

    @property
    def log_file(self) -> Path:
        return self.folder / "log.txt"


class Worker(models.Model):
    """A worker process and when it was last seen."""

    id = models.CharField(primary_key=True, max_length=100)
    host = models.CharField(max_length=255)
    boot = models.CharField(max_length=64)
    pid = models.PositiveIntegerField()
    pid_started = models.BigIntegerField()
    release = models.CharField(max_length=100)
    slots = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.id
