"""Links by which somebody without an account sees a result."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from planning.models.designs import Plan
from planning.models.power import PowerAnalysis
from runs.models.participants import OfProjectQuerySet


class SharedLink(models.Model):
    """A link to one analysis or one plan, for whoever has it, until it ends.

    Only the SHA-256 of its token is stored: the link itself is shown once.
    """

    token_digest = models.CharField(max_length=64, unique=True)
    project = models.ForeignKey("accounts.Project", models.CASCADE, related_name="shared_links")
    analysis = models.ForeignKey(
        PowerAnalysis, models.CASCADE, null=True, blank=True, related_name="links"
    )
    plan = models.ForeignKey(Plan, models.CASCADE, null=True, blank=True, related_name="links")
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(analysis=None) ^ Q(plan=None), name="shared_link_leads_to_one_thing"
            )
        ]

    def __str__(self) -> str:
        return self.note or f"Link of {self.created_at:%Y-%m-%d}"
