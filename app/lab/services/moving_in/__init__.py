"""Moving in from Alyx: everything of a dump or nothing; the same dump twice is the same once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.models import User
from lab import recording
from lab.alyx import dump as dumps
from lab.alyx.kinds import KINDS
from lab.errors import DumpDoesNotFit
from lab.services.moving_in import houses, rows

LEFT = {"auth.group", "auth.permission", "contenttypes.contenttype", "admin.logentry",
        "sessions.session", "authtoken.token", "reversion.version",
        "reversion.revision"}  # fmt: skip


@dataclass
class Report:
    """What happened to each kind of record."""

    made: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def import_alyx(
    *,
    file: Path,
    by: User | None = None,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Bring in all records of a dump with their ids, times and password hashes.

    A dry run does everything and takes it back, so that what it counts is what will happen.

    Raises
    ------
    DumpUnreadable, DumpDoesNotFit
        Nothing was kept.
    """
    dump = dumps.read(file)
    report = Report(left={kind: count for kind, count in dump.counts.items() if kind in LEFT})
    unknown = set(dump.counts) - set(KINDS) - LEFT - houses.KINDS
    if unknown:
        raise DumpDoesNotFit(
            f"The dump holds what nobody here knows: {', '.join(sorted(unknown))}."
        )
    try:
        with transaction.atomic(), recording.by(by, reason=f"Moved in from {file.name}."):
            _bring_in(dump, report, tell)
            transaction.get_connection().check_constraints()
            transaction.set_rollback(dry_run)
    except IntegrityError as error:
        raise DumpDoesNotFit(str(error).splitlines()[0]) from None
    return report


def _bring_in(dump: dumps.Dump, report: Report, tell: Callable[[str], None]) -> None:
    found = houses.bring_in(dump, report)
    for kind in KINDS:
        if dump.of(kind):
            tell(f"{kind}: {len(dump.of(kind))}")
            rows.bring_in(kind, dump, found, report)
    houses.furnish(dump, found)
    rows.finish(dump)
