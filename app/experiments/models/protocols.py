"""A protocol as it is written, and its frozen revisions, which never change."""

import uuid
from functools import lru_cache
from typing import Self

from django.conf import settings
from django.db import models

from accounts.models import Project
from experiments.definition import protocol as definition
from experiments.models.banks import BankRevision
from runs.models.participants import OfProjectQuerySet


class Protocol(models.Model):
    """An experiment under one name in a project; ``draft`` is what is being written."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="protocols")
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=255)
    draft = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"], name="protocol_name_unique_in_project"
            )
        ]

    def __str__(self) -> str:
        return self.title or self.name


class RevisionQuerySet(OfProjectQuerySet):
    project_path = "protocol__project"

    def published(self) -> Self:
        return self.filter(published_at__isnull=False, retired_at=None)


class Revision(models.Model):
    """What a protocol said when it was frozen. Runs point to it for ever."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    words = models.JSONField()
    frozen_at = models.DateTimeField(auto_now_add=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    banks = models.ManyToManyField(BankRevision, blank=True, related_name="used_by")

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["protocol", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol", "number"], name="revision_number_unique_in_protocol"
            ),
            models.UniqueConstraint(
                fields=["protocol", "digest"], name="revision_content_unique_in_protocol"
            ),
            models.UniqueConstraint(
                fields=["protocol"],
                condition=models.Q(published_at__isnull=False, retired_at=None),
                name="revision_one_is_published",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.protocol} {self.number}"

    @property
    def project(self) -> Project:
        return self.protocol.project

    @property
    def read(self) -> definition.Protocol:
        """Return what was frozen, as data; a process reads a revision once."""
        return _read(self.pk)


@lru_cache(maxsize=64)
def _read(key: uuid.UUID) -> definition.Protocol:
    """Return a revision as data. It never changes, so neither does what was read."""
    return definition.read_protocol(Revision.objects.values_list("words", flat=True).get(pk=key))
