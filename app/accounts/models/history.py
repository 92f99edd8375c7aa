"""The audit trail: written once, never changed."""

import re
from datetime import datetime
from typing import Any, NoReturn, Self, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.errors import HistoryIsKept
from accounts.models.access import ApiToken
from accounts.models.labs import Lab, Membership, Project
from accounts.roles import Role, is_operator, up_from

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
KINDS = {  # what is not called as its model is
    "accounts.apitoken": "API token",
    "accounts.onetimelink": "link",
    "accounts.user": "person",
}


def kind_in_words(object_type: str) -> str:
    """Return "accounts.project" as "project"."""
    return KINDS.get(object_type) or object_type.rpartition(".")[2]


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Return what happened in the labs that ``user`` administers; operators see it all."""
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        mine = Membership.objects.filter(user=user.pk, role__in=up_from(Role.ADMIN))
        return self.filter(lab__in=mine.values("lab"))

    def on(self, thing: models.Model) -> Self:
        """Return what happened to one object."""
        kind = thing._meta.label_lower  # noqa: SLF001  Django's public way to name a model
        return self.filter(object_type=kind, object_id=str(thing.pk))

    def update(self, **_: Any) -> NoReturn:
        raise HistoryIsKept

    def delete(self) -> NoReturn:
        raise HistoryIsKept

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise HistoryIsKept


class AuditEntry(models.Model):
    """One thing that somebody did."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    token = models.ForeignKey(
        ApiToken, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=80, blank=True, default="")
    object_id = models.CharField(max_length=64, blank=True, default="")
    object_label = models.CharField(max_length=200, blank=True, default="")
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    changes = models.JSONField(default=dict, blank=True)
    reason = models.TextField(blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    address = models.GenericIPAddressField(null=True, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="audit_entry_by_object"),
            models.Index(fields=["action"], name="audit_entry_by_action"),
            models.Index(fields=["at"], name="audit_entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise HistoryIsKept
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise HistoryIsKept

    @property
    def action_in_words(self) -> str:
        """Return "role.changed" as "role changed"."""
        return self.action.replace(".", " ").replace("-", " ")

    @property
    def kind_in_words(self) -> str:
        return kind_in_words(self.object_type)

    @property
    def changes_in_words(self) -> list[tuple[str, str]]:
        return [(name.replace("_", " "), _spoken(change)) for name, change in self.changes.items()]


def _spoken(change: Any) -> str:
    if isinstance(change, list) and len(change) == 2:  # noqa: PLR2004  before and after
        before, after = (_value(each) for each in change)
        return f"{before} → {after}"
    return _value(change)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in (None, ""):
        return "none"
    text = str(value)
    return _moment(text) if INSTANT.fullmatch(text) else text


def _moment(text: str) -> str:
    return date_format(localtime(datetime.fromisoformat(text)), "j M Y, H:i")
