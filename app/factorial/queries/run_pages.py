"""The plan of one run beside what an attempt at it has brought."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F

from factorial.models import Block, PlannedRun, RunMark
from runs.models import Run, Trial, Variant


@dataclass(frozen=True)
class Seen:
    """One trial of a run's plan, and what there is of it."""

    number: int
    values: Mapping[str, str]
    trial: Trial | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    events: int = 0
    marks: Sequence[RunMark] = ()
    variants: int = 0

    @property
    def is_excluded(self) -> bool:
        return any(mark.kind == RunMark.Kind.EXCLUDED for mark in self.marks)

    @property
    def is_skipped(self) -> bool:
        return any(mark.kind == RunMark.Kind.SKIPPED for mark in self.marks)


@dataclass(frozen=True)
class SeenBlock:
    """One block of a run, with its trials."""

    block: Block
    trials: list[Seen]
    marks: Sequence[RunMark] = ()

    @property
    def stored(self) -> int:
        return sum(1 for each in self.trials if each.trial)

    @property
    def is_excluded(self) -> bool:
        return any(mark.kind == RunMark.Kind.EXCLUDED for mark in self.marks)


Place = tuple[int, int]


def blocks_of(planned: PlannedRun, run: Run | None) -> list[SeenBlock]:
    """Return the plan of a run beside what an attempt at it has brought, in five questions."""
    rows = _trials(run) if run else {}
    marks = _marks(run) if run else {}
    doubts = _variants(run) if run else {}
    found = []
    for block in planned.blocks.all():
        seen = [
            _seen(block, number, values, rows, marks, doubts)
            for number, values in enumerate(block.trials)
        ]
        found.append(SeenBlock(block, seen, marks.get((block.number, None), ())))
    return found


def _seen(  # noqa: PLR0913, PLR0917  a trial, and what is known of all of them
    block: Block,
    number: int,
    values: Mapping[str, str],
    rows: Mapping[Place, tuple[Trial, int, Mapping[str, Any]]],
    marks: Mapping[tuple[int, int | None], Sequence[RunMark]],
    doubts: Mapping[Place, int],
) -> Seen:
    place = (block.number, number)
    trial, events, measures = rows.get(place, (None, 0, {}))
    return Seen(
        number=number,
        values={**block.values, **values},
        trial=trial,
        measures=measures,
        events=events,
        marks=marks.get(place, ()),
        variants=doubts.get(place, 0),
    )


def _trials(run: Run) -> dict[Place, tuple[Trial, int, Mapping[str, Any]]]:
    trials = Trial.objects.filter(visit__run=run).select_related("visit")
    rows = trials.annotate(events=F("within__count")).prefetch_related("answers__measure")
    return {(row.visit.position, row.index): (row, row.events or 0, _said(row)) for row in rows}


def _said(trial: Trial) -> dict[str, Any]:
    answers = sorted(trial.answers.all(), key=operator.attrgetter("pk"))
    return {each.measure.name: each.value for each in answers}


def _marks(run: Run) -> dict[tuple[int, int | None], list[RunMark]]:
    found: dict[tuple[int, int | None], list[RunMark]] = {}
    for mark in marks_of(run):
        if mark.undone_at is None and mark.block is not None:
            found.setdefault((mark.block, mark.trial), []).append(mark)
    return found


def marks_of(run: Run) -> Any:
    return RunMark.objects.filter(run=run).select_related("made_by", "undone_by")


def _variants(run: Run) -> dict[Place, int]:
    rows = Variant.objects.filter(visit__run=run).order_by().values("visit__position", "index")
    counted = rows.annotate(n=Count("pk")).values_list("visit__position", "index", "n")
    return {(block, index): count for block, index, count in counted}
