"""One scan from its start to its end, whatever becomes of it."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.timezone import now

import jobs
from lab import alf
from lab.errors import DoesNotFit
from lab.models import FileFinding, FileRecord, FileScan, Repository, Session
from lab.queries import places
from lab.services import copies
from lab.services.scans import walk
from lab.services.scans.comparing import Found, Recorded, Suspect, compared, is_settling, records_of
from lab.services.scans.look import AT_ONCE, Budget, Look, Says
from lab.services.scans.verifying import verify

Kind, Outcome = FileFinding.Kind, FileScan.Outcome
Ended = tuple[str, str]  # the outcome, and a word about it
FEW = 20  # so many missing files are believed, if others are there
KEPT_SCANS, KEPT_FINDINGS = timedelta(days=365), 3  # and so many scans keep their findings
REASON = "a scan of the repository"


def scannable() -> list[Repository]:
    """Return the repositories that are mounted folders of this site."""
    return list(Repository.objects.filter(kind=Repository.Kind.FOLDER).exclude(folder=""))


def begin_all() -> list[Repository]:
    """Ask for tonight's scan of each mounted repository; asked twice, it is the same scan."""
    found = scannable()
    for repository in found:
        jobs.enqueue(
            "lab.scan_files",
            arguments={"repository": str(repository.pk)},
            key=f"{repository.pk}:{now():%Y-%m-%d}",
            label=f"Look through the files of {repository.name}",
        )
    return found


def scan(
    *, repository: Repository, says: Says, budget: Budget | None = None, dry_run: bool = False
) -> FileScan:
    """Compare a mounted repository with its records, and put the flags right.

    Nothing is marked missing when the folder is not there, or when more is missing than can be
    believed. A dry run writes down what it finds and changes no record.
    """
    FileScan.objects.filter(repository=repository, outcome=Outcome.RUNNING).update(
        outcome=Outcome.FAILED, message="It ended without a word.", ended_at=now()
    )
    row = FileScan.objects.create(
        repository=repository, repository_name=repository.name, is_dry_run=dry_run
    )
    outcome: str = Outcome.FAILED
    message = "It was ended."
    try:
        outcome, message = _scanned(row, says, budget or Budget())
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise
    except BaseException:  # the job was cancelled, or its time was up
        outcome = Outcome.CANCELLED
        raise
    finally:
        row.outcome, row.message, row.ended_at = outcome, message[:500], now()
        row.save()
    _prune(repository)
    return row


def _scanned(row: FileScan, says: Says, budget: Budget) -> Ended:
    root = places.mounted_at(row.repository)
    if root is None:
        raise DoesNotFit(
            f"{row.repository.folder!r} is not below {settings.MOUNTS}.",
            field="folder",
            remedy="Mount the share below that folder and name it in the repository.",
        )
    look = Look(row.repository, root, row, says, budget)
    if why := _why_unreachable(look):
        return Outcome.UNREACHABLE, why
    mark = _device(root)
    for item in _results(look):
        _sort(look, item)
    _place_strangers(look)
    if _device(root) != mark or look.is_lost:
        return _ended(look, Outcome.UNREACHABLE, "The share was unmounted meanwhile.")
    look.missing = [each for each in look.missing if not _is_there(look, each)]
    for record in look.missing:
        look.tell(Found(Kind.MISSING, record.path, record))
    if _is_doubtful(look):
        said = f"{len(look.missing)} files are missing and {look.there} are there: is all of it "
        return _ended(look, Outcome.DOUBTFUL, f"{said}mounted? No flag was changed.")
    verify(look)
    _put_right(look)
    return _ended(look, Outcome.FINISHED, "")


def _ended(look: Look, outcome: str, message: str) -> Ended:
    look.keep()
    look.row.counts = dict(look.counts)
    return outcome, message


def _why_unreachable(look: Look) -> str:
    """Say why the folder cannot be what the records speak of; empty: it can."""
    try:
        with os.scandir(look.root) as found:
            is_empty = next(iter(found), None) is None
    except OSError as error:
        return f"The folder cannot be opened: {error.strerror}."
    expected = FileRecord.objects.filter(repository=look.repository, exists=True).exists()
    if is_empty and expected:
        return "The folder is empty, and files are recorded: is it mounted?"
    return ""


def _device(root: Path) -> int | None:
    try:
        return root.stat().st_dev
    except OSError:
        return None


def _results(look: Look) -> Iterator[Any]:
    """Yield what files and records come to, and say how far it is."""
    total = FileRecord.objects.filter(repository=look.repository).count()
    for number, item in enumerate(_counted(look, total)):
        if number % AT_ONCE == 0:
            look.says.report(look.row.records, total, phase="Comparing files with the records",
                             message=f"{look.row.files} files")  # fmt: skip
        yield item


def _counted(look: Look, total: int) -> Iterator[Any]:
    def files() -> Iterator[walk.File | walk.Closed]:
        for item in walk.files(os.fsencode(look.root)):
            if isinstance(item, walk.File):
                look.row.files += 1
                look.row.bytes += item.size
            yield item

    def records() -> Iterator[Recorded]:
        for record in records_of(look.repository):
            look.row.records += 1
            yield record

    yield from compared(files(), records())
    look.says.report(total, total)


def _sort(look: Look, item: Any) -> None:
    if isinstance(item, walk.File):
        _keep_stranger(look, item)
    elif isinstance(item, Suspect):
        look.suspects.append(item.record)
    elif isinstance(item, Found):
        _keep_found(look, item)
    record = getattr(item, "record", None)
    is_missing = isinstance(item, Found) and item.kind == Kind.MISSING
    look.there += bool(record and record.exists and not is_missing)


def _keep_stranger(look: Look, file: walk.File) -> None:
    if not is_settling(file.changed_at):
        look.strange.append(file)
    if len(look.strange) >= AT_ONCE:
        _place_strangers(look)


def _keep_found(look: Look, item: Found) -> None:
    if item.kind == Kind.MISSING and item.record:
        look.missing.append(item.record)  # told once somebody has looked again
        return
    look.tell(item)
    look.is_lost = look.is_lost or not item.path
    if item.kind == Kind.FOUND and item.record:
        look.found.append(item.record)


# --- files without a record ---------------------------------------------------------------------


def _place_strangers(look: Look) -> None:
    """Say of files without a record whether a session is known that they belong to."""
    named = {file.path: _session_of(file.path) for file in look.strange}
    known = _known({key for key in named.values() if key})
    for file in look.strange:
        kind = Kind.UNREGISTERED if named[file.path] in known else Kind.ORPHAN
        look.tell(Found(kind, file.path, detail=_about(file.path)))
    look.strange.clear()


def _session_of(path: bytes) -> tuple[str, Any, int] | None:
    try:
        found = alf.session_path(path.decode())
    except (UnicodeDecodeError, alf.NotAlf):
        return None
    return found.subject, found.day, found.number


def _about(path: bytes) -> str:
    try:
        path.decode()
    except UnicodeDecodeError:
        return "Its name is not UTF-8."
    return ""


def _known(keys: set[tuple[str, Any, int]]) -> set[tuple[str, Any, int]]:
    if not keys:
        return set()
    rows = Session.objects.filter(
        subject__nickname__in={key[0] for key in keys}, day__in={key[1] for key in keys}
    )
    found: set[Any] = set(rows.values_list("subject__nickname", "day", "number"))
    return found & keys


# --- what is done about it ----------------------------------------------------------------------


def _is_there(look: Look, record: Recorded) -> bool:
    """Look once more, as whoever asks for the file would: also by a link, also spelt otherwise."""
    path = look.path_of(record)
    try:
        resolved = path.resolve()
        return resolved.is_relative_to(look.root) and resolved.is_file()
    except (OSError, RuntimeError):
        return True  # nobody can say


def _is_doubtful(look: Look) -> bool:
    gone = len(look.missing)
    return gone > 0 and (look.there == 0 or (gone > FEW and gone > look.there))


def _put_right(look: Look) -> None:
    if look.row.is_dry_run:
        return
    for rows, exists in ((look.missing, False), (look.found, True)):
        for start in range(0, len(rows), AT_ONCE):
            look.says.report(start, len(rows), phase="Putting flags right")
            keys = [record.key for record in rows[start : start + AT_ONCE]]
            look.row.fixed += copies.set_exists(records=keys, exists=exists, reason=REASON)


def _prune(repository: Repository) -> None:
    mine = FileScan.objects.filter(repository=repository)
    mine.filter(began_at__lt=now() - KEPT_SCANS).delete()
    kept = list(mine.values_list("pk", flat=True)[:KEPT_FINDINGS])
    FileFinding.objects.filter(scan__repository=repository).exclude(scan__in=kept).delete()
