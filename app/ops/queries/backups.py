"""The backups as pages show them: what is on disk, beside what was recorded of it."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from ops import backup_files
from ops.backup_files import BackupFile
from ops.models import BackupRecord


@dataclass(frozen=True)
class Kept:
    """One backup on disk; the record is missing when the database is younger than the file."""

    file: BackupFile
    record: BackupRecord | None

    @property
    def proof(self) -> str:
        if self.record is None or self.record.check_ok is None:
            return "unproven"
        return "restores" if self.record.check_ok else "does not restore"

    @property
    def badge(self) -> str:
        return {"restores": "good", "unproven": "neutral"}.get(self.proof, "harm")


@dataclass(frozen=True)
class State:
    """The backups in one sentence."""

    newest: BackupFile | None
    is_stale: bool
    total_size: int


def kept() -> list[Kept]:
    files = backup_files.kept()
    names = [file.path.name for file in files]
    records = {row.file: row for row in BackupRecord.objects.filter(file__in=names)}
    return [Kept(file, records.get(file.path.name)) for file in files]


def state() -> State:
    files = backup_files.kept()
    newest = files[0] if files else None
    limit = timedelta(hours=settings.STALE_BACKUP_H)
    stale = newest is None or timezone.now() - newest.made_at > limit
    return State(newest, stale, sum(file.size for file in files))


def failures() -> QuerySet[BackupRecord]:
    """Return the recent attempts that kept nothing."""
    return BackupRecord.objects.filter(outcome=BackupRecord.Outcome.FAILED)[:10]
