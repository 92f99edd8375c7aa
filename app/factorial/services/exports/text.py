"""Rows as text: CSV for everything, and the tab-separated logs of TouchStone."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, ClassVar

from common import spreadsheets
from factorial.models import Design
from factorial.queries.exports.columns import EVENT, FACTOR, MEASURE, RECORD, Column, Table
from factorial.queries.exports.trials import Piece, Tail
from factorial.queries.exports.values import Kind

PLAIN: frozenset[Kind] = frozenset({"integer", "number"})
TYPES: dict[Kind, str] = {"integer": "Integer", "number": "Float", "truth": "Boolean"}
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
FIRST = {"trials": ("experiment", "run", "block", "trial"), "events": ("block", "trial")}
TRUTHS = {True: "true", False: "false", None: None}


def word(value: Any) -> Any:
    """Return a value as what stands for it in a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def guarded(value: Any) -> Any:
    found = word(value)
    is_risky = isinstance(found, str) and not found[:1].isalnum()
    return spreadsheets.guarded(found) if is_risky else found


def words(column: Column, cells: Sequence[Any], *, look: bool, read: Any) -> Sequence[Any]:
    """Return a column of events as words; numbers are left to whoever writes them."""
    if column.kind in PLAIN and not look:
        return cells
    if column.kind == "truth" and not look:
        return [TRUTHS[cell] for cell in cells]
    return [cell if cell is None else read(cell) for cell in cells]


@dataclass
class Csv:
    """Commas, quotes where they are needed, UTF-8; text that would be calculated is guarded."""

    design: Design
    table: Table
    keeps: ClassVar[bool] = True

    def begin(self) -> bytes:
        return _csv([[guarded(column.name) for column in self.table.columns]])

    def write(self, piece: Piece) -> bytes:
        return _csv(self._rows(piece))

    def end(self) -> bytes:
        return b""

    def _rows(self, piece: Piece) -> Iterator[Sequence[Any]]:
        heads = (tuple(map(guarded, head)) for head in piece.heads)
        if piece.tails is None:
            yield from heads
            return
        for head, tail in zip(heads, piece.tails, strict=True):
            for row in zip(*_columns(self.table, tail, guarded), strict=True):
                yield head + row


def _columns(table: Table, tail: Tail, read: Any) -> list[Sequence[Any]]:
    pairs = zip(table.tail, tail.columns, strict=True)
    return [words(column, cells, look=tail.has_misfits, read=read) for column, cells in pairs]


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode(errors="backslashreplace")


class Tsv:
    """TouchStone's logs: comments, names, types, rows; what it does not know of stands behind.

    Tabs, line ends and backslashes inside a value are written with a backslash. Of events, a line
    stands only where something has changed.
    """

    keeps: ClassVar[bool] = True

    def __init__(self, design: Design, table: Table) -> None:
        self.design, self.table = design, table
        self._order = _order(table)
        self._ordered = itemgetter(*self._order)
        self._completed = _place(table, "completed") if table.what == "trials" else 0
        columns = [table.columns[place] for place in self._order]
        self._names = _names(columns, table.what)
        self._types = [TYPES.get(column.kind, "String") for column in columns]
        self._hit = _place_of_hit(columns) if table.what == "trials" else 0
        if "HIT" in self._names:  # the client has logged it itself
            self._hit = 0

    def begin(self) -> bytes:
        names, types = list(self._names), list(self._types)
        if self._hit:
            names.insert(self._hit, "HIT")
            types.insert(self._hit, "Boolean")
        return "".join((*self._comments(), _line(names), _line(types))).encode()

    def _comments(self) -> Iterator[str]:
        design = self.design
        facts = {"experiment": design.code, "name": design.name, "author": design.author,
                 "description": design.description, "digest": design.digest,
                 "table": self.table.what}  # fmt: skip
        for name, value in facts.items():
            yield f"# {name}: {value.translate(ESCAPES)}\n"

    def write(self, piece: Piece) -> bytes:
        return "".join(map(_line, self._rows(piece))).encode(errors="backslashreplace")

    def end(self) -> bytes:
        return b""

    def _rows(self, piece: Piece) -> Iterator[Sequence[Any]]:
        heads = [tuple(map(word, head)) for head in piece.heads]
        if piece.tails is None:
            yield from (self._with_hit(head) for head in heads)
            return
        for head, tail in zip(heads, piece.tails, strict=True):
            for row in self._changed(zip(*_columns(self.table, tail, word), strict=True)):
                yield self._ordered(head + row)

    def _with_hit(self, head: tuple[Any, ...]) -> Sequence[Any]:
        row = list(self._ordered(head))
        if self._hit:
            row.insert(self._hit, head[self._completed])
        return row

    def _changed(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        if self.table.what != "events":
            yield from rows
            return
        before: tuple[Any, ...] | None = None
        for row in rows:
            if row[1:] != before:
                yield row
            before = row[1:]


def _line(cells: Iterable[Any]) -> str:
    texts = ("" if cell is None else str(cell).translate(ESCAPES) for cell in cells)
    return "\t".join(texts) + "\n"


def _place(table: Table, name: str) -> int:
    return next(place for place, column in enumerate(table.columns) if column.name == name)


def _order(table: Table) -> list[int]:
    """Return the places of columns as TouchStone has them: where, factors, measures; then ours."""
    wanted = FIRST.get(table.what, ())
    columns = list(enumerate(table.columns))
    first = [_place(table, name) for name in wanted]
    known = {FACTOR: 1, MEASURE: 2, EVENT: 2} if wanted else {}
    middle = sorted((known[column.source], place) for place, column in columns
                    if column.source in known)  # fmt: skip
    ordered = [*first, *(place for _, place in middle)]
    return [*ordered, *(place for place, _ in columns if place not in set(ordered))]


def _place_of_hit(columns: Sequence[Column]) -> int:
    """Return where the column stands that says whether a trial counts: behind the measures."""
    known = len(FIRST["trials"])
    return known + sum(column.source in {FACTOR, MEASURE} for column in columns)


def _names(columns: Sequence[Column], what: str) -> list[str]:
    """Return the names: TouchStone's participant is the planned run, ours a pseudonym."""
    if what not in FIRST:
        return [column.name for column in columns]
    taken = {column.name for column in columns}
    pseudonym = "pseudonym" if "pseudonym" not in taken else "_participant_pseudonym"
    ours = {"run": "participant", "participant": pseudonym}
    return [
        ours.get(column.name, column.name) if column.source == RECORD else column.name
        for column in columns
    ]
