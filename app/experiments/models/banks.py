"""Banks of items and pages, and their revisions, which never change and which protocols pin."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from accounts.models import Project
from runs.models.participants import OfProjectQuerySet


class Bank(models.Model):
    """A bank under one name in a project."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="banks")
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="bank_name_unique_in_project")
        ]

    def __str__(self) -> str:
        return self.title or self.name


class OfBankQuerySet(OfProjectQuerySet):
    project_path = "bank__project"


class BankRevision(models.Model):
    """What a bank said at one time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bank = models.ForeignKey(Bank, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    words = models.JSONField()
    frozen_at = models.DateTimeField(auto_now_add=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects: Any = OfBankQuerySet.as_manager()

    class Meta:
        ordering = ["bank", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["bank", "number"], name="bank_number_unique"),
            models.UniqueConstraint(fields=["bank", "digest"], name="bank_content_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.bank} {self.number}"

    @property
    def project(self) -> Project:
        return self.bank.project
