"""What was answered, whether to a form or inside a trial: one table, one codebook."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import Project
from runs.models.participants import OfProjectQuerySet, OfVisitQuerySet
from runs.models.runs import Visit
from runs.models.trials import Trial

MEASURES = uuid.UUID("6f1c1f0e-3f0b-5c7e-9a52-6d0a4a6d9b10")


def measure_id(project: int, design: str, name: str) -> uuid.UUID:
    """Return the id of what is called ``name`` in a project's design.

    It is computed, so that rows can be written without asking for it first.
    """
    return uuid.uuid5(MEASURES, f"{project}\n{design}\n{name}")


class Measure(models.Model):
    """What answers are answers to: an item of a frozen design, or a name that a task reported."""

    class Kind(models.TextChoices):
        CHOICE = "choice", "One of several"
        CHOICES = "choices", "Some of several"
        NUMBER = "number", "Number"
        TEXT = "text", "Text"
        TRUTH = "truth", "Yes or no"
        FILE = "file", "File"
        ANY = "any", "As reported"

    id = models.UUIDField(primary_key=True, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="measures")
    design = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=255)
    label = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ANY)
    unit = models.CharField(max_length=40, blank=True, default="")
    levels = models.JSONField(default=dict, blank=True, help_text="Codes and what they stand for.")
    item = models.CharField(max_length=64, blank=True, default="", help_text="Hash of the item.")
    is_unforeseen = models.BooleanField(
        default=False, help_text="A task reported a name that its design does not have."
    )

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "design", "name"], name="measure_unique_in_design"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Answer(models.Model):
    """One value, as its type; ``label`` is what the participant read when they chose it."""

    class Missing(models.TextChoices):
        NOT_MISSING = "", "Answered"
        SKIPPED = "skipped", "Skipped"
        DECLINED = "declined", "Declined"
        NOT_SHOWN = "not shown", "Not shown"
        TIMED_OUT = "timed out", "No response in time"

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="answers")
    trial = models.ForeignKey(Trial, models.PROTECT, related_name="answers", null=True, blank=True)
    measure = models.ForeignKey(Measure, models.PROTECT, related_name="answers")
    value = models.JSONField(null=True, blank=True)
    number = models.FloatField(null=True, blank=True)
    text = models.TextField(blank=True, default="")
    label = models.TextField(blank=True, default="")
    missing = models.CharField(
        max_length=10, choices=Missing.choices, blank=True, default=Missing.NOT_MISSING
    )
    stimulus = models.CharField(max_length=255, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()

    objects = OfVisitQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "measure"],
                condition=Q(trial__isnull=False),
                name="answer_once_in_trial",
            ),
            models.UniqueConstraint(
                fields=["visit", "measure"],
                condition=Q(trial=None),
                name="answer_once_on_page",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure_id}: {self.value}"
