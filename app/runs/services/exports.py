"""Writing tables of what was recorded: CSV for people and spreadsheets, NDJSON word for word."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from common import spreadsheets
from runs.models import Run
from runs.queries.tables import Row, columns_of, plain, rows_of

FORMATS = ("csv", "ndjson")


def lines(what: str, runs: QuerySet[Run], form: str) -> Iterator[str]:
    """Yield the lines of a table; nothing but the line at hand is kept in memory."""
    return _csv(what, runs) if form == "csv" else _ndjson(what, runs)


def _csv(what: str, runs: QuerySet[Run]) -> Iterator[str]:
    """Yield CSV; text that a spreadsheet would calculate begins with an apostrophe."""
    columns = columns_of(what)
    yield _line(columns)
    for row in rows_of(what, runs):
        cells = plain(row)
        yield _line([spreadsheets.cell(cells[name]) for name in columns])


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _ndjson(what: str, runs: QuerySet[Run]) -> Iterator[str]:
    for row in rows_of(what, runs):
        yield json.dumps(_opened(row), ensure_ascii=False, default=_said) + "\n"


def _opened(row: Row) -> Row:
    """Return a trial, or its events, as the data that came, not as text inside of text."""
    return {**row, "raw": json.loads(row["raw"])} if "raw" in row else row


def _said(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
