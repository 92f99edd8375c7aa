"""What was recorded, as tables: one row for each thing, in the order in which it happened."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from runs.models import Answer, Event, Measure, Run, Trial, TrialEvents, Upload, Visit

CHUNK = 2000
Row = dict[str, Any]
OF_RUN = {"run": "run_id", "participant": "run__participant__pseudonym"}
OF_VISIT = {
    "run": "visit__run_id",
    "participant": "visit__run__participant__pseudonym",
    "visit": "visit_id",
    "position": "visit__position",
    "step": "visit__step",
    "passes": "visit__passes",
}


@dataclass(frozen=True)
class Table:
    """A kind of row: its columns, each with the path to it, and the way to its run."""

    rows: Callable[[], QuerySet[Any]]
    columns: Mapping[str, str]
    to_run: str
    order: tuple[str, ...]
    chunk: int = CHUNK

    def of(self, runs: QuerySet[Run]) -> Iterator[Row]:
        """Yield the rows of some runs, a few at a time, however many there are."""
        here = "pk" if self.to_run == "" else self.to_run
        found = self.rows().filter(**{f"{here}__in": runs.order_by().values("pk")})
        values = found.order_by(*self.order).values(**{
            f"col_{name}": F(path) for name, path in self.columns.items()
        })  # fmt: skip
        for row in values.iterator(chunk_size=self.chunk):
            yield {name: row[f"col_{name}"] for name in self.columns}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


TABLES: Mapping[str, Table] = {
    "runs": Table(
        Run.objects.all,
        {"run": "pk", "participant": "participant__pseudonym", "experiment": "design_label",
         **_same("design", "status", "is_pilot", "environment", "release", "seed", "cell",
                 "created_at", "began_at", "ended_at", "time_zone", "excluded_at",
                 "excluded_because")},
        "", ("created_at", "pk"),
    ),
    "visits": Table(
        Visit.objects.all,
        {**OF_RUN, "visit": "pk",
         **_same("position", "step", "passes", "stimulus", "served_at", "started_at",
                 "submitted_at", "is_disputed", "content")},
        "run", ("run__created_at", "run", "position"),
    ),
    "answers": Table(
        Answer.objects.all,
        {**OF_VISIT, "trial": "trial__index", "name": "measure__name", "value": "value",
         "label": "label", "missing": "missing", "stimulus": "stimulus",
         "is_unforeseen": "measure__is_unforeseen", "answered_at": "answered_at",
         "received_at": "received_at"},
        "visit__run", ("visit__run__created_at", "visit__run", "visit__position", "pk"),
    ),
    "trials": Table(
        Trial.objects.all,
        {**OF_VISIT,
         **_same("index", "plugin", "plugin_version", "stimulus", "onset_ms", "end_ms", "rt_ms",
                 "response", "sent_at", "received_at", "is_disputed", "raw")},
        "visit__run", ("visit__run__created_at", "visit__run", "visit__position", "index"),
    ),
    "within": Table(
        TrialEvents.objects.all,
        {"run": "trial__visit__run_id", "participant": "trial__visit__run__participant__pseudonym",
         "visit": "trial__visit_id", "position": "trial__visit__position",
         "step": "trial__visit__step", "index": "trial__index", **_same("count", "raw")},
        "trial__visit__run",
        ("trial__visit__run__created_at", "trial__visit__run", "trial__visit__position",
         "trial__index"),
        50,
    ),
    "events": Table(
        Event.objects.all,
        {**OF_RUN, "visit": "visit_id", **_same("number", "kind", "at_ms", "received_at", "data")},
        "run", ("run__created_at", "run", "received_at", "number", "pk"),
    ),
    "files": Table(
        Upload.objects.all,
        {**OF_VISIT, "file": "pk", "lies_at": "file",
         **_same("item", "name", "size", "content_type", "digest", "completed_at")},
        "visit__run", ("visit__run__created_at", "visit__run", "visit__position", "pk"),
    ),
}  # fmt: skip
CODEBOOK = ("design", "name", "label", "kind", "unit", "levels", "item", "is_unforeseen")


def codebook(runs: QuerySet[Run]) -> Iterator[Row]:
    """Yield what the answers of some runs are answers to."""
    designs = runs.order_by().values("design")
    projects = runs.order_by().values("project")
    found = Measure.objects.filter(design__in=designs, project__in=projects)
    yield from found.order_by("design", "name").values(*CODEBOOK).iterator(chunk_size=CHUNK)


def columns_of(what: str) -> list[str]:
    return list(CODEBOOK if what == "codebook" else TABLES[what].columns)


def rows_of(what: str, runs: QuerySet[Run]) -> Iterator[Row]:
    return codebook(runs) if what == "codebook" else TABLES[what].of(runs)


@dataclass(frozen=True)
class Which:
    """Which runs of a project: without those left out, and without pilots, unless asked for."""

    experiment: str = ""
    run: str = ""
    with_excluded: bool = False
    with_pilots: bool = False

    def among(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        if self.experiment:
            named = Q(design_label=self.experiment) | Q(
                design_label__startswith=f"{self.experiment} "
            )
            runs = runs.filter(named | Q(design__startswith=self.experiment))
        if self.run:
            runs = runs.filter(pk=self.run)
        if not self.with_excluded:
            runs = runs.filter(excluded_at=None)
        return runs if self.with_pilots or self.run else runs.filter(is_pilot=False)


def plain(row: Row) -> Row:
    """Return a row with what a table can hold: what is nested is JSON."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        for name, value in row.items()
    }
