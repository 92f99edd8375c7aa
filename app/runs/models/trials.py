"""Trials: each row that a browser sent, kept as it came and once."""

from django.db import models

from runs.models.participants import OfTrialQuerySet, OfVisitQuerySet
from runs.models.runs import Visit

FORM = -1  # stands for the page's own form where a trial has its index


class Trial(models.Model):
    """One row of one showing; ``raw`` is the text that came, all else is read from it.

    Times in ms are the browser's, counted from the start of the visit.
    """

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="trials")
    index = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    raw = models.TextField()
    plugin = models.CharField(max_length=100, blank=True, default="")
    plugin_version = models.CharField(max_length=40, blank=True, default="")
    stimulus = models.CharField(max_length=255, blank=True, default="")
    onset_ms = models.FloatField(null=True, blank=True)
    end_ms = models.FloatField(null=True, blank=True)
    rt_ms = models.FloatField(null=True, blank=True)
    response = models.JSONField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    is_disputed = models.BooleanField(default=False)

    objects = OfVisitQuerySet.as_manager()

    class Meta:
        ordering = ["visit", "index"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "index"], name="trial_index_unique_in_visit")
        ]

    def __str__(self) -> str:
        return f"trial {self.index} of {self.visit_id}"


class TrialEvents(models.Model):
    """What happened inside one trial, event by event, as one JSON array in the order that it came.

    A pointer's positions are thousands to a trial: a row for each would make the record slow to
    write and slower to read.
    """

    trial = models.OneToOneField(Trial, models.PROTECT, related_name="within", primary_key=True)
    count = models.PositiveIntegerField()
    raw = models.TextField()

    objects = OfTrialQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.count} events of trial {self.trial_id}"


class Variant(models.Model):
    """Another content that came under the key of a row that was there already.

    ``index`` is that of the trial, or ``FORM`` for the form of the page.
    """

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="variants")
    index = models.IntegerField()
    digest = models.CharField(max_length=64)
    raw = models.TextField()
    received_at = models.DateTimeField()

    objects = OfVisitQuerySet.as_manager()

    class Meta:
        ordering = ["visit", "index", "received_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "index", "digest"], name="variant_content_is_kept_once"
            )
        ]

    def __str__(self) -> str:
        return f"another content of {self.index} of {self.visit_id}"
