"""Make, check, restore and forget backups."""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from common.redaction import redact
from ops import backup_files, dumps, retention
from ops.backup_files import BackupFile
from ops.cron_lock import lock_of
from ops.errors import BackupFailed, BackupUnusable, NotEmpty
from ops.models import BackupRecord

Outcome = BackupRecord.Outcome
CHUNK = 1024 * 1024
SPARE = 1.2  # a dump is rarely larger than the database
MOST_DIFFERENCES = 5


def back_up() -> BackupRecord:
    """Write a backup with checksum and list of media, or nothing at all.

    Raises BackupFailed; the record then says why, and the older backups are untouched.
    """
    lock = lock_of("backup-file")
    if not lock.take():
        raise BackupFailed("Another backup is being made just now. Wait for it and look again.")
    try:
        return _recorded_backup()
    finally:
        lock.release()


def _recorded_backup() -> BackupRecord:
    """Record at the end, so that no backup holds a record of itself as unfinished."""
    record = BackupRecord(release=settings.RELEASE)
    try:
        file = _write(record)
    except (BackupFailed, OSError) as error:
        reason = _spoken(error)
        _finish(record, outcome=Outcome.FAILED, message=redact(reason))
        raise BackupFailed(reason) from None
    _finish(record, outcome=Outcome.KEPT, file=file.path.name, size=file.size)
    return record


def _finish(record: BackupRecord, **facts: object) -> None:
    for name, value in facts.items():
        setattr(record, name, value)
    record.finished_at = timezone.now()
    record.save()


def _write(record: BackupRecord) -> BackupFile:
    folder = _folder()
    database = dumps.live()
    for left in folder.glob(".studium-*.part*"):  # of a killed backup: we hold the lock
        left.unlink(missing_ok=True)
    _ask_for_room(folder)
    name = f"studium-{record.started_at:{backup_files.STAMP}}.{database.suffix}"
    file = BackupFile(folder / name, record.started_at)
    if file.path.exists():
        raise BackupFailed(f"{name} exists already: a backup was made in this very second.")
    with _all_or_nothing(folder, name) as draft:
        _touch(draft)
        database.dump(draft)
        record.sha256 = digest(draft)
        media = media_list(Path(settings.MEDIA_ROOT))
        record.media_files, record.media_size = len(media), sum(size for _, size in media)
        _put(file.manifest, json.dumps([{"path": path, "size": size} for path, size in media]))
        _put(file.checksum, f"{record.sha256}  {name}\n")
        _sync(draft)
        draft.rename(file.path)
    return file


def _folder() -> Path:
    folder = Path(settings.BACKUPS)
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.stat().st_mode & stat.S_ISGID:  # a server shares it with the user that releases
        folder.chmod(0o700)
    return folder


def _ask_for_room(folder: Path) -> None:
    source = dumps.live()
    needed = source.path.stat().st_size * SPARE if isinstance(source, dumps.SQLite) else 0
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _all_or_nothing(folder: Path, name: str) -> Iterator[Path]:
    """Give a draft's path; when the work fails, nothing of this backup stays."""
    draft = folder / f".{name}.part"
    try:
        yield draft
    except BaseException:
        for left in (*folder.glob(f"{name}*"), *folder.glob(f".{name}*")):
            left.unlink(missing_ok=True)
        raise


def _put(path: Path, content: str) -> None:
    _touch(path)
    path.write_text(content)


def _touch(path: Path) -> None:
    """Make a file that the site's user alone reads, or the group that shares its folder.

    On a server the user that releases writes one before a release, and the site proves it.
    """
    is_shared = bool(path.parent.stat().st_mode & stat.S_ISGID)
    path.touch(mode=0o600)
    path.chmod(0o640 if is_shared else 0o600)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def media_list(root: Path) -> list[tuple[str, int]]:
    """Return path and size of each uploaded file, for whoever copies the media folder."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return [(str(path.relative_to(root)), path.stat().st_size) for path in files]


def _spoken(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        free = shutil.disk_usage(_folder()).free // CHUNK
        return (
            f"There is no room for a backup in {settings.BACKUPS} ({free} MiB free). Nothing was "
            "kept of it. Free some space or set another folder for backups, then run it again."
        )
    if isinstance(error, OSError):
        return f"The backup could not be written to {settings.BACKUPS}: {error.strerror}."
    return str(error)


def prune_backups() -> int:
    """Remove the backups that no rule keeps, and what a killed one left; return how many."""
    files = backup_files.kept()
    stay = retention.kept(file.made_at for file in files)
    gone = [file for file in files if file.made_at not in stay]
    for file in gone:
        for path in (file.path, file.checksum, file.manifest):
            path.unlink(missing_ok=True)
    names = [file.path.name for file in gone]
    BackupRecord.objects.filter(file__in=names).update(outcome=Outcome.PRUNED)
    return len(gone)


@dataclass(frozen=True)
class Proof:
    """What a trial restore found."""

    ok: bool
    message: str


def check_backup(file: BackupFile) -> Proof:
    """Restore a backup into a scratch database and compare it with the live one."""
    proof = _prove(file)
    BackupRecord.objects.filter(file=file.path.name).update(
        checked_at=timezone.now(), check_ok=proof.ok, check_message=proof.message
    )
    return proof


def _prove(file: BackupFile) -> Proof:
    try:
        _check_digest(file)
        with dumps.scratch() as scratch:
            scratch.load(file.path)
            restored = scratch.counts()
    except BackupUnusable as error:
        return Proof(ok=False, message=str(error))
    return _compared(restored, dumps.live().counts())


def _check_digest(file: BackupFile) -> None:
    if not file.checksum.exists():
        raise BackupUnusable(f"{file.path.name} has no checksum beside it.")
    if file.checksum.read_text().split()[0] != digest(file.path):
        raise BackupUnusable(f"{file.path.name} is not what was written: its checksum differs.")


def _compared(restored: dict[str, int], live: dict[str, int]) -> Proof:
    """Rows come and go after a backup; a table that is missing or was emptied is a fault."""
    missing = sorted(set(live) - set(restored))
    emptied = sorted(name for name in restored if live.get(name) and not restored[name])
    rows, tables = sum(restored.values()), len(restored)
    differ = sum(1 for name in restored if restored[name] != live.get(name))
    facts = f"{tables} tables, {rows} rows; {differ} tables changed since"
    if missing:
        return Proof(ok=False, message=f"{facts}; missing: {', '.join(missing[:MOST_DIFFERENCES])}")
    if emptied:
        return Proof(
            ok=True, message=f"{facts}; empty then: {', '.join(emptied[:MOST_DIFFERENCES])}"
        )
    return Proof(ok=True, message=facts)


def restore(file: BackupFile) -> None:
    """Load a backup into the site's database, which must hold nothing."""
    _check_digest(file)
    database = dumps.live()
    if not database.is_empty():
        raise NotEmpty(
            "The database holds rows; a restore would mix them with the backup's. Make a backup of "
            "what is there, point DATABASE_URL to an empty database, and restore into that."
        )
    database.load(file.path)
