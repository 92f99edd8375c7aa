"""Files and recordings that participants send: the rows; the bytes lie outside the database."""

import uuid

from django.db import models
from django.db.models import F, Q

from runs.models.participants import OfVisitQuerySet
from runs.models.runs import Visit

FOLDER = "participants"


def place(upload: "Upload", _name: str) -> str:
    """Return where the bytes lie: nothing of what the participant called the file is in it."""
    return f"{FOLDER}/{upload.pk}"


class Upload(models.Model):
    """One file for one item of one page. ``content_type`` is found in it, never told by anybody."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="uploads")
    item = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    received = models.PositiveBigIntegerField(default=0)
    content_type = models.CharField(max_length=100, blank=True, default="")
    digest = models.CharField(max_length=64, blank=True, default="")
    file = models.FileField(upload_to=place, max_length=200)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = OfVisitQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["visit", "item"], name="upload_by_visit_and_item")]
        constraints = [
            models.CheckConstraint(
                condition=Q(received__lte=F("size")), name="upload_is_no_larger_than_told"
            )
        ]

    def __str__(self) -> str:
        return self.name
