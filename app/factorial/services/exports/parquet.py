"""Rows as Parquet: a group of rows at a time, built column by column.

The library is large, so it is loaded by whoever writes Parquet, when it is written.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from factorial.models import Design
from factorial.queries.exports.columns import Column, Table
from factorial.queries.exports.trials import Piece, Tail
from factorial.queries.exports.values import Kind
from factorial.services.exports import arrays, dictionary
from factorial.services.exports.lines import dumped

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_A_GROUP = 16_384
MOST_TRIALS_IN_A_GROUP = 8_192


class _Sink:
    """A file that is emptied by whoever sends it on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0
        self.closed = False

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Do nothing: all that was written is there."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


class Parquet:
    """One file, typed as the design says; what is a column's meaning stands with the column."""

    keeps: ClassVar[bool] = False

    def __init__(self, design: Design, table: Table) -> None:
        self.design, self.table = design, table
        self._heads: list[list[Any]] = []
        self._tails: list[Tail] = []
        self._rows = 0

    def begin(self) -> bytes:
        import pyarrow as pa  # noqa: PLC0415  see above
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._arrow, self._sink = pa, _Sink()
        self._schema = self._described()
        self._writer = pq.ParquetWriter(self._sink, self._schema)
        return self._sink.taken()

    def write(self, piece: Piece) -> bytes:
        self._heads += piece.heads
        self._tails += piece.tails or []
        self._rows += piece.count
        full = self._rows >= ROWS_IN_A_GROUP or len(self._heads) >= MOST_TRIALS_IN_A_GROUP
        return self._group() if full else b""

    def end(self) -> bytes:
        last = self._group() if self._heads else b""
        self._writer.close()
        return last + self._sink.taken()

    def _group(self) -> bytes:
        heads: list[pa.Array] = list(map(self._array, self.table.head, self._turned(self._heads)))
        if self.table.tail:
            heads = self._repeated(heads)
        arrays = [*heads, *map(self._array, self.table.tail, self._joined())]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._heads, self._tails, self._rows = [], [], 0
        return self._sink.taken()

    def _turned(self, heads: list[list[Any]]) -> list[tuple[Any, ...]]:
        return list(zip(*heads, strict=True))

    def _repeated(self, heads: "list[pa.Array]") -> "list[pa.Array]":
        """Return what is said of a trial, once for each of its events."""
        which = arrays.places(self._arrow, (tail.count for tail in self._tails))
        return [array.take(which) for array in heads]

    def _joined(self) -> list[list[Any]]:
        joined: list[list[Any]] = [[] for _ in self.table.tail]
        for tail in self._tails:
            for all_of_it, cells in zip(joined, tail.columns, strict=True):
                all_of_it.extend(cells)
        return joined

    def _array(self, column: Column, cells: Sequence[Any]) -> "pa.Array":
        kind = self._type(column.kind)
        if column.kind in {"any", "data"}:
            cells = [None if cell is None else _as_text(cell) for cell in cells]
        try:
            return arrays.column(self._arrow, cells, kind)
        except (TypeError, ValueError, OverflowError):  # text that is no text is one of these
            return self._arrow.array(list(map(_storable, cells)), kind)

    def _type(self, kind: Kind) -> "pa.DataType":
        arrow = self._arrow
        plain = {"integer": arrow.int64(), "number": arrow.float64(), "truth": arrow.bool_(),
                 "time": arrow.timestamp("us", tz="UTC")}  # fmt: skip
        return plain.get(kind, arrow.string())

    def _described(self) -> "pa.Schema":
        fields = [
            self._arrow.field(column.name, self._type(column.kind), metadata=_about(column))
            for column in self.table.columns
        ]
        facts = {"studium.design": self.design.code, "studium.digest": self.design.digest,
                 "studium.table": self.table.what}  # fmt: skip
        return self._arrow.schema(fields, metadata=facts)


def _about(column: Column) -> dict[str, str]:
    said = dictionary.entry(column)
    return {name: value if isinstance(value, str) else dumped(value)
            for name, value in said.items() if name != "name" and value}  # fmt: skip


def _as_text(cell: Any) -> str:
    return cell if isinstance(cell, str) else dumped(cell)


def _storable(cell: Any) -> Any:
    """Return what a column can hold: whole numbers of any size as floats, text without halves."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(cell)
    return cell.encode(errors="backslashreplace").decode() if isinstance(cell, str) else cell
