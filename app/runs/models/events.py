"""What happened around the trials: focus lost, connection gone, taken over, resumed."""

from django.db import models

from runs.models.participants import OfRunQuerySet
from runs.models.runs import Run, Visit


class Event(models.Model):
    """One thing at one time. Events that a browser sends are numbered by it; ours are not."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="events")
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="events", null=True, blank=True)
    number = models.PositiveIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=40)
    at_ms = models.FloatField(null=True, blank=True)
    received_at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)

    objects = OfRunQuerySet.as_manager()

    class Meta:
        ordering = ["received_at", "number", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "number"],
                name="event_number_unique_in_visit",
            )
        ]

    def __str__(self) -> str:
        return self.kind
