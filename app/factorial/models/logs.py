"""The client protocol of 2025: sessions, hosts, and runs that a client names and numbers itself."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Project
from factorial.models.designs import Design, OfDesignQuerySet, PlannedRun
from runs.models import Run


class Host(models.Model):
    """Who may create experiments and see all runs of a project. The password is kept as its hash.

    Without a password nobody is host, except where the settings of the tests say otherwise.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="lightmill_hosts")
    user = models.CharField(max_length=150, unique=True)
    password = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.user


class Session(models.Model):
    """A browser or a script that speaks the protocol; its cookie's key is kept as its hash."""

    class Role(models.TextChoices):
        HOST = "host", "Host"
        PARTICIPANT = "participant", "Participant"

    key_digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=11, choices=Role.choices)
    host = models.ForeignKey(Host, models.CASCADE, null=True, blank=True, related_name="sessions")
    created_at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(default=now, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"


class LogRun(models.Model):
    """A run as the protocol of 2025 sees it, beside the record of what happened in it.

    ``last_number`` is the highest log before the first gap. Each visit of the run is one sequence
    of logs: resuming begins another, and what it takes the place of stays where it was.
    """

    class Status(models.TextChoices):
        IDLE = "idle"
        RUNNING = "running"
        INTERRUPTED = "interrupted"
        COMPLETED = "completed"
        CANCELED = "canceled"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    design = models.ForeignKey(Design, models.PROTECT, related_name="log_runs")
    planned_run = models.ForeignKey(
        PlannedRun, models.PROTECT, related_name="log_runs", null=True, blank=True
    )
    run = models.OneToOneField(Run, models.CASCADE, related_name="log_run")
    session = models.ForeignKey(
        Session, models.SET_NULL, related_name="runs", null=True, blank=True
    )
    name = models.CharField(max_length=255, blank=True, default="")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.IDLE)
    last_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=now)

    objects = OfDesignQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["design", "name"],
                condition=~Q(status="canceled") & ~Q(name=""),
                name="log_run_name_unique_unless_canceled",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.public_id)
