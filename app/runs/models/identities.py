"""Who participants are: sealed, apart from what they did, and read by those who were permitted."""

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Project
from runs.models.participants import Participant
from runs.models.runs import Run


class Identity(models.Model):
    """What somebody said of who they are. No page, list or history shows it by itself.

    ``address_digest`` finds the person of an e-mail address; only the site's key can compute it.
    """

    participant = models.OneToOneField(
        Participant, models.PROTECT, primary_key=True, related_name="identity"
    )
    sealed = models.TextField()
    key = models.CharField(max_length=8, db_index=True)
    address_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "identities"

    def __str__(self) -> str:
        return f"identity of {self.participant_id}"


class Account(models.Model):
    """A participant who comes again, in one project: an address that was proven, and a password."""

    participant = models.OneToOneField(
        Participant, models.PROTECT, primary_key=True, related_name="account"
    )
    project = models.ForeignKey(Project, models.PROTECT, related_name="+")
    sealed = models.TextField(help_text="The address.")
    address_digest = models.CharField(max_length=64)
    key = models.CharField(max_length=8, db_index=True)
    password = models.CharField(max_length=128)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "address_digest"], name="account_address_unique_in_project"
            )
        ]

    def __str__(self) -> str:
        return f"account of {self.participant_id}"


class Code(models.Model):
    """A code that was mailed to prove an address, for one run; kept as its fingerprint."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="codes")
    sealed = models.TextField(help_text="The address.")
    digest = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"code for {self.run_id}"


class Letter(models.Model):
    """Mail to a participant. Address and content are sealed, and gone when it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=40)
    sealed = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} to {self.participant_id}"


class IdentityAccess(models.Model):
    """Somebody of the lab who may read the identities of a project; no role includes it."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="identity_access")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    given_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "identity access"
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="identity_access_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}"
