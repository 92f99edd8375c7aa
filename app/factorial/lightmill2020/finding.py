"""What an address of the protocol names: a design, a run of it, a block, a trial."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from factorial.lightmill2020 import refusals
from factorial.models import Block, Design, PlannedRun

Found = TypeVar("Found")
LARGE = ("document", "recipe", "warnings")
OF_BLOCK = [
    *("number", "measured_number", "is_practice", "first_trial", "trial_count", "values", "trials"),
    *(f"planned_run__{name}" for name in ("done", "trial_count", "run", "design")),
    *(
        f"planned_run__design__{name}"
        for name in ("code", "digest", "lease_seconds", "has_fixed_measures", "project")
    ),
    *(f"planned_run__run__{name}" for name in ("status", "holder", "project", "design")),
]


@dataclass(frozen=True)
class Named:
    """What the address says, and in which lab; no lab: in all of them."""

    lab: str
    words: Mapping[str, Any]

    @property
    def experiment(self) -> str:
        return str(self.words["experiment"])

    @property
    def run(self) -> str:
        return str(self.words["run"])


def designs(lab: str) -> Any:
    """Return the designs that clients see: those with a plan, which are not put away."""
    return Design.objects.filter(**_seen("", lab)).exclude(format=Design.Format.NAMED)


def _seen(path: str, lab: str) -> dict[str, Any]:
    """Return the conditions of such designs; one without a plan has no runs to be found by."""
    of_lab = {f"{path}lab__slug": lab} if lab else {}
    return {f"{path}archived_at": None, **of_lab}


def design(named: Named) -> Design:
    rows = designs(named.lab).filter(code=named.experiment).defer(*LARGE)
    found: list[Design] = list(rows.select_related("lab", "project"))
    return _only(found, named, lambda each: each)


def run(named: Named) -> PlannedRun:
    rows = PlannedRun.objects.at_hand().filter(
        **_seen("design__", named.lab), design__code=named.experiment, code=named.run
    )
    found: list[PlannedRun] = list(rows)
    return _only(found, named, lambda each: each.design)


def block(named: Named) -> Block:
    """Return a block with its run, the attempt at it, its design, and the showing of it."""
    rows = Block.objects.filter(
        **_seen("planned_run__design__", named.lab),
        planned_run__design__code=named.experiment,
        planned_run__code=named.run,
        number=named.words["block"],
    )
    whole = rows.with_visit().select_related("planned_run__design", "planned_run__run")
    found: list[Block] = list(whole.only(*OF_BLOCK))
    return _only(found, named, lambda each: each.planned_run.design)


def trial(named: Named) -> Block:
    """Return the block of a trial that it plans."""
    found = block(named)
    if named.words["trial"] >= found.trial_count:
        raise refusals.unknown(named.words)
    return found


def _only(rows: list[Found], named: Named, design_of: Callable[[Found], Design]) -> Found:
    if not rows:
        raise refusals.unknown(named.words)
    if len(rows) > 1:
        labs = Design.objects.filter(pk__in=[design_of(each).pk for each in rows])
        raise refusals.ambiguous(named.words, list(labs.values_list("lab__slug", flat=True)))
    return rows[0]
