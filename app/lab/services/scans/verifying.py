"""Reading files to see whether they are what was hashed, within a budget, a night at a time."""

import time
from collections.abc import Iterator
from pathlib import Path

from django.db.models import F

from lab.models import FileFinding, FileRecord
from lab.services import copies
from lab.services.scans.comparing import Found, Recorded, is_settling, recorded
from lab.services.scans.hashing import BY_LENGTH, Verdict, verdict
from lab.services.scans.look import AT_ONCE, Look

Kind = FileFinding.Kind
MOST_VERIFIED = 100_000  # files in one scan, however small they are


def verify(look: Look) -> None:
    """Read files and compare their hashes, those that were touched first, as far as it may go."""
    ends = time.monotonic() + look.budget.seconds
    try:
        for record in _to_verify(look):
            if look.row.verified_bytes >= look.budget.bytes or time.monotonic() > ends:
                break
            _verify_one(look, record)
    finally:  # also of a scan that is stopped: the next one goes on where it was
        _note_checked(look)


def _to_verify(look: Look) -> Iterator[Recorded]:
    """Yield what was touched, then what was verified longest ago."""
    yield from look.suspects
    done = {record.key for record in [*look.suspects, *look.missing]}
    rows = FileRecord.objects.filter(repository=look.repository, exists=True)
    waiting = rows.exclude(dataset__hash="").order_by(F("checked_at").asc(nulls_first=True), "pk")
    yield from (each for each in recorded(waiting[:MOST_VERIFIED]) if each.key not in done)


def _verify_one(look: Look, record: Recorded) -> None:
    path = look.path_of(record)
    if not _is_worth_reading(path, record):
        return
    look.says.report(look.row.verified_bytes, look.budget.bytes, phase="Comparing hashes",
                     message=f"{look.row.verified} files")  # fmt: skip

    def still(size: int) -> None:
        look.row.verified_bytes += size
        look.says.report()

    said = verdict(path, record.hash, still=still)
    look.row.verified += 1
    if said == Verdict.OTHER:
        look.tell(Found(Kind.CHANGED, record.path, record, "Its content is not what was hashed."))
    elif said == Verdict.UNREADABLE:
        look.tell(Found(Kind.UNREADABLE, record.path, record))
    elif said == Verdict.SAME:
        _is_right(look, record)


def _is_worth_reading(path: Path, record: Recorded) -> bool:
    try:
        about = path.stat()
    except OSError:
        return False  # gone meanwhile: the next scan will say so
    is_whole = record.size in {None, about.st_size} and not is_settling(about.st_mtime)
    return is_whole and len(record.hash) in BY_LENGTH


def _note_checked(look: Look) -> None:
    if not look.row.is_dry_run:
        copies.note_checked(records=look.checked)
    look.checked.clear()


def _is_right(look: Look, record: Recorded) -> None:
    look.checked.append(record.key)
    if len(look.checked) >= AT_ONCE:
        _note_checked(look)
    if not record.exists:
        look.tell(Found(Kind.FOUND, record.path, record))
        look.found.append(record)
