"""Withdrawals: that somebody withdrew, when, and how much was erased; nothing of what it was."""

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Project
from runs.models.participants import OfProjectQuerySet, Participant
from runs.models.runs import Run


class Withdrawal(models.Model):
    """What is left of what was erased: counts. ``run`` None: all that the participant did.

    ``receipt`` is what the participant was told, so that both sides can speak of it later.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="withdrawals")
    participant = models.ForeignKey(
        Participant, models.PROTECT, null=True, blank=True, related_name="withdrawals"
    )
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="withdrawals")
    receipt = models.CharField(max_length=16, unique=True)
    on = models.DateField()
    keeps_answers = models.BooleanField(default=False)
    counts = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Who of the lab did it; empty: the participant.",
    )  # fmt: skip
    reason = models.TextField(blank=True, default="")

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "pk"]

    def __str__(self) -> str:
        return f"withdrawal {self.receipt}"
