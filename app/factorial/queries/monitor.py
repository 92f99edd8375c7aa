"""What is going on in the runs of a design, in as many questions for hundreds as for one."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, F, Max, Q

from factorial.models import Block, Design, PlannedRun, RunMark
from runs.models import Event, Run, Trial, Variant

SHOWN = 200  # runs on one page
RETRIES = ("resumed", "taken over", "failed")
TROUBLE = ("not as declared", "row refused", "trial thinned", "storage refused")
ENOUGH = 3  # trials before a run has a pace of its own
STALLED_AFTER = timedelta(minutes=3)
STALLED_TIMES = 8  # so many usual trials without one
SHORT = 8  # letters of a holder that are shown


@dataclass(frozen=True)
class Line:
    """One planned run as the monitor shows it."""

    planned: PlannedRun
    at: datetime
    block: int | None = None
    trial: int | None = None
    is_practice: bool = False
    last_trial_at: datetime | None = None
    variants: int = 0
    retries: int = 0
    troubles: int = 0
    excluded: int = 0
    notes: int = 0
    skipped: int = 0
    attempts: int = 0
    usual_s: float | None = None

    @property
    def run(self) -> Run | None:
        return self.planned.run

    @property
    def is_open(self) -> bool:
        return bool(self.run and self.run.is_open)

    @property
    def is_held(self) -> bool:
        run = self.run
        return bool(run and run.holder and run.held_until and run.held_until > self.at)

    @property
    def holder(self) -> str:
        return self.run.holder[:SHORT] if self.run and self.is_held else ""

    @property
    def pace_s(self) -> float | None:
        """Return how long a trial of this run has taken, pauses included."""
        run = self.run
        if not run or not run.began_at or not self.last_trial_at or self.planned.done < ENOUGH:
            return None
        took = (self.last_trial_at - run.began_at).total_seconds()
        return max(took, 0.0) / self.planned.done

    @property
    def against_usual(self) -> float | None:
        """Return the pace as a multiple of the usual one; more is slower."""
        if self.pace_s is None or not self.usual_s:
            return None
        return round(self.pace_s / self.usual_s, 1)

    @property
    def is_noteworthy(self) -> bool:
        counts = (self.attempts, self.retries, self.variants, self.troubles, self.excluded)
        is_left_out = bool(self.run and self.run.excluded_at)
        return any(counts) or bool(self.skipped or self.notes) or is_left_out

    @property
    def left_s(self) -> float | None:
        pace = self.pace_s or self.usual_s
        left = self.planned.trial_count - self.planned.done
        return left * pace if self.is_open and pace else None

    @property
    def is_stalled(self) -> bool:
        """Say whether a run is open and no trial came for much longer than one usually takes."""
        if not self.is_open or self.run is None:
            return False
        since = self.last_trial_at or self.run.began_at
        usual = timedelta(seconds=STALLED_TIMES * (self.usual_s or self.pace_s or 0))
        return bool(since and self.at - since > max(STALLED_AFTER, usual))

    @property
    def state(self) -> str:
        if self.run is None:
            return self._unbegun()
        if not self.run.is_open:
            return str(self.run.get_status_display())
        return "Stalled" if self.is_stalled else "Under way"

    def _unbegun(self) -> str:
        if self.planned.put_aside_at:
            return "Put aside"
        if not self.planned.trial_count:
            return "Empty"
        until = self.planned.offered_until
        return "Offered" if until and until > self.at else "Free"

    @property
    def tone(self) -> str:
        tones = {"Completed": "good", "Stalled": "warning", "Under way": "accent"}
        return tones.get(self.state, "neutral")

    @property
    def kind(self) -> str:
        """Return which of the filters it belongs to."""
        if self.run is None:
            return "aside" if self.planned.put_aside_at else "free"
        return "under-way" if self.is_open else "over"


KINDS = {"under-way": "Under way", "over": "Over", "free": "Not begun", "aside": "Put aside"}


@dataclass(frozen=True)
class Monitor:
    """All runs of a design, or those of one kind."""

    lines: list[Line]
    every: list[Line]
    counts: Mapping[str, int]
    usual_s: float | None
    stalled: list[Line] = field(default_factory=list)
    done: int = 0
    planned: int = 0
    is_cut: bool = False

    @property
    def left_s(self) -> float | None:
        """Return how long what is under way takes until its last run is through."""
        return max((line.left_s for line in self.lines if line.left_s is not None), default=None)


def design_of(pk: int, person: Any) -> Design | None:
    """Return a design that somebody may see, without its file."""
    seen = Design.objects.visible_to(person).select_related("lab", "project")
    found: Design | None = seen.defer("document", "recipe", "warnings").filter(pk=pk).first()
    return found


def monitor(design: Design, at: datetime, kind: str = "") -> Monitor:
    """Return what there is to see of a design's runs, in nine questions."""
    planned = list(
        PlannedRun.objects.filter(design=design)
        .select_related("run__participant")
        .order_by("position")
    )
    facts = _facts(design, planned)
    usual = _usual(planned, facts)
    lines = [_line(each, at, facts, usual) for each in planned]
    shown = [line for line in lines if not kind or line.kind == kind]
    return Monitor(
        lines=shown[:SHOWN],
        every=lines,
        counts={name: sum(line.kind == name for line in lines) for name in KINDS},
        usual_s=usual,
        stalled=[line for line in lines if line.is_stalled],
        done=sum(each.done for each in planned),
        planned=sum(each.trial_count for each in planned),
        is_cut=len(shown) > SHOWN,
    )


def line_of(planned: PlannedRun, at: datetime) -> Line:
    """Return one run as the monitor shows it, beside what is usual in its design."""
    found = monitor(planned.design, at)
    return next(line for line in found.every if line.planned.pk == planned.pk)


@dataclass(frozen=True)
class _Facts:
    """What is counted of all runs at once, each by the key of the run."""

    at: Mapping[int, tuple[int, int, bool]]  # planned run: block, its first trial, practice
    last: Mapping[Any, datetime]
    variants: Mapping[Any, int]
    events: Mapping[Any, Mapping[str, int]]
    marks: Mapping[Any, Mapping[str, int]]
    attempts: Mapping[str, int]


def _facts(design: Design, planned: Sequence[PlannedRun]) -> _Facts:
    runs = [each.run_id for each in planned if each.run_id]
    return _Facts(
        at=_blocks(design),
        last=_last(runs),
        variants=_counted(Variant.objects.filter(visit__run__in=runs), "visit__run"),
        events=_by_kind(Event.objects.filter(run__in=runs, kind__in=[*RETRIES, *TROUBLE])),
        marks=_by_kind(RunMark.objects.filter(run__in=runs, undone_at=None)),
        attempts=_attempts(design),
    )


def _blocks(design: Design) -> dict[int, tuple[int, int, bool]]:
    """Return the block that each run is at; one that is through is at none."""
    done = F("planned_run__done")
    here = Block.objects.filter(
        planned_run__design=design,
        planned_run__run__isnull=False,
        first_trial__lte=done,
        first_trial__gt=done - F("trial_count"),
    )
    rows = here.order_by("number")
    found = rows.values_list("planned_run", "number", "first_trial", "is_practice")
    return {planned: (number, first, practice) for planned, number, first, practice in found}


def _last(runs: Iterable[Any]) -> dict[Any, datetime]:
    rows = Trial.objects.filter(visit__run__in=runs).order_by().values("visit__run")
    return dict(rows.annotate(at=Max("received_at")).values_list("visit__run", "at"))


def _counted(rows: Any, way: str) -> dict[Any, int]:
    return dict(rows.order_by().values(way).annotate(n=Count("pk")).values_list(way, "n"))


def _by_kind(rows: Any) -> dict[Any, dict[str, int]]:
    counted = rows.order_by().values("run", "kind").annotate(n=Count("pk"))
    found: dict[Any, dict[str, int]] = {}
    for run, kind, count in counted.values_list("run", "kind", "n"):
        found.setdefault(run, {})[kind] = count
    return found


def attempts_of(design: Design) -> Any:
    """Return every attempt at the runs of a design; ``cell`` says at which."""
    return Run.objects.filter(
        project=design.project_id, source=Run.Source.FACTORIAL, design=design.digest
    )


def _attempts(design: Design) -> dict[str, int]:
    return _counted(attempts_of(design).filter(~Q(cell="")), "cell")


def _usual(planned: Iterable[PlannedRun], facts: _Facts) -> float | None:
    """Return the median time of a trial, over all runs that have a pace."""
    paces = [_line(each, each.run.created_at, facts, None).pace_s for each in planned if each.run]
    known = [pace for pace in paces if pace is not None]
    return median(known) if known else None


def _line(planned: PlannedRun, at: datetime, facts: _Facts, usual: float | None) -> Line:
    key = planned.run_id
    block, first, practice = facts.at.get(planned.pk, (None, 0, False))
    events, marks = facts.events.get(key, {}), facts.marks.get(key, {})
    attempts = facts.attempts.get(planned.code[:100], 0)
    return Line(
        planned=planned,
        at=at,
        block=block,
        trial=None if block is None else planned.done - first,
        is_practice=practice,
        last_trial_at=facts.last.get(key),
        variants=facts.variants.get(key, 0),
        retries=sum(events.get(name, 0) for name in RETRIES),
        troubles=sum(events.get(name, 0) for name in TROUBLE),
        excluded=marks.get(RunMark.Kind.EXCLUDED, 0),
        notes=marks.get(RunMark.Kind.NOTE, 0),
        skipped=marks.get(RunMark.Kind.SKIPPED, 0),
        attempts=attempts - (1 if key else 0),
        usual_s=usual,
    )


# --- one run ------------------------------------------------------------------------------------


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
