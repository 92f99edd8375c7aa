"""Files that never change, known by their SHA-256; and the stimuli that a lab keeps among them."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import Project
from runs.models.participants import OfProjectQuerySet


class Asset(models.Model):
    """A file in the storage. Its content is its name, so it is there once and never changes."""

    digest = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class Stimulus(models.Model):
    """Something to see, hear or read, in a collection of a project.

    A frozen protocol has its own list of what was in the collection, so a change here reaches no
    run that began before.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="stimuli")
    collection = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    asset = models.ForeignKey(Asset, models.PROTECT, null=True, blank=True, related_name="stimuli")
    text = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["collection", "name"]
        verbose_name_plural = "stimuli"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "collection", "name"],
                name="stimulus_name_unique_in_collection",
            ),
            models.CheckConstraint(
                condition=Q(asset__isnull=False) | ~Q(text=""), name="stimulus_is_file_or_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection}/{self.name}"


class Tag(models.Model):
    """A fact about a stimulus: a number, a text, or true or false."""

    class Kind(models.TextChoices):
        NUMBER = "number", "Number"
        TEXT = "text", "Text"
        TRUTH = "truth", "Yes or no"

    stimulus = models.ForeignKey(Stimulus, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    number = models.FloatField(null=True, blank=True)
    text = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["name", "text"], name="tag_by_text"),
            models.Index(fields=["name", "number"], name="tag_by_number"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["stimulus", "name"], name="tag_once_on_stimulus"),
            models.CheckConstraint(
                condition=Q(kind="text") | Q(number__isnull=False), name="tag_has_its_value"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"

    @property
    def value(self) -> Any:
        if self.kind == self.Kind.TEXT:
            return self.text
        return bool(self.number) if self.kind == self.Kind.TRUTH else self.number
