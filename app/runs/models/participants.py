"""Participants by pseudonym, and what they agreed to. Who they are is kept apart from here."""

import secrets
import uuid
from typing import Any, Self

from django.db import models

from accounts.models import Project

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without those that look like another
LENGTH = 8  # 31^8: with 10,000 people in a project, one chance in 17,000 that a new one is taken


def new_pseudonym() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


class OfProjectQuerySet(models.QuerySet[Any]):
    """Rows that are seen by those who see their project."""

    project_path = "project"

    def visible_to(self, user: Any) -> Self:
        return self.filter(**{f"{self.project_path}__in": Project.objects.visible_to(user)})

    def editable_by(self, user: Any) -> Self:
        return self.filter(**{f"{self.project_path}__in": Project.objects.editable_by(user)})


class OfRunQuerySet(OfProjectQuerySet):
    project_path = "run__project"


class OfVisitQuerySet(OfProjectQuerySet):
    project_path = "visit__run__project"


class OfTrialQuerySet(OfProjectQuerySet):
    project_path = "trial__visit__run__project"


class Participant(models.Model):
    """Somebody who takes part, known by a random pseudonym alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="participants")
    pseudonym = models.CharField(max_length=32, default=new_pseudonym)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "pseudonym"], name="participant_pseudonym_unique_in_project"
            )
        ]

    def __str__(self) -> str:
        return self.pseudonym


class ConsentTextQuerySet(models.QuerySet[Any]):
    """A text is no project's own: it is seen by those who see that somebody was asked it."""

    def visible_to(self, user: Any) -> Self:
        asked = Consent.objects.visible_to(user)
        return self.filter(pk__in=asked.values("text"))


class ConsentText(models.Model):
    """The very words that were agreed to; ``digest`` is the SHA-256 of all of them.

    ``choices`` are what could be ticked: name, text, and whether one had to tick it.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    title = models.CharField(max_length=255, blank=True, default="")
    version = models.CharField(max_length=60, blank=True, default="", db_default="")
    text = models.TextField()
    choices = models.JSONField(default=list, blank=True, db_default=[])
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConsentTextQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title or self.digest[:12]


class Consent(models.Model):
    """What somebody answered to a text: evidence, so it is never changed but by a withdrawal."""

    run = models.ForeignKey("runs.Run", models.PROTECT, related_name="consents")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, models.PROTECT, related_name="consents")
    agreed = models.BooleanField()
    choices = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = OfRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "text"], name="consent_once_in_run"),
        ]

    def __str__(self) -> str:
        return f"{'agreed' if self.agreed else 'declined'}: {self.text}"
