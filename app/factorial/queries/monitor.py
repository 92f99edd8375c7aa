"""What is going on in the runs of a design, in as many questions for thousands as for one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, F, Max, Q, Sum

from factorial.models import Block, Design, PlannedRun, RunMark
from runs.models import Event, Run, Trial, Variant

SHOWN = 200  # runs on one page
RETRIES = ("resumed", "taken over", "failed")
TROUBLE = ("not as declared", "row refused", "trial thinned", "storage refused")
ENOUGH = 3  # trials before a run has a pace of its own
STALLED_AFTER = timedelta(minutes=3)
STALLED_TIMES = 8  # so many usual trials without one
LONGEST_CELL = 100  # of a planned run's id, as the record of a run keeps it
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
    logs: int | None = None  # its client numbers logs, not trials

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
        is_told = self.is_open and self.logs is None
        return left * pace if is_told and pace else None

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


KINDS = {"under-way": "Under way", "over": "Over", "free": "Not begun", "aside": "Put aside"}
OF_KIND = {
    "under-way": Q(run__status__in=Run.OPEN),
    "over": Q(run__isnull=False) & ~Q(run__status__in=Run.OPEN),
    "free": Q(run=None, put_aside_at=None),
    "aside": Q(run=None, put_aside_at__isnull=False),
}


@dataclass(frozen=True)
class Monitor:
    """The runs of a design, or those of one kind, page by page; and what is said of all of them.

    ``next_after`` is the place of the last run on this page, where there are more behind it.
    """

    lines: list[Line]
    counts: Mapping[str, int]
    usual_s: float | None
    stalled: list[Line] = field(default_factory=list)
    done: int = 0
    planned: int = 0
    left_s: float | None = None
    next_after: int | None = None


def design_of(pk: int, person: Any) -> Design | None:
    """Return a design that somebody may see, without its file."""
    seen = Design.objects.visible_to(person).select_related("lab", "project")
    found: Design | None = seen.defer("document", "recipe", "warnings").filter(pk=pk).first()
    return found


def monitor(design: Design, at: datetime, kind: str = "", after: int = -1) -> Monitor:
    """Return what there is to see of a design's runs, in ten questions; 200 are on a page."""
    usual, going, last = _going(design, at)
    shown = _planned(design).filter(OF_KIND.get(kind, Q()), position__gt=after)
    page = list(shown[: SHOWN + 1])
    facts = _facts(design, page[:SHOWN], last)
    counted = _counts(design)
    return Monitor(
        lines=[_line(each, at, facts, usual) for each in page[:SHOWN]],
        counts={name: counted[name.replace("-", "_")] for name in KINDS},
        usual_s=usual,
        stalled=[line for line in going if line.is_stalled],
        done=counted["done_trials"] or 0,
        planned=counted["all_trials"] or 0,
        left_s=max((line.left_s for line in going if line.left_s is not None), default=None),
        next_after=page[SHOWN - 1].position if len(page) > SHOWN else None,
    )


def line_of(planned: PlannedRun, at: datetime) -> Line:
    """Return one run as the monitor shows it, beside what is usual in its design."""
    usual, _, last = _going(planned.design, at)
    [whole] = _planned(planned.design).filter(pk=planned.pk)
    return _line(whole, at, _facts(planned.design, [whole], last), usual)


def _planned(design: Design) -> Any:
    rows = PlannedRun.objects.filter(design=design).defer("instructions")
    whole = rows.select_related("run__participant").annotate(logs=F("run__log_run__last_number"))
    return whole.order_by("position")


def _counts(design: Design) -> dict[str, int]:
    kinds = {name.replace("-", "_"): Count("pk", filter=q) for name, q in OF_KIND.items()}
    rows = PlannedRun.objects.filter(design=design).order_by()
    sums = {"done_trials": Sum("done"), "all_trials": Sum("trial_count")}
    return dict(rows.aggregate(**kinds, **sums))


def _going(
    design: Design, at: datetime
) -> tuple[float | None, list[Line], dict[Any, datetime]]:  # fmt: skip
    """Return what is usual, the runs under way, of which little is asked, and their last trials."""
    going = list(_planned(design).filter(OF_KIND["under-way"]))
    last = _last([each.run_id for each in going])
    paces = [line.pace_s for line in (_brief(each, at, last, None) for each in going)]
    known = [pace for pace in (*paces, *_paces_of_completed(design)) if pace is not None]
    usual = median(known) if known else None
    return usual, [_brief(each, at, last, usual) for each in going], last


def _brief(
    planned: Any, at: datetime, last: Mapping[Any, datetime], usual: float | None
) -> Line:  # fmt: skip
    return Line(
        planned,
        at,
        last_trial_at=last.get(planned.run_id),
        usual_s=usual,
        logs=planned.logs,
    )


def _paces_of_completed(design: Design) -> list[float]:
    """Return how long a trial took in each run that is through: it ended with its last trial."""
    through = PlannedRun.objects.filter(design=design, done__gte=ENOUGH).order_by()
    rows = through.filter(run__status=Run.Status.COMPLETED, run__began_at__isnull=False)
    times = rows.values_list("done", "run__began_at", "run__ended_at")
    return [max((ended - began).total_seconds(), 0.0) / done for done, began, ended in times]


@dataclass(frozen=True)
class _Facts:
    """What is counted of all runs at once, each by the key of the run."""

    at: Mapping[int, tuple[int, int, bool]]  # planned run: block, its first trial, practice
    last: Mapping[Any, datetime]
    variants: Mapping[Any, int]
    events: Mapping[Any, Mapping[str, int]]
    marks: Mapping[Any, Mapping[str, int]]
    attempts: Mapping[str, int]
    logs: Mapping[Any, int | None]


def _facts(
    design: Design, planned: Sequence[Any], last: Mapping[Any, datetime]
) -> _Facts:  # fmt: skip
    runs = [each.run_id for each in planned if each.run_id]
    return _Facts(
        at=_blocks(planned),
        last={**last, **_ends(planned)},
        variants=_counted(Variant.objects.filter(visit__run__in=runs), "visit__run"),
        events=by_kind(Event.objects.filter(run__in=runs, kind__in=[*RETRIES, *TROUBLE])),
        marks=by_kind(RunMark.objects.filter(run__in=runs, undone_at=None)),
        attempts=_attempts(design, [each.code[:LONGEST_CELL] for each in planned]),
        logs={each.run_id: each.logs for each in planned if each.run_id},
    )


def _ends(planned: Iterable[PlannedRun]) -> dict[Any, datetime]:
    """Return when the runs that are through had their last trial: they ended with it."""
    runs = [each.run for each in planned if each.run]
    through = [run for run in runs if run.status == Run.Status.COMPLETED]
    return {run.pk: run.ended_at for run in through if run.ended_at}


def _blocks(planned: Sequence[PlannedRun]) -> dict[int, tuple[int, int, bool]]:
    """Return the block that each run is at; one that is through is at none."""
    done = F("planned_run__done")
    here = Block.objects.filter(
        planned_run__in=[each.pk for each in planned],
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


def by_kind(rows: Any) -> dict[Any, dict[str, int]]:
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


def _attempts(design: Design, codes: Sequence[str]) -> dict[str, int]:
    return _counted(attempts_of(design).filter(cell__in=codes).exclude(cell=""), "cell")


def _line(planned: PlannedRun, at: datetime, facts: _Facts, usual: float | None) -> Line:
    key = planned.run_id
    block, first, practice = facts.at.get(planned.pk, (None, 0, False))
    events, marks = facts.events.get(key, {}), facts.marks.get(key, {})
    attempts = facts.attempts.get(planned.code[:LONGEST_CELL], 0)
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
        logs=facts.logs.get(key),
    )
