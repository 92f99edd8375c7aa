"""Maps of pilot studies, and what was computed from them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Project
from jobs.models import Job
from runs.models.participants import OfProjectQuerySet


class PilotMap(models.Model):
    """A group's statistical map. Its file lies by its digest in `planning.map_files`.

    ``digest`` is the SHA-256 of the bytes that came; ``mask_digest`` that of the mask, if any.
    """

    class Kind(models.TextChoices):
        Z = "z", "Z values"
        T = "t", "T values"

    class Source(models.TextChoices):
        UPLOAD = "upload", "Uploaded"
        ADDRESS = "address", "Fetched from an address"
        NEUROVAULT = "neurovault", "NeuroVault"
        DEMO = "demo", "Simulated"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="pilot_maps")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=1, choices=Kind, default=Kind.Z)
    participants = models.PositiveIntegerField()
    groups = models.PositiveSmallIntegerField(default=1)
    source = models.CharField(max_length=10, choices=Source, default=Source.UPLOAD)
    source_address = models.CharField(max_length=500, blank=True, default="")
    digest = models.CharField(max_length=64)
    mask_digest = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="When the files are deleted; the results stay."
    )
    removed_at = models.DateTimeField(null=True, blank=True, help_text="The files are deleted.")

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(groups__in=(1, 2)), name="pilot_map_of_one_or_two_groups"
            ),
            models.CheckConstraint(
                condition=Q(participants__gte=2), name="pilot_map_of_two_people"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="pilot_map_has_a_name"),
            models.UniqueConstraint(
                fields=["project", "digest", "mask_digest", "kind", "participants", "groups"],
                condition=Q(removed_at=None, source_address=""),
                name="pilot_map_kept_once",
            ),
            models.UniqueConstraint(
                fields=[
                    "project",
                    "source_address",
                    "mask_digest",
                    "kind",
                    "participants",
                    "groups",
                ],
                condition=Q(removed_at=None) & ~Q(source_address=""),
                name="pilot_map_fetched_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OfMapQuerySet(OfProjectQuerySet):
    project_path = "pilot__project"


class PowerAnalysis(models.Model):
    """One map under one choice of settings: the same question is answered once.

    ``mark`` is the digest of the map's values and the settings, which a paragraph for a grant
    names; ``question`` that of the files and the settings, known before anything is computed.
    ``result`` and ``peaks`` are plain numbers for pages, tables and reports; ``refusal`` says why
    there are none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pilot = models.ForeignKey(PilotMap, models.CASCADE, related_name="analyses")
    chosen = models.JSONField(default=dict, help_text="The settings of the analysis.")
    question = models.CharField(max_length=64)
    mark = models.CharField(max_length=64, blank=True, default="")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    result = models.JSONField(null=True, blank=True)
    peaks = models.JSONField(default=list, blank=True)
    refusal = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OfMapQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "power analyses"
        constraints = [
            models.UniqueConstraint(
                fields=["pilot", "question"], name="power_analysis_asked_once_of_a_map"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pilot}, {self.created_at:%Y-%m-%d %H:%M}"
