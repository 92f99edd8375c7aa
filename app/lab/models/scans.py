"""What the site found when it looked through the files of a repository."""

import uuid
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.timezone import now

from accounts.models import Lab
from accounts.roles import Role, is_operator
from lab.models.data import Repository


class FileScanQuerySet(models.QuerySet["FileScan"]):
    def visible_to(self, user: Any) -> Self:
        """Keep what ``user`` may read: paths name animals of every lab that the files are of."""
        if not user.is_active:
            return self.none()
        if is_operator(user):
            return self
        mine = Lab.objects.with_role(user, Role.MANAGER).values("pk")
        profiles = Repository.labs.rel.related_model._default_manager.all()  # noqa: SLF001
        others = profiles.exclude(lab__in=mine)
        return self.filter(repository__labs__lab__in=mine).exclude(
            repository__labs__in=others
        ).distinct()  # fmt: skip


class FileScan(models.Model):
    """One look through a repository: how it ended, and how many files were not as recorded."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "is running"
        FINISHED = "finished", "finished"
        CANCELLED = "cancelled", "was stopped"
        UNREACHABLE = "unreachable", "the folder is not there"
        DOUBTFUL = "doubtful", "too much is missing to believe it"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # A repository that is deleted takes no scans along; what it was called stays.
    repository = models.ForeignKey(
        Repository, models.DO_NOTHING, db_constraint=False, related_name="scans"
    )
    repository_name = models.CharField(max_length=255)
    is_dry_run = models.BooleanField(default=False)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.RUNNING)
    message = models.CharField(max_length=500, blank=True, default="")
    began_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)
    files = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    records = models.PositiveBigIntegerField(default=0)
    counts = models.JSONField(default=dict)  # of findings, by kind
    fixed = models.PositiveBigIntegerField("flags put right", default=0)
    verified = models.PositiveBigIntegerField("files whose hash was made", default=0)
    verified_bytes = models.PositiveBigIntegerField(default=0)

    objects: ClassVar[Any] = FileScanQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at", "-id"]
        indexes = [models.Index(fields=["repository", "-began_at"], name="scan_newest_first")]

    def __str__(self) -> str:
        return f"{self.repository_name}, {self.began_at:%Y-%m-%d}"


class FileFinding(models.Model):
    """One file that is not as the records say."""

    class Kind(models.TextChoices):
        MISSING = "missing", "recorded as being there, and is not"
        FOUND = "found", "recorded as not being there, and is"
        CHANGED = "changed", "of another size or content than recorded"
        UNREGISTERED = "unregistered", "of a session, and not recorded"
        ORPHAN = "orphan", "of no session that is known"
        UNREADABLE = "unreadable", "cannot be read"

    id = models.BigAutoField(primary_key=True)
    scan = models.ForeignKey(FileScan, models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    path = models.TextField()
    file_record = models.UUIDField(null=True, blank=True)
    detail = models.CharField(max_length=255, blank=True, default="")

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["scan", "kind", "id"], name="finding_by_scan_and_kind")]

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}"
