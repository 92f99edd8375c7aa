"""The backups as pages show them: what is on disk, beside what was recorded of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from ops import backup_files, host_backups
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

    newest: datetime | None
    is_stale: bool
    total_size: int
    faults: list[str]


def kept() -> list[Kept]:
    files = backup_files.kept()
    names = [file.path.name for file in files]
    records = {row.file: row for row in BackupRecord.objects.filter(file__in=names)}
    return [Kept(file, records.get(file.path.name)) for file in files]


def state() -> State:
    """Return how the backups are: the host's own where it makes some, else the site's."""
    files, host = backup_files.kept(), host_backups.read()
    size = sum(file.size for file in files)
    if host and host.newest:
        whole = size + sum(int(one.get("size") or 0) for one in host.sets)
        return State(host.newest, host.is_stale, whole, host.faults)
    newest = files[0].made_at if files else None
    limit = timedelta(hours=settings.STALE_BACKUP_H)
    stale = newest is None or timezone.now() - newest > limit
    return State(newest, stale, size, host.faults if host else [])


def failures() -> QuerySet[BackupRecord]:
    """Return the recent attempts that kept nothing."""
    return BackupRecord.objects.filter(outcome=BackupRecord.Outcome.FAILED)[:10]
