"""What was deleted, whole, so that it can be restored."""

import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from accounts.models import Lab


class DeletedRecord(models.Model):
    """One deletion: the record, all that it owned, and the links that pointed at it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=80)
    object_id = models.UUIDField()
    label = models.CharField(max_length=200)
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, null=True, related_name="+")
    rows = models.JSONField(
        encoder=DjangoJSONEncoder,
        help_text="[model, fields] in an order in which they can be restored.",
    )
    links = models.JSONField(help_text="[model, key, field, value] of links that were cut.")
    count = models.PositiveIntegerField()
    deleted_at = models.DateTimeField(auto_now_add=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(blank=True, default="")
    restored_at = models.DateTimeField(null=True, blank=True)
    restored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-deleted_at"]
        indexes = [models.Index(fields=["kind", "object_id"], name="deleted_record_by_object")]

    def __str__(self) -> str:
        return f"{self.label}, deleted"
