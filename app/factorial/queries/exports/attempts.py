"""Which attempts at a design's runs an export has, and what the lab decided about them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from factorial.models import Design, PlannedRun, RunMark
from runs.models import Run

NOT_BEGUN, PUT_ASIDE = "not begun", "put aside"
LONGEST_CELL = 100  # of what a run of the record keeps of a planned run's id
FACTS = ("pk", "cell", "status", "is_pilot", "excluded_at", "excluded_because",
         "participant__pseudonym")  # fmt: skip
MARKED = ("run_id", "kind", "block", "trial", "reason")


@dataclass(frozen=True)
class Wish:
    """What is asked for besides what counts: it is left out otherwise.

    ``with_superseded`` are attempts and logs that others have taken the place of, and what clients
    cancelled; ``only_completed`` leaves out the trials of which nothing is stored.
    """

    with_pilots: bool = False
    with_excluded: bool = False
    with_superseded: bool = False
    only_completed: bool = False
    run: str = ""


@dataclass(frozen=True)
class Mark:
    kind: str
    block: int | None
    trial: int | None
    reason: str

    def is_about(self, block: int, trial: int) -> bool:
        """Say whether it is about a trial: it is about the run, the block, or the trial itself."""
        return self.block is None or (
            self.block == block and (self.trial is None or self.trial == trial)
        )


@dataclass(frozen=True)
class Attempt:
    """One attempt at a planned run; without a ``run`` nobody has begun it."""

    code: str
    planned: int = 0
    trial_count: int = 0
    run: UUID | None = None
    participant: str = ""
    status: str = NOT_BEGUN
    is_pilot: bool = False
    is_superseded: bool = False
    excluded_because: str | None = None
    marks: tuple[Mark, ...] = ()
    aside_because: str = ""

    @property
    def whole(self) -> Iterator[Mark]:
        """Yield what was decided about the run as a whole."""
        return (mark for mark in self.marks if mark.block is None)

    @property
    def left_out(self) -> list[str]:
        """Return why the whole run is left out of analyses, if it is."""
        said = [] if self.excluded_because is None else [self.excluded_because]
        return [
            *said,
            *(mark.reason for mark in self.whole if mark.kind == RunMark.Kind.EXCLUDED),
        ]


def attempts(design: Design, wish: Wish) -> list[Attempt]:
    """Return the attempts at each planned run, in the order of the plan and then of time."""
    planned = _planned(design, wish)
    found = _runs_of(design)
    marks = marks_of(row["pk"] for rows in found.values() for row in rows)
    every = (one for plan in planned for one in _of_plan(plan, found, marks))
    return [one for one in every if is_wanted(one, wish)]


def is_wanted(attempt: Attempt, wish: Wish) -> bool:
    return (
        (wish.with_pilots or not attempt.is_pilot)
        and (wish.with_superseded or not attempt.is_superseded)
        and (wish.with_excluded or not attempt.left_out)
        and not (wish.only_completed and attempt.run is None)
    )


def _planned(design: Design, wish: Wish) -> list[dict[str, Any]]:
    rows = PlannedRun.objects.filter(design=design).order_by("position")
    if wish.run:
        rows = rows.filter(code=wish.run)
    return list(
        rows.values("pk", "code", "trial_count", "run_id", "put_aside_at", "put_aside_because")
    )


def _runs_of(design: Design) -> Mapping[str, list[dict[str, Any]]]:
    """Return the attempts by the planned run; those that count no more only know its id."""
    ours = Q(planned_run__design=design) | Q(planned_run=None, design=design.digest)
    rows = Run.objects.filter(ours, project=design.project_id, source=Run.Source.FACTORIAL)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.filter(log_run=None).order_by("created_at", "pk").values(*FACTS):
        found[row["cell"]].append(row)
    return found


def marks_of(runs: Iterable[UUID]) -> Mapping[UUID, tuple[Mark, ...]]:
    """Return the marks that stand, by run."""
    found: dict[UUID, tuple[Mark, ...]] = {}
    keys = list(runs)
    for first in range(0, len(keys), 500):
        rows = RunMark.objects.filter(run__in=keys[first : first + 500], undone_at=None)
        ordered = rows.order_by("made_at", "pk")
        for run, kind, *place, reason in ordered.values_list(*MARKED):
            block, trial = place
            found[run] = (*found.get(run, ()), Mark(kind, block, trial, reason))
    return found


def _of_plan(
    plan: Mapping[str, Any],
    found: Mapping[str, list[dict[str, Any]]],
    marks: Mapping[UUID, tuple[Mark, ...]],
) -> Iterator[Attempt]:
    for row in found.get(plan["code"][:LONGEST_CELL], ()):
        yield Attempt(
            code=plan["code"],
            planned=plan["pk"],
            trial_count=plan["trial_count"],
            is_superseded=row["pk"] != plan["run_id"],
            marks=marks.get(row["pk"], ()),
            **facts(row),
        )
    if plan["run_id"] is None:
        yield _not_begun(plan)


def facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the record says of a run, as an attempt has it."""
    is_excluded = row["excluded_at"] is not None
    return {
        "run": row["pk"],
        "participant": row["participant__pseudonym"] or "",
        "status": row["status"],
        "is_pilot": row["is_pilot"],
        "excluded_because": row["excluded_because"] if is_excluded else None,
    }


def _not_begun(plan: Mapping[str, Any]) -> Attempt:
    is_aside = plan["put_aside_at"] is not None
    return Attempt(
        code=plan["code"],
        planned=plan["pk"],
        trial_count=plan["trial_count"],
        status=PUT_ASIDE if is_aside else NOT_BEGUN,
        aside_because=plan["put_aside_because"],
    )
