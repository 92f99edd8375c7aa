"""A file of Alyx's `dumpdata`: read in pieces and laid aside on the disk, whatever its size."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from lab.errors import DumpDoesNotFit, DumpUnreadable

Fields = dict[str, Any]
PIECE = 1024 * 1024  # characters
LONGEST_RECORD = 64 * PIECE
AT_THE_END = 8  # characters: a word or number that a piece's end has cut
AT_ONCE = 1000  # rows
SPACE = re.compile(r"\s*")
TABLE = """
    CREATE TABLE rows (place INTEGER PRIMARY KEY, kind TEXT, key TEXT, line INT, fields TEXT);
    CREATE UNIQUE INDEX by_key ON rows (key, kind);
    CREATE INDEX by_kind ON rows (kind, place);
"""


@dataclass(frozen=True)
class Row:
    """One record of the dump."""

    kind: str  # "subjects.subject"
    key: str
    fields: Fields
    line: int = 0

    def __str__(self) -> str:
        named = self.fields.get("nickname") or self.fields.get("name") or ""
        return f"{self.kind} {self.key}{f' ({named})' if named else ''}, line {self.line}"


class Dump:
    """All records of a dump, in a file of the system's own that is gone with this object."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("")  # a temporary file
        self._rows.executescript(TABLE)

    @property
    def counts(self) -> Counter[str]:
        return Counter(dict(self._rows.execute("SELECT kind, count(*) FROM rows GROUP BY kind")))

    def of(self, kind: str) -> Iterator[Row]:
        """Yield the records of a kind, as they stand in the file."""
        for piece in self.pieces(kind):
            yield from piece

    def pieces(self, kind: str) -> Iterator[list[Row]]:
        """Yield the records of a kind, a thousand at once."""
        last = -1
        while True:
            found = self._rows.execute(
                "SELECT place, key, fields, line FROM rows WHERE kind = ? AND place > ? "
                "ORDER BY place LIMIT ?", (kind, last, AT_ONCE),
            ).fetchall()  # fmt: skip
            if not found:
                return
            last = found[-1][0]
            yield [Row(kind, key, json.loads(fields), line) for _, key, fields, line in found]

    def find(self, kind: str, key: Any) -> Row | None:
        found = self._rows.execute(
            "SELECT fields, line FROM rows WHERE key = ? AND kind = ?", (str(key), kind)
        ).fetchone()
        return Row(kind, str(key), json.loads(found[0]), found[1]) if found else None

    def first(self, kind: str) -> Row | None:
        return next(self.of(kind), None)

    def kind_of(self, key: Any) -> str | None:
        """Return what kind of record has an id; those that have it twice are one row of two."""
        found = self._rows.execute(
            "SELECT kind FROM rows WHERE key = ? ORDER BY place", (str(key),)
        ).fetchone()
        return found[0] if found else None

    def has(self, keys: Iterable[str], kinds: Sequence[str]) -> set[str]:
        """Return those of the keys that a record of one of the kinds has."""
        wanted, found = list(keys), set[str]()
        of = f"kind IN ({', '.join('?' * len(kinds))})"
        for begin in range(0, len(wanted), AT_ONCE // 2):
            piece = wanted[begin : begin + AT_ONCE // 2]
            marks = ", ".join("?" * len(piece))
            query = f"SELECT key FROM rows WHERE key IN ({marks}) AND {of}"  # noqa: S608  marks
            found |= {key for (key,) in self._rows.execute(query, [*piece, *kinds])}
        return found

    def add(self, rows: Iterable[Row]) -> None:
        """Lay records aside.

        Raises
        ------
        DumpDoesNotFit
            A record stands there twice.
        """
        for row in rows:
            values = (row.kind, row.key, row.line, json.dumps(row.fields))
            try:
                self._rows.execute(
                    "INSERT INTO rows (kind, key, line, fields) VALUES (?, ?, ?, ?)", values
                )
            except sqlite3.IntegrityError:
                first = self.find(row.kind, row.key)
                at = first.line if first else 0
                raise DumpDoesNotFit(f"{row}: it stands there already, in line {at}.") from None

    def take_over(self, kind: str, other: str) -> None:
        """Let the records of another kind stand in the place of those of this one."""
        self._rows.execute("DELETE FROM rows WHERE kind = ?", (kind,))
        self._rows.execute("UPDATE rows SET kind = ? WHERE kind = ?", (kind, other))


def read(file: Path) -> Dump:
    """Read a dump.

    Raises
    ------
    DumpUnreadable, DumpDoesNotFit
        It cannot be opened, is no JSON, is no list of records, or has one twice.
    """
    dump = Dump()
    try:
        with file.open(encoding="utf-8") as stream:
            dump.add(_rows(stream, file))
    except (OSError, UnicodeDecodeError) as error:
        raise DumpUnreadable(f"{file} cannot be read: {error}.") from None
    return dump


def _rows(stream: TextIO, file: Path) -> Iterator[Row]:
    for number, (line, each) in enumerate(_Reader(stream, file).records(), start=1):
        if not isinstance(each, dict) or not {"model", "pk", "fields"} <= set(each):
            raise DumpUnreadable(
                f"{file}, line {line}: record {number} has no model, pk and fields."
            )
        if not isinstance(each["fields"], dict):
            raise DumpUnreadable(f"{file}, line {line}: the fields of record {number} are no map.")
        yield Row(str(each["model"]).lower(), str(each["pk"]), each["fields"], line)


class _Reader:
    """Takes one record after the other out of a list that may be longer than the memory."""

    def __init__(self, stream: TextIO, file: Path) -> None:
        self.stream, self.file = stream, file
        self.text, self.place, self.line = "", 0, 1
        self.decoder = json.JSONDecoder()

    def records(self) -> Iterator[tuple[int, Any]]:
        """Yield each record with the line in which it begins."""
        self._need("[", "it holds no list of records")
        is_first = True
        while self._sign() != "]":
            if not is_first:
                self._need(",", "a comma is missing between two records")
                self._sign()
            is_first = False
            yield self.line, self._record()

    def _need(self, sign: str, otherwise: str) -> None:
        if self._sign() != sign:
            raise DumpUnreadable(f"{self.file}, line {self.line}: {otherwise}.")
        self._take(1)

    def _sign(self) -> str:
        """Return the next sign that is no space, without taking it."""
        while True:
            self._take(SPACE.match(self.text, self.place).end() - self.place)  # type: ignore[union-attr]  # matches nothing too
            if self.place < len(self.text):
                return self.text[self.place]
            if not self._more():
                raise DumpUnreadable(
                    f"{self.file}, line {self.line}: it ends in the middle; it was cut off."
                )

    def _record(self) -> Any:
        while True:
            try:
                record, end = self.decoder.raw_decode(self.text, self.place)
            except json.JSONDecodeError as error:
                if not self._is_cut(error) or not self._more():
                    raise self._refusal(error) from None
            else:
                self._take(end - self.place)
                return record

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Say whether more of the file may mend it."""
        near_the_end = error.pos >= len(self.text) - AT_THE_END
        is_short = len(self.text) - self.place < LONGEST_RECORD
        return is_short and (near_the_end or error.msg.startswith("Unterminated string"))

    def _refusal(self, error: json.JSONDecodeError) -> DumpUnreadable:
        line = self.line + self.text.count("\n", self.place, error.pos)
        begun = f", in the record that begins in line {self.line}"
        return DumpUnreadable(f"{self.file}, line {line}{begun}: {error.msg}.")

    def _take(self, count: int) -> None:
        self.line += self.text.count("\n", self.place, self.place + count)
        self.place += count

    def _more(self) -> bool:
        piece = self.stream.read(PIECE)
        self.text, self.place = self.text[self.place :] + piece, 0
        return bool(piece)
