"""The backups on disk: their names, their folder and how old they are."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

NAME = re.compile(r"studium-(?P<at>\d{8}T\d{6}Z)\.(?P<kind>sqlite3|dump)")
STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class BackupFile:
    """One finished backup; unfinished ones have another name."""

    path: Path
    made_at: datetime

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def checksum(self) -> Path:
        return self.path.with_name(self.path.name + ".sha256")

    @property
    def manifest(self) -> Path:
        return self.path.with_name(self.path.name + ".media.json")


def read(path: Path) -> BackupFile | None:
    """Return the backup that a path names, or None when it is something else."""
    found = NAME.fullmatch(path.name)
    if not found:
        return None
    return BackupFile(path, datetime.strptime(found["at"], STAMP).replace(tzinfo=UTC))


def kept() -> list[BackupFile]:
    """Return the site's backups, the newest first."""
    folder = Path(settings.BACKUPS)
    paths = folder.iterdir() if folder.is_dir() else iter(())
    found = [file for file in map(read, paths) if file]
    return sorted(found, key=lambda file: file.made_at, reverse=True)


def newest() -> BackupFile | None:
    return next(iter(kept()), None)
