"""Exports as streams of bytes: whatever the form, a few thousand rows are in memory."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from factorial.models import Design
from factorial.queries.exports import logs
from factorial.queries.exports.attempts import Wish
from factorial.queries.exports.columns import Table, What, table_of
from factorial.queries.exports.trials import Piece, Reader
from factorial.services.exports import dictionary
from factorial.services.exports.lines import JsonLines
from factorial.services.exports.parquet import Parquet
from factorial.services.exports.text import Csv, Tsv, guarded


class Form(Protocol):
    """One way to write rows; ``keeps`` says whether a cell may hold what is not of its type."""

    keeps: ClassVar[bool]

    def begin(self) -> bytes: ...
    def write(self, piece: Piece) -> bytes: ...
    def end(self) -> bytes: ...


@dataclass(frozen=True)
class Kind:
    make: Callable[[Design, Table], Form]
    media_type: str


FORMS: Mapping[str, Kind] = {
    "csv": Kind(Csv, "text/csv; charset=utf-8"),
    "tsv": Kind(Tsv, "text/tab-separated-values; charset=utf-8"),
    "jsonl": Kind(JsonLines, "application/x-ndjson"),
    "parquet": Kind(Parquet, "application/vnd.apache.parquet"),
}
DICTIONARIES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@dataclass
class Export:
    """One table of one design in one form. ``rows`` counts what was written so far."""

    design: Design
    what: What
    form: str
    wish: Wish = field(default_factory=Wish)
    rows: int = 0

    def table(self) -> Table:
        logged = logs.logged_in(self.design) if self.what == "logs" else ()
        return table_of(self.design, self.what, logged=logged)

    def chunks(self) -> Iterator[bytes]:
        table = self.table()
        form = FORMS[self.form].make(self.design, table)
        yield form.begin()
        for piece in self._pieces(table, keep=form.keeps):
            self.rows += piece.count
            yield form.write(piece)
        yield form.end()

    def _pieces(self, table: Table, *, keep: bool) -> Iterator[Piece]:
        if self.what == "logs":
            return logs.pieces(self.design, table, self.wish, keep=keep)
        return Reader(self.design, table, self.wish, keep).pieces()


def tables(design: Design) -> list[Table]:
    """Return every table that a design has: those of its plan, and that of its logs."""
    found: list[Table] = []
    if design.planned_runs.exists():
        found += [table_of(design, what) for what in ("trials", "events", "joined")]
    if design.log_runs.exists() or not found:
        found.append(table_of(design, "logs", logged=logs.logged_in(design)))
    return found


def dictionary_of(design: Design, form: str) -> bytes:
    rows = dictionary.rows(tables(design))
    if form == "json":
        return json.dumps({"design": design.code, "digest": design.digest, "columns": rows},
                          ensure_ascii=False, indent=1).encode()  # fmt: skip
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(dictionary.FIELDS)
    writer.writerows([_cells(row) for row in rows])
    return buffer.getvalue().encode()


def _cells(row: Mapping[str, Any]) -> list[Any]:
    return [guarded(row[name]) for name in dictionary.FIELDS]
