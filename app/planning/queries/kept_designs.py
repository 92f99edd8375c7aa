"""A design as it was stored, made whole again: its specification, its scores, its files."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fmriplan.design import events, exports, specification
from fmriplan.design.gaps import Ticks
from fmriplan.design.robustness import Standing, report
from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.errors import NotAPlan
from planning.models import TaskDesign
from planning.queries import design_scores, design_sizes
from planning.queries.design_scores import Scores

MOST_ROWS = 2000


@dataclass(frozen=True, eq=False)
class Whole:
    """A design with all that a page says of it; ``refusal`` says why it is not there."""

    told: Any = None
    order: Any = None
    waits: Any = None
    scores: Any = None
    refusal: str = ""


def whole(design: TaskDesign) -> Whole:
    """Return a stored design, scored by this release."""
    try:
        told = specification.read(design.specification)
        if why := design_sizes.too_large(told.experiment):
            return Whole(refusal=why)
        order, waits = arrays(design)
        return Whole(told, order, waits, scored(told, order, waits))
    except (PlanningError, ValueError, IndexError) as error:
        return Whole(refusal=str(error))


def arrays(design: TaskDesign) -> tuple[Ticks, Ticks]:
    """Return order and waits (trials,)."""
    return np.array(design.order, dtype=np.intp), np.array(design.waits, dtype=np.intp)


def scored(told: Specification, order: Ticks, waits: Ticks) -> Scores:
    if len(order) != told.experiment.trials or len(waits) != len(order):
        raise ValueError("The design has other trials than its specification.")
    return design_scores.of(told, order, waits)


def usable(design: TaskDesign) -> Whole:
    """Return a stored design for its files, however large.

    Raises
    ------
    NotAPlan
        Its specification is none any more.
    """
    try:
        told = specification.read(design.specification)
    except PlanningError as error:
        raise NotAPlan(str(error)) from None
    return Whole(told, *arrays(design))


def files(design: TaskDesign, held: Whole) -> dict[str, bytes]:
    """Return the files of a design by path."""
    seed = design.search.seed if design.search else 0
    try:
        return exports.files(held.told, held.order, held.waits, name=design.plan.name, seed=seed)
    except PlanningError as error:
        raise NotAPlan(str(error)) from None


def packed(design: TaskDesign, held: Whole) -> bytes:
    return exports.packed(files(design, held), at=design.created_at)


def standing(held: Whole) -> list[Standing]:
    """Return how a design stands where responses and noise are not as they were assumed."""
    told = held.told
    return report(told.experiment, held.order, held.waits, told.realities)


def rows(held: Whole) -> list[dict[str, Any]]:
    """Return the sequence of a design: a row for each event, with the time since the last one."""
    made: list[dict[str, Any]] = []
    run, ended = 0, 0.0
    for each in events.of_design(held.told.experiment, held.order, held.waits)[:MOST_ROWS]:
        ended = ended if each.run == run else 0.0
        wait = round(each.onset_s - ended, 6)
        made.append({"number": len(made) + 1, "event": each, "wait_s": wait})
        run, ended = each.run, each.onset_s + each.shown_s
    return made
