"""What one scan has come upon so far."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from lab.models import FileFinding, FileScan, Repository
from lab.services.scans import walk
from lab.services.scans.comparing import Found, Recorded

MOST_FINDINGS = 10_000  # of one kind are listed; all are counted
AT_ONCE = 500


class Says(Protocol):
    def report(self, done: float | None = None, total: float | None = None, *,
               phase: str | None = None, message: str | None = None) -> None: ...  # fmt: skip


class Silent:
    """For whoever does not want to hear how far a scan is."""

    def report(self, *_: Any, **__: Any) -> None:
        return


@dataclass(frozen=True)
class Budget:
    """How much may be read for hashes in one scan."""

    bytes: int = 200 * 10**9
    seconds: float = 2 * 3600.0


@dataclass
class Look:
    """What one scan has come upon so far."""

    repository: Repository
    root: Path
    row: FileScan
    says: Says
    budget: Budget
    counts: Counter[str] = field(default_factory=Counter)
    missing: list[Recorded] = field(default_factory=list)
    found: list[Recorded] = field(default_factory=list)
    suspects: list[Recorded] = field(default_factory=list)
    strange: list[walk.File] = field(default_factory=list)
    notes: list[FileFinding] = field(default_factory=list)
    checked: list[UUID] = field(default_factory=list)
    there: int = 0  # records that should have a file, and have one
    is_lost: bool = False  # the folder itself could not be read

    def tell(self, item: Found) -> None:
        self.counts[item.kind] += 1
        if self.counts[item.kind] > MOST_FINDINGS:
            return
        key = item.record.key if item.record else None
        path = item.path.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        self.notes.append(FileFinding(scan=self.row, kind=item.kind, path=path, file_record=key,
                                      detail=item.detail[:255]))  # fmt: skip

    def keep(self) -> None:
        """Write the findings down; not while rows are being read, which SQLite would refuse."""
        FileFinding.objects.bulk_create(self.notes, batch_size=AT_ONCE)
        self.notes.clear()

    def path_of(self, record: Recorded) -> Path:
        return self.root / record.path.decode()
