"""Rows as JSON Lines: an object for each, its values as they are."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from typing import Any, ClassVar

from factorial.models import Design
from factorial.queries.exports.columns import Column, Table
from factorial.queries.exports.trials import Piece, Tail

TRUTHS = {True: "true", False: "false", None: "null"}


def dumped(value: Any) -> str:
    """Return a value as JSON."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{value}"'
    return json.dumps(value, ensure_ascii=False)


@dataclass
class JsonLines:
    """What all events of a trial share is written once and repeated; the rest is filled in."""

    design: Design
    table: Table
    keeps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._names = [f"{encode_basestring(column.name)}:" for column in self.table.head]
        tail = [encode_basestring(column.name) for column in self.table.tail]
        self._rest = "".join(f",{name.replace('%', '%%')}:%s" for name in tail)

    def begin(self) -> bytes:
        return b""

    def write(self, piece: Piece) -> bytes:
        heads = [self._head(head) for head in piece.heads]
        if piece.tails is None:
            text = "".join(f"{{{head}}}\n" for head in heads)
        else:
            text = "".join(map(self._lines, heads, piece.tails))
        return text.encode(errors="backslashreplace")  # a half of a pair stays as JSON escapes it

    def end(self) -> bytes:
        return b""

    def _head(self, cells: Sequence[Any]) -> str:
        pairs = zip(self._names, cells, strict=True)
        return ",".join([name + dumped(cell) for name, cell in pairs])

    def _lines(self, head: str, tail: Tail) -> str:
        row = f"{{{head.replace('%', '%%')}{self._rest}}}\n"
        columns = map(_column, self.table.tail, tail.columns)
        return "".join(map(row.__mod__, zip(*columns, strict=True)))


def _column(column: Column, cells: Sequence[Any]) -> Sequence[Any]:
    """Return a column of events as what is filled in; a number is written as it reads."""
    if column.kind in {"integer", "number"}:
        return ["null" if cell is None else cell for cell in cells] if None in cells else cells
    if column.kind == "truth":
        return [TRUTHS[cell] for cell in cells]
    if column.kind == "text":
        return ["null" if cell is None else encode_basestring(cell) for cell in cells]
    return list(map(dumped, cells))
