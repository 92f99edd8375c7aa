"""The backup that somebody typed."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from ops import backup_files
from ops.backup_files import BackupFile


def named_backup(given: str) -> BackupFile:
    """Return the backup of this name or path; the newest one when nothing was typed."""
    if not given:
        newest = backup_files.newest()
        if newest is None:
            raise CommandError(f"There is no backup in {settings.BACKUPS}. Make one: backup")
        return newest
    path = Path(given) if Path(given).is_file() else Path(settings.BACKUPS) / given
    file = backup_files.read(path.resolve())
    if file is None or not path.is_file():
        known = ", ".join(found.path.name for found in backup_files.kept()) or "none"
        raise CommandError(f"{given!r} is no backup of this site. There are: {known}.")
    return file
