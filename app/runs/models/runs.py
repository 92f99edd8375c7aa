"""One attempt by one participant, and what was shown in it, page by page."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Project
from runs.models.participants import OfProjectQuerySet, OfRunQuerySet, Participant

LARGEST_SEED = 2**53 - 1  # a browser's numbers hold it exactly


class Run(models.Model):
    """One attempt by one participant at one frozen design.

    ``design`` is the hash of everything that was shown, whichever area froze it. The key in the
    run's address is kept as its hash, and so is that of its withdrawal; ``holder`` is the one
    browser that may write, until ``held_until``.
    """

    class Source(models.TextChoices):
        PROTOCOL = "protocol", "Experiment"
        FACTORIAL = "factorial", "Factorial design"

    class Status(models.TextChoices):
        INVITED = "invited", "Invited"
        ACTIVE = "active", "Active"
        COMPLETED = "completed", "Completed"
        SCREENED_OUT = "screened out", "Screened out"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        TIMED_OUT = "timed out", "Timed out"

    OPEN = (Status.INVITED, Status.ACTIVE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="runs")
    participant = models.ForeignKey(
        Participant, models.PROTECT, related_name="runs", null=True, blank=True
    )
    source = models.CharField(max_length=10, choices=Source.choices)
    design = models.CharField(max_length=64)
    design_label = models.CharField(max_length=255, blank=True, default="")
    key_digest = models.CharField(max_length=64, unique=True)
    withdrawal_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    seed = models.PositiveBigIntegerField()
    cell = models.CharField(max_length=100, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.INVITED)
    is_pilot = models.BooleanField(default=False)
    environment = models.CharField(max_length=20)
    release = models.CharField(max_length=100, blank=True, default="")

    created_at = models.DateTimeField(default=now)
    began_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    device = models.JSONField(default=dict, blank=True)
    external = models.JSONField(default=dict, blank=True)

    holder = models.CharField(max_length=64, blank=True, default="")
    held_until = models.DateTimeField(null=True, blank=True)

    excluded_at = models.DateTimeField(null=True, blank=True)
    excluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    excluded_because = models.TextField(blank=True, default="")

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="run_by_project_and_age"),
            models.Index(fields=["design", "status"], name="run_by_design_and_status"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(seed__lte=LARGEST_SEED), name="run_seed_fits_a_browser"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(began_at=None) | Q(ended_at__gte=F("began_at")),
                name="run_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["invited", "active"]) | Q(ended_at__isnull=False),
                name="run_that_is_over_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(excluded_at=None) | ~Q(excluded_because=""),
                name="run_is_excluded_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.design_label or self.source} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    def is_held_by(self, holder: str, at: Any) -> bool:
        """Say whether ``holder`` may write: nobody else does at the moment."""
        return not self.held_until or self.held_until <= at or self.holder in {"", holder}


class Visit(models.Model):
    """One showing of one step. Its id cannot be guessed, and everything it sends carries it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, models.PROTECT, related_name="visits")
    position = models.PositiveIntegerField()
    step = models.CharField(max_length=100)
    passes = models.JSONField(default=list, blank=True)
    stimulus = models.CharField(max_length=255, blank=True, default="")
    content = models.JSONField(default=dict, blank=True)
    served_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submission = models.CharField(max_length=64, blank=True, default="")
    is_disputed = models.BooleanField(default=False)

    objects = OfRunQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="visit_position_unique_in_run")
        ]

    def __str__(self) -> str:
        return f"{self.step} ({self.position})"
