"""The design lab: a search so short that a page waits for it."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fmriplan.design.annealing import Found, Goal, search
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.feasibility import Infeasible
from fmriplan.design.gaps import Ticks
from fmriplan.design.orders import check, random_design
from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.queries import design_scores, design_sizes
from planning.queries.design_scores import Scores

SEARCH_S, ORDER_S = 0.3, 0.5
PROBE, MOST_MOVES = 50, 2**20
PART_FOR_SCALE = 0.2
BY_CHANCE = 20  # orders that a design is compared with


class TooSlow(PlanningError):
    """It takes longer than a page waits; the message says what helps."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A good design, and how it stands beside what chance gives.

    Attributes
    ----------
    of_best
        Its detection, where 1 is the best that was found for detection alone.
    of_chance
        Its detection, where 1 is that of orders by chance with the same rules.
    tried, took_s
        How many designs were tried, in how long.
    """

    order: Ticks
    waits: Ticks
    scores: Scores
    worth: float
    of_best: float | None
    of_chance: float | None
    tried: int
    took_s: float


def optimise(told: Specification, *, seconds: float | None = None) -> Answer:
    """Return the best design of a search of about so many seconds; the same seed each time.

    Raises
    ------
    PlanningError
        No order keeps the rules, or the plan is too large to be searched while a page waits.
    """
    if why := design_sizes.too_large(told.experiment):
        raise TooSlow(why)
    seconds = seconds or SEARCH_S
    began = time.monotonic()
    chance = _by_chance(told)
    scale, tried = _scale(told, seconds)
    moves = _moves_in(told, seconds * (1 - PART_FOR_SCALE))
    found = _searched(told, told.goal, moves, scale=scale, until=time.monotonic() + 2 * seconds)
    detection = float(found.scores.detection[0])
    return Answer(
        order=found.order,
        waits=found.waits,
        scores=design_scores.of(told, found.order, found.waits),
        worth=found.worth,
        of_best=detection / max(scale, detection) if detection else None,
        of_chance=detection / chance if chance else None,
        tried=moves + tried,
        took_s=time.monotonic() - began,
    )


def _scale(told: Specification, seconds: float) -> tuple[float, int]:
    """Return the best detection that is found for it alone, and how many designs were tried."""
    moves = _moves_in(told, seconds * PART_FOR_SCALE)
    best = _searched(told, Goal(1, 0, 0), moves, scale=1.0, until=time.monotonic() + seconds)
    return float(best.scores.detection[0]) or 1.0, moves


def _moves_in(told: Specification, seconds: float) -> int:
    """Return how many moves fit: a power of two, so that the answer is mostly the same again."""
    moves, took, until = PROBE, 0.0, time.monotonic() + seconds
    while took < seconds / 20 and moves < MOST_MOVES:  # until the beginning of a search is little
        moves *= 4
        began = time.monotonic()
        _searched(told, told.goal, moves, scale=1.0, until=until)
        took = time.monotonic() - began
    fitting: int = 1 << int(math.log2(max(1.0, moves / max(took, 1e-5) * seconds)))
    return min(MOST_MOVES, max(PROBE, fitting))


def _searched(told: Specification, goal: Goal, moves: int, *, scale: float, until: float) -> Found:
    def is_over(_done: float, _worth: float) -> bool:
        return time.monotonic() > until

    return search(
        told.experiment,
        goal,
        rules=told.rules,
        moves=moves,
        scale=scale,
        progress=is_over,
        realities=told.realities if goal is told.goal else None,
    )


def _by_chance(told: Specification) -> float:
    """Return the mean detection of orders by chance that keep the rules.

    Rules may be so hard that a single order takes long to find: a page does not wait for it.
    """
    experiment = told.experiment
    checked = check(experiment, told.rules)
    until = time.monotonic() + ORDER_S
    rng = Hurried(0, until)
    made: list[tuple[Ticks, Ticks]] = []
    while len(made) < BY_CHANCE and (not made or time.monotonic() < until - ORDER_S / 2):
        made.append(random_design(experiment, checked, rng))  # type: ignore[arg-type]
    orders, waits = (np.array(each) for each in zip(*made, strict=True))
    return float(Evaluation(experiment).detection(orders, waits).mean())


class Hurried:
    """A source of chance that gives up when its time is over."""

    def __init__(self, seed: int, until: float) -> None:
        self._rng, self._until = np.random.default_rng(seed), until

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if time.monotonic() > self._until:
            raise Infeasible(
                "No order was found quickly that keeps all the rules. Allow longer runs, forbid "
                "fewer transitions or let the counts vary; or start a search, which takes its time."
            )
        found: Callable[..., Any] = getattr(self._rng, name)
        return found
