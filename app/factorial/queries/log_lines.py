"""Runs that clients of 2025 name and number themselves, where the design plans none of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Max

from factorial.models import Design, LogRun, RunMark
from factorial.queries import log_runs
from factorial.queries.monitor import by_kind
from factorial.values import flattened
from runs.models import Run, Trial

SHOWN = 200  # runs on one page
LOGS = 200  # of one run
TONES = {"completed": "good", "running": "accent", "interrupted": "warning"}


@dataclass(frozen=True)
class Tally:
    """How many logs there are of a run, in how many sequences, and when the last one came."""

    logs: int = 0
    sequences: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class LogLine:
    """One run that its client named, as the monitor shows it."""

    log_run: LogRun
    tally: Tally
    notes: int = 0

    @property
    def run(self) -> Run:
        return self.log_run.run

    @property
    def tone(self) -> str:
        return TONES.get(self.log_run.status, "neutral")

    @property
    def resumed(self) -> int:
        return max(self.tally.sequences - 1, 0)


@dataclass(frozen=True)
class LogLines:
    """A page of such runs, the newest first; ``next_before`` is the key of the last one on it."""

    lines: list[LogLine]
    total: int
    next_before: int | None = None


def log_lines(design: Design, before: int | None = None) -> LogLines:
    """Return what there is to see of runs that nobody planned, in four questions."""
    every = _unplanned(design)
    rows = every if before is None else every.filter(pk__lt=before)
    page = list(rows.order_by("-pk")[: SHOWN + 1])
    shown = page[:SHOWN]
    runs = [each.run_id for each in shown]
    tallies = tallies_of(runs)
    marks = by_kind(RunMark.objects.filter(run__in=runs, undone_at=None))
    return LogLines(
        lines=[_line(each, tallies, marks) for each in shown],
        total=every.count(),
        next_before=shown[-1].pk if len(page) > SHOWN else None,
    )


def _unplanned(design: Design) -> Any:
    rows = LogRun.objects.filter(design=design, planned_run=None)
    return rows.select_related("run__participant", "run__project")


def _line(
    log_run: LogRun, tallies: Mapping[Any, Tally], marks: Mapping[Any, Mapping[str, int]]
) -> LogLine:
    notes = marks.get(log_run.run_id, {}).get(RunMark.Kind.NOTE, 0)
    return LogLine(log_run, tallies.get(log_run.run_id, Tally()), notes)


def tallies_of(runs: Sequence[Any]) -> dict[Any, Tally]:
    rows = Trial.objects.filter(visit__run__in=runs).order_by().values("visit__run")
    counted = rows.annotate(
        logs=Count("pk"), sequences=Count("visit", distinct=True), last=Max("received_at")
    )
    found = counted.values_list("visit__run", "logs", "sequences", "last")
    return {run: Tally(logs, sequences, last) for run, logs, sequences, last in found}


# --- one run ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SeenLog:
    """One log; ``is_superseded``: a resumed run has taken its place."""

    number: int
    kind: str
    values: Mapping[str, Any]
    received_at: datetime
    is_superseded: bool


@dataclass(frozen=True)
class LogPage:
    """One run of the protocol of 2025: how far it is, and the newest of its logs."""

    log_run: LogRun
    tally: Tally
    missing: Sequence[int]
    logs: list[SeenLog] = field(default_factory=list)
    next_before: int | None = None


def line_of(design: Design, run: Any) -> LogLine | None:
    """Return one of the runs that nobody planned."""
    found = _unplanned(design).filter(run=run).first()
    if found is None:
        return None
    marks = by_kind(RunMark.objects.filter(run=run, undone_at=None))
    return _line(found, tallies_of([run]), marks)


def log_page(run: Run, before: int | None = None) -> LogPage | None:
    """Return what a run has logged, the newest first, in six questions; or that it logs nothing."""
    log_run = LogRun.objects.filter(run=run).first()
    if log_run is None:
        return None
    [facts] = log_runs.facts_of([log_run])
    parts = {part.visit: part for part in log_runs.parts_of([log_run]).get(run.pk, [])}
    rows = Trial.objects.filter(visit__in=list(parts))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows.order_by("-pk")[: LOGS + 1])
    shown = page[:LOGS]
    return LogPage(
        log_run=log_run,
        tally=tallies_of([run.pk]).get(run.pk, Tally()),
        missing=facts.missing,
        logs=[_seen(row, parts[row.visit_id]) for row in shown],
        next_before=shown[-1].pk if len(page) > LOGS else None,
    )


def _seen(row: Trial, part: log_runs.Part) -> SeenLog:
    return SeenLog(
        number=row.index,
        kind=row.plugin,
        values=flattened(json.loads(row.raw)),
        received_at=row.received_at,
        is_superseded=not part.holds(row.index),
    )
