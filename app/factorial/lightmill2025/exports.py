"""Logs as CSV and as JSON, line by line while they are read."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from common import spreadsheets
from factorial.lightmill2025 import documents
from factorial.models import LogRun
from factorial.queries import log_runs
from factorial.queries.logs import Row, Selection

AT_ONCE = 500
LOG_COLUMNS = (
    "type", "experiment_name", "run_name", "run_status", "run_id", "log_id", "log_number",
    "log_time",
)  # fmt: skip
# A column is left out where all of its cells are what was asked for.
ASKED_BY = {
    "type": "filter[logType]",
    "experiment_name": "filter[experiment.name]",
    "run_name": "filter[run.name]",
}


def as_csv(selection: Selection) -> Iterator[bytes]:
    """Yield CSV with the values under the names that they were sent with."""
    names = selection.names()
    columns = [name for name in LOG_COLUMNS
               if len(selection.query.get(ASKED_BY.get(name, ""), [])) != 1]  # fmt: skip
    yield _written([[*columns, *headings(names)]])
    rows = selection.rows()
    while some := list(islice(rows, AT_ONCE)):
        yield _written([_cells(row, columns, names) for row in some])


def headings(names: Sequence[str]) -> list[str]:
    """Return the columns of values; one that a column of the log has has ``value_`` before it."""
    taken = {*LOG_COLUMNS, *names}
    found = []
    for name in names:
        heading = name
        while heading in LOG_COLUMNS or (heading != name and heading in taken):
            heading = f"value_{heading}"
        taken.add(heading)
        found.append(heading)
    return found


def _cells(row: Row, columns: Sequence[str], names: Sequence[str]) -> list[str]:
    run = row.run
    facts = {
        "type": row.type,
        "experiment_name": run.design.code,
        "run_name": run.name,
        "run_status": run.status,
        "run_id": str(run.public_id),
        "log_id": str(row.id),
        "log_number": str(row.number),
        "log_time": row.received_at.isoformat(),
    }
    values = json.loads(row.raw)
    own = [spreadsheets.cell(facts[name]) for name in columns]
    return own + [_cell(values[name]) if name in values else "" for name in names]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return spreadsheets.cell(value)


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode(errors="replace")


def as_json(selection: Selection, include: Sequence[str]) -> Iterator[bytes]:
    """Yield the document; the values are written as they are stored, without being read."""
    runs: dict[int, LogRun] = {}
    yield b'{"data":['
    rows, mark = selection.rows(), "\n"
    while some := list(islice(rows, AT_ONCE)):
        runs |= {row.run.pk: row.run for row in some} if include else {}
        yield (mark + ",\n".join(map(_resource, some))).encode()
        mark = ",\n"
    yield b"\n]"
    if include:
        yield b',"included":['
        yield from _included(list(runs.values()), include)
        yield b"\n]"
    yield b"}"


def _resource(row: Row) -> str:
    kind = json.dumps(row.type)
    return (f'{{"type":"logs","id":"{row.id}","attributes":{{"logType":{kind},'
            f'"number":{row.number},"values":{row.raw}}},"relationships":{{"run":{{"data":'
            f'{{"type":"runs","id":"{row.run.public_id}"}}}}}}}}')  # fmt: skip


def _included(runs: Sequence[LogRun], include: Sequence[str]) -> Iterator[bytes]:
    found = documents.beside(
        log_runs.facts_of(runs),
        runs="run" in include,
        experiments="run.experiment" in include,
        last="run.lastLogs" in include,
    )
    mark = "\n"
    for resource in found:
        yield (mark + json.dumps(resource, separators=(",", ":"))).encode()
        mark = ",\n"
