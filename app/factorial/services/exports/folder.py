"""An export as a folder: its tables, its dictionary, its manifest, and a checksum of each file.

A folder is written beside its place and takes it when every byte is on the disk. Whatever ends the
process before, the export that was there is there still; what is left over, the next puts right.
"""

import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.timezone import now

from factorial.errors import BeingWritten, InTheWay
from factorial.models import Design
from factorial.queries.exports.attempts import Wish
from factorial.queries.exports.columns import What
from factorial.services.exports import lightmill, streams
from runs.services import files

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
UNSAFE = re.compile(r"[%/\\\x00-\x1f\x7f]|^\.")
LONGEST = 150  # bytes of a file's name that come from the design


@dataclass(frozen=True)
class Written:
    """One file of an export."""

    name: str
    rows: int | None
    bytes: int
    sha256: str


@dataclass
class Folder:
    """The folder of one design below the one that was named, while it is being written."""

    design: Design
    to: Path
    wish: Wish
    form: str
    written: list[Written] = field(default_factory=list)

    @property
    def place(self) -> Path:
        return self.to / safe(self.design.code)

    @property
    def _part(self) -> Path:
        return self.to / f".{self.place.name}.part"

    @property
    def _old(self) -> Path:
        return self.to / f".{self.place.name}.old"

    def write(self, what: Sequence[What]) -> Path:
        """Write everything, and return where it is.

        Raises
        ------
        OSError
            The disk is full, or the folder may not be written; what was there before is there.
        InTheWay, BeingWritten
            Something that is no export has the name; another process is at it.
        """
        self.to.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._recover()
            try:
                self._part.mkdir()
                self._fill(what)
                self._swap()
            finally:
                shutil.rmtree(self._part, ignore_errors=True)
        return self.place

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold a lock that ends with the process, however it ends."""
        with (self.to / f".{self.place.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BeingWritten from None
            yield

    def _recover(self) -> None:
        """Put right what an end in the middle has left."""
        if self._old.exists() and not self.place.exists():
            self._old.rename(self.place)
        for left in (self._old, self._part):
            shutil.rmtree(left, ignore_errors=True)
        if self.place.exists() and not (self.place / MANIFEST).is_file():
            raise InTheWay(f"{self.place} is there and is no export of a design.")

    def _swap(self) -> None:
        if self.place.exists():
            self.place.rename(self._old)
        self._part.rename(self.place)
        files.settle(self.to)
        shutil.rmtree(self._old, ignore_errors=True)

    # --- what is in it --------------------------------------------------------------------------
    def _fill(self, what: Sequence[What]) -> None:
        if self.form == "lightmill":
            for name, rows in lightmill.files(self.design, self.wish, safe):
                self._add(name, rows)
            if self.design.log_runs.exists():  # that server knew none; nobody is to miss theirs
                self._table(f"{safe(self.design.code)}-logs.csv", "logs", "csv")
        else:
            for each in what:
                self._table(f"{each}.{self.form}", each, self.form)
        for form in streams.DICTIONARIES:
            self._add(f"dictionary.{form}", [streams.dictionary_of(self.design, form)])
        self._add(MANIFEST, [self._manifest(what)])
        sums = "".join(f"{each.sha256}  {each.name}\n" for each in self.written)
        self._add(SUMS, [sums.encode()])
        for folder in {self._part / each.name for each in self.written}:
            files.settle(folder.parent)

    def _table(self, name: str, what: What, form: str) -> None:
        export = streams.Export(self.design, what, form, self.wish)
        self._add(name, export.chunks(), export)

    def _add(self, name: str, chunks: Any, export: streams.Export | None = None) -> None:
        path = self._part / name
        path.parent.mkdir(exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            files.on_disk(file)
        rows = export.rows if export else None
        self.written.append(Written(name, rows, size, digest.hexdigest()))

    def _manifest(self, what: Sequence[What]) -> bytes:
        facts = {
            **about(self.design),
            "asked": {"what": list(what), "form": self.form, **asdict(self.wish)},
            "files": [asdict(each) for each in self.written],
        }
        return json.dumps(facts, ensure_ascii=False, indent=1).encode()


def about(design: Design) -> dict[str, Any]:
    """Return where rows come from: the design, its hashes, and the software that wrote them."""
    document = design.document
    return {
        "export": "studium.design",
        "version": 1,
        "made_at": now().isoformat(),
        "release": settings.RELEASE,
        "design": {
            "code": design.code,
            "name": design.name,
            "lab": design.lab.slug,
            "project": design.project.slug,
            "format": design.format,
            "digest": design.digest,
            "document_sha256": hashlib.sha256(document.encode()).hexdigest() if document else None,
            "planned_runs": design.planned_runs.count(),
        },
    }


def safe(code: str) -> str:
    """Return an id as the name of a file; ids that differ have names that do."""
    name = UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", code)
    if len(name.encode()) <= LONGEST:
        return name
    short = name.encode()[: LONGEST - 9].decode(errors="ignore")
    return f"{short}-{hashlib.sha256(code.encode()).hexdigest()[:8]}"
