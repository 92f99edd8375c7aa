"""Plans of fMRI tasks, searches for their best designs, and the designs that were found."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Project
from jobs.models import Job
from runs.models.participants import OfProjectQuerySet


class Plan(models.Model):
    """What an experiment shall be like: `fmriplan`'s specification, as TOML.

    ``revision`` counts up with each change, so that two people do not overwrite one another.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="plans")
    name = models.CharField(max_length=200)
    specification = models.TextField()
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(default=now)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-changed_at"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="plan_has_a_name")]

    def __str__(self) -> str:
        return self.name


class OfPlanQuerySet(OfProjectQuerySet):
    project_path = "plan__project"


class Search(models.Model):
    """One search for good designs of a plan, as the plan was then.

    ``specification`` is the plan's at the time, ``options`` what the search was told besides
    (moves, restarts, generations, islands, patience), so the same seed gives the same designs.
    Each of its islands is a job; ``job`` is that of the first. ``history`` has the best design's
    scores as time went, and ``outcome`` is empty until all islands have ended.
    """

    class Method(models.TextChoices):
        ANNEALING = "annealing", "Annealing"
        GENETIC = "genetic", "Genetic algorithm"
        RANDOM = "random", "Random designs"
        FRONT = "front", "Front of designs that none beats"
        SET = "set", "A set of unlike designs"

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="searches")
    specification = models.TextField()
    method = models.CharField(max_length=10, choices=Method, default=Method.ANNEALING)
    seed = models.PositiveIntegerField(default=0)
    options = models.JSONField(default=dict, blank=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    history = models.JSONField(default=list, blank=True)
    was_ended_early = models.BooleanField(
        default=False, help_text="Somebody, or a lack of gain, ended it; its best is kept."
    )
    ends_when_asked = models.BooleanField(
        default=False, help_text="Somebody asks it to end with the best design so far."
    )
    refusal = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    began_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    tells_by_mail = models.BooleanField(default=False)

    cancelled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=10, choices=Outcome, blank=True, default="", db_default=""
    )
    repeats = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="repetitions"
    )

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "searches"

    def __str__(self) -> str:
        return f"{self.plan}: {self.get_method_display()}, seed {self.seed}"

    @property
    def project(self) -> Project:
        return self.plan.project


class TaskDesign(models.Model):
    """One order of conditions and of waits, with what it is worth.

    ``order`` has the position of each trial's condition, ``waits`` the ticks before each trial,
    ``scores`` are those of ``specification``. ``label`` tells designs of one search apart.
    """

    class Origin(models.TextChoices):
        SEARCH = "search", "Found by a search"
        LAB = "lab", "Kept from the design lab"
        FILE = "file", "Brought in as a file"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="designs")
    search = models.ForeignKey(
        Search, models.CASCADE, null=True, blank=True, related_name="designs"
    )
    position = models.PositiveIntegerField(default=0)
    label = models.CharField(max_length=200, blank=True, default="")
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.SEARCH)
    specification = models.TextField()
    order = models.JSONField()
    waits = models.JSONField()
    scores = models.JSONField(default=dict)
    worth = models.FloatField(null=True, blank=True)
    is_kept = models.BooleanField(default=False, help_text="Not deleted with its search.")
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["position", F("worth").desc(nulls_last=True)]
        constraints = [
            models.UniqueConstraint(
                fields=["search", "position"], name="task_design_position_unique_in_search"
            )
        ]

    def __str__(self) -> str:
        return self.label or f"Design {self.position + 1}"
