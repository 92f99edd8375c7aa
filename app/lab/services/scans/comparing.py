"""A repository's records beside its files, both in the order of their paths."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Collate

from lab.models import FileFinding, FileRecord, Repository
from lab.services.scans.walk import Closed, File

Kind = FileFinding.Kind
SETTLING_S = 600  # a file that was written to so lately may still be being written
AT_ONCE = 2000
COLUMNS = ("pk", "relative_path", "exists", "dataset__file_size", "dataset__hash", "checked_at")


@dataclass(frozen=True)
class Recorded:
    """One record of a file, and what its dataset says of it."""

    key: UUID
    path: bytes
    exists: bool
    size: int | None
    hash: str
    checked_at: datetime | None


@dataclass(frozen=True)
class Found:
    """Something that is not as recorded."""

    kind: str
    path: bytes
    record: Recorded | None = None
    detail: str = ""


@dataclass(frozen=True)
class Suspect:
    """A file that has to be read before anything can be said of it."""

    record: Recorded


@dataclass(frozen=True)
class Fine:
    record: Recorded


Result = Found | Suspect | Fine | File


def records_of(repository: Repository) -> Iterator[Recorded]:
    """Yield the records in the order of their paths' bytes, whatever the database sorts by."""
    rows = _in_order(FileRecord.objects.filter(repository=repository))
    return (_record(row) for row in rows.values_list(*COLUMNS).iterator(chunk_size=AT_ONCE))


def recorded(rows: QuerySet[Any]) -> Iterator[Recorded]:
    """Return these rows as records, read at once: others may be written to meanwhile."""
    return map(_record, list(rows.values_list(*COLUMNS)))


def _record(row: tuple[Any, ...]) -> Recorded:
    key, path, *facts = row
    return Recorded(key, path.encode(), *facts)


def _in_order(rows: QuerySet[Any]) -> QuerySet[Any]:
    if connection.vendor == "postgresql":
        return rows.order_by(Collate(F("relative_path"), "C"))
    return rows.order_by("relative_path")


def compared(files: Iterable[File | Closed], records: Iterator[Recorded]) -> Iterator[Result]:
    """Yield what each file and each record comes to; a file without a record as itself."""
    closed: list[bytes] = []
    record = next(records, None)
    for item in files:
        while record is not None and record.path < item.path:
            yield _without_file(record, closed)
            record = next(records, None)
        if isinstance(item, Closed):
            closed.append(item.path)
            yield Found(Kind.UNREADABLE, item.path, detail=item.why)
        elif record is not None and record.path == item.path:
            yield _both(record, item)
            record = next(records, None)
        else:
            yield item
    while record is not None:
        yield _without_file(record, closed)
        record = next(records, None)


def _without_file(record: Recorded, closed: list[bytes]) -> Result:
    if any(not path or (record.path + b"/").startswith(path + b"/") for path in closed):
        return Fine(record)  # nobody can say
    return Found(Kind.MISSING, record.path, record) if record.exists else Fine(record)


def _both(record: Recorded, file: File) -> Result:
    if is_settling(file.changed_at):
        return Fine(record)
    if record.size is not None and record.size != file.size:
        return Found(
            Kind.CHANGED, record.path, record, f"{file.size} bytes, not {record.size}"
        )  # fmt: skip
    if not record.exists:
        return Suspect(record) if record.hash else Found(Kind.FOUND, record.path, record)
    touched = record.checked_at and file.changed_at > record.checked_at.timestamp()
    return Suspect(record) if touched and record.hash else Fine(record)


def is_settling(changed_at: float) -> bool:
    return abs(time.time() - changed_at) < SETTLING_S
