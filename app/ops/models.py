"""What operators look at: errors, runs of scheduled jobs, backups; and the cache's tables."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common import counters


class ErrorReport(models.Model):
    """Errors of one kind at one place, however often they happened."""

    fingerprint = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=200)
    message = models.TextField(blank=True)
    place = models.CharField(max_length=300)
    trace = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    first_release = models.CharField(max_length=100)
    last_release = models.CharField(max_length=100)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-last_seen_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.place}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class ErrorOccurrence(models.Model):
    """One time that an error happened, found by the id of its request."""

    report = models.ForeignKey(ErrorReport, models.CASCADE, related_name="occurrences")
    at = models.DateTimeField(db_index=True)
    request_id = models.CharField(max_length=64, blank=True, db_index=True)
    release = models.CharField(max_length=100)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.request_id or self.pk}"


class CronRun(models.Model):
    """One run of a scheduled job: written when it starts, so that a killed one shows."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"
        TIMED_OUT = "timed out", "Timed out"
        KILLED = "killed", "Killed"

    job = models.CharField(max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    message = models.TextField(blank=True)
    release = models.CharField(max_length=100)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["job", "-started_at"], name="ops_runs_of_job")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="running") | Q(finished_at__isnull=False),
                name="ops_ended_run_has_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.job} at {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def duration(self) -> timedelta:
        return (self.finished_at or timezone.now()) - self.started_at


class CronTick(models.Model):
    """One call of `runcrons`; the last few tell how often cron calls, and that it does."""

    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


class BackupRecord(models.Model):
    """One attempt to back the site up, and whether it was proven to restore."""

    class Outcome(models.TextChoices):
        KEPT = "kept", "Kept"
        FAILED = "failed", "Failed"
        PRUNED = "pruned", "Removed by age"

    started_at = models.DateTimeField(default=timezone.now, db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.FAILED)
    file = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    media_files = models.PositiveIntegerField(default=0)
    media_size = models.BigIntegerField(default=0)
    message = models.TextField(blank=True)
    release = models.CharField(max_length=100)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_ok = models.BooleanField(null=True, blank=True)
    check_message = models.TextField(blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return self.file or f"backup of {self.started_at:%Y-%m-%d %H:%M:%S}"

    @property
    def ended_at(self) -> datetime:
        return self.finished_at or self.started_at


class CacheEntry(models.Model):
    """The table of Django's database cache, made here so that migrations make it."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "ops_cache"

    def __str__(self) -> str:
        return self.cache_key


class Counter(models.Model):
    """Hits in a window of time; common.counters writes it in one statement."""

    key = models.CharField(max_length=200, primary_key=True)
    hits = models.PositiveIntegerField(default=0)
    ends_at = models.BigIntegerField(db_index=True)  # seconds since the epoch

    class Meta:
        db_table = counters.TABLE

    def __str__(self) -> str:
        return self.key
