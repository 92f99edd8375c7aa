"""What was deleted, whole, so that it can be restored."""

import uuid
from typing import Any, ClassVar, Self, cast

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from accounts.models import Lab, Project
from accounts.roles import Role, is_operator
from lab.models.visibility import Person, labs_and_what_is_closed


class DeletedRecordQuerySet(models.QuerySet["DeletedRecord"]):
    def visible_to(self, user: Person) -> Self:
        """Return what ``user`` deleted, and all of the labs whose colony they look after.

        What belonged to closed projects only stays as hidden as it was.
        """
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        kept = Lab.objects.with_role(user, Role.COLONY_MANAGER)
        mine = models.Q(deleted_by=user.pk) & (
            models.Q(lab=None) | models.Q(lab__in=Lab.objects.visible_to(user))
        )
        _labs, closed = labs_and_what_is_closed(user, Role.VIEWER)
        links = DeletedRecord.projects.through.objects.filter(deletedrecord=models.OuterRef("pk"))
        hidden = models.Exists(links.filter(project__in=closed))
        shown = models.Exists(links.exclude(project__in=closed))
        return self.filter(mine | models.Q(lab__in=kept)).exclude(hidden & ~models.Q(shown))


class DeletedRecord(models.Model):
    """One deletion: the record, all that it owned, and the links that pointed at it."""

    objects: ClassVar[Any] = DeletedRecordQuerySet.as_manager()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=80)
    object_id = models.UUIDField()
    label = models.CharField(max_length=200)
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, null=True, related_name="+")
    projects = models.ManyToManyField(Project, related_name="+", help_text="That it belonged to.")
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
