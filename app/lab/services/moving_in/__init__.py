"""Moving in from Alyx: everything of a dump or nothing; the same dump twice is the same once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.models import User
from lab import recording
from lab.alyx import dump as dumps
from lab.alyx.kinds import KINDS
from lab.errors import DumpDoesNotFit
from lab.services.moving_in import houses, leftovers, rows
from lab.services.moving_in.leftovers import KINDS_LEFT


@dataclass
class Report:
    """What happened to each kind of record."""

    made: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)  # kinds that are not carried over
    fields: dict[tuple[str, str], int] = field(default_factory=dict)  # and fields
    notes: list[str] = field(default_factory=list)


def import_alyx(
    *,
    file: Path,
    by: User | None = None,
    dry_run: bool = False,
    translate: Callable[[dumps.Dump], None] = lambda _dump: None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Bring in all records of a dump with their ids, times and password hashes.

    ``translate`` puts the records of a fork into Alyx's words.
    A dry run does everything and takes it back, so that what it counts is what will happen.

    Raises
    ------
    DumpUnreadable, DumpDoesNotFit
        Nothing was kept.
    """
    dump = dumps.read(file)
    translate(dump)
    counts = dump.counts
    _need_known(dump, counts)
    report = Report(left={kind: counts[kind] for kind in sorted(counts) if kind in KINDS_LEFT})
    try:
        with transaction.atomic(), recording.by(by, reason=f"Moved in from {file.name}."):
            _bring_in(dump, report, tell)
            transaction.get_connection().check_constraints()
            transaction.set_rollback(dry_run)
    except IntegrityError as error:
        raise DumpDoesNotFit(str(error).splitlines()[0]) from None
    return report


def _need_known(dump: dumps.Dump, counts: Mapping[str, int]) -> None:
    for kind in sorted(set(counts) - set(KINDS) - set(KINDS_LEFT) - houses.KINDS):
        row = dump.first(kind)
        raise DumpDoesNotFit(f"{row}: nobody here knows records of the kind {kind}.")


def _bring_in(dump: dumps.Dump, report: Report, tell: Callable[[str], None]) -> None:
    found = houses.bring_in(dump, report)
    for kind in houses.KINDS:
        for piece in dump.pieces(kind):
            leftovers.count(piece, report)
    counts = dump.counts
    for kind in KINDS:
        if counts[kind]:
            tell(f"{kind}: {counts[kind]}")
            rows.bring_in(kind, dump, found, report)
    houses.furnish(dump, found)
    rows.finish(dump, report)
