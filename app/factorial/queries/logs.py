"""Logs to be exported: which, and row by row, without ever holding all of them."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from factorial.models import LogRun, Session
from factorial.queries import log_runs
from factorial.queries.log_experiments import keys_in
from factorial.queries.log_runs import Log, Part
from runs.models import Trial

RUNS_AT_ONCE = 200
LOGS_AT_ONCE = 5000
COLUMNS = ("pk", "index", "plugin", "raw", "received_at")


@dataclass(frozen=True)
class Row(Log):
    received_at: datetime


@dataclass(frozen=True)
class Selection:
    """What a query asks for. Canceled runs and what a resumed run has left behind are not in it."""

    session: Session
    query: Mapping[str, list[str]]

    @property
    def types(self) -> list[str] | None:
        return self.query.get("filter[logType]")

    def groups(self) -> Iterator[list[tuple[LogRun, list[Part]]]]:
        """Yield some runs at a time, each with the sequences of which something is seen."""
        runs = log_runs.asked_for(self.session, self.query, "run.")
        every = runs.exclude(status=LogRun.Status.CANCELED).iterator(chunk_size=RUNS_AT_ONCE)
        while some := list(islice(every, RUNS_AT_ONCE)):
            parts = log_runs.parts_of(some)
            yield [(run, [each for each in parts.get(run.run_id, []) if each.is_seen])
                   for run in some]  # fmt: skip

    def rows(self) -> Iterator[Row]:
        for group in self.groups():
            for run, parts in group:
                for part in parts:
                    for values in _rows(part, self.types):
                        pk, number, kind, raw, at = values
                        yield Row(pk, run, number, kind, raw, at)

    def names(self) -> list[str]:
        """Return the names of all values, sorted: those noted, else those found in the logs."""
        found: set[str] = set()
        for group in self.groups():
            for _, parts in group:
                for part in parts:
                    found.update(_names(part, self.types))
        return sorted(found)


def _rows(part: Part, types: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
    """Yield the logs of a sequence, some thousands for each question."""
    last = part.after
    while True:
        found = Trial.objects.filter(visit=part.visit, index__gt=last).order_by("index")
        if part.upto is not None:
            found = found.filter(index__lte=part.upto)
        if types is not None:
            found = found.filter(plugin__in=types)
        rows = list(found.values_list(*COLUMNS)[:LOGS_AT_ONCE])
        yield from rows
        if len(rows) < LOGS_AT_ONCE:
            return
        last = rows[-1][1]


def _names(part: Part, types: Sequence[str] | None) -> Iterable[str]:
    if part.names is None or part.upto is not None:  # notes tell of logs that are not seen, too
        return {name for row in _rows(part, types) for name in json.loads(row[3])}
    kinds = part.names if types is None else part.names.keys() & set(types)
    return {name for kind in kinds for name in part.names[kind]}


def by_key(session: Session, key: str) -> Log | None:
    """Return a log that the session may see, unless its run is canceled or it was superseded."""
    rows = Trial.objects.filter(pk__in=keys_in([key]), visit__run__log_run__isnull=False)
    row = rows.values_list("pk", "index", "plugin", "raw", "visit", "visit__run").first()
    if row is None:
        return None
    pk, number, kind, raw, visit, record = row
    seen = log_runs.of_session(session).exclude(status=LogRun.Status.CANCELED)
    run = seen.filter(run=record).first()
    if run is None or not _is_seen(run, visit, number):
        return None
    return Log(pk, run, number, kind, raw)


def _is_seen(run: LogRun, visit: uuid.UUID, number: int) -> bool:
    parts = log_runs.parts_of([run])[run.run_id]
    return any(part.visit == visit and part.holds(number) for part in parts)
