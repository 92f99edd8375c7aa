"""Several designs instead of one: those that no other beats, and a set for several participants."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fmriplan.design.annealing import Found, Goal, search
from fmriplan.design.criteria import Array
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.orders import Rules
from fmriplan.errors import NotAnOption

STEPS = 5  # of a weight from 0 to 1
POOL = 4  # designs that are searched for each one that is wanted


def undominated(points: Array) -> NDArray[np.bool_]:
    """Say of each point (points, criteria) whether no other is as good in all and better in one."""
    beaten = [
        bool(((points >= one).all(axis=1) & (points > one).any(axis=1)).any()) for one in points
    ]
    return ~np.array(beaten, dtype=bool)


def front(
    experiment: Experiment, *, seed: int = 0, moves: int = 20_000, rules: Rules | None = None
) -> list[Found]:
    """Return designs from all detection to all counterbalancing that no other found one beats.

    They are searched with weights in steps over the three criteria, and sorted by detection.
    """
    scale = search(experiment, Goal(1, 0, 0), seed=seed, moves=moves, rules=rules).scores.detection[
        0
    ]
    found = [
        search(experiment, goal, seed=seed + number, moves=moves, rules=rules, scale=float(scale))
        for number, goal in enumerate(_goals())
    ]
    points = np.array([_point(one) for one in found])
    kept = [one for one, stays in zip(found, undominated(points), strict=True) if stays]
    return sorted(kept, key=lambda one: float(one.scores.detection[0]))


def _goals() -> list[Goal]:
    parts = range(STEPS + 1)
    return [
        Goal(a / STEPS, b / STEPS, (STEPS - a - b) / STEPS)
        for a in parts
        for b in parts
        if a + b <= STEPS
    ]


def _point(found: Found) -> tuple[float, float, float]:
    scores = found.scores
    return (
        float(scores.detection[0]),
        float(scores.counterbalancing[0]),
        float(scores.frequencies[0]),
    )


def differing(  # noqa: PLR0913  what a search is told
    experiment: Experiment,
    goal: Goal,
    count: int,
    *,
    seed: int = 0,
    moves: int = 20_000,
    rules: Rules | None = None,
) -> list[Found]:
    """Return good designs for several participants, as different from one another as can be.

    Of a pool of searches, each next one is farthest from those chosen before, in trials that differ
    (maximin distance: Johnson, Moore & Ylvisaker, 1990).
    """
    if count < 1:
        raise NotAnOption("A set has at least one design.")
    first = search(experiment, goal, seed=seed, moves=moves, rules=rules)
    pool = [first] + [
        search(experiment, goal, seed=seed + each, moves=moves, rules=rules, scale=first.scale)
        for each in range(1, POOL * count)
    ]
    chosen = [max(range(len(pool)), key=lambda each: pool[each].worth)]
    while len(chosen) < count:
        chosen.append(_farthest([one.order for one in pool], chosen))
    return [pool[each] for each in chosen]


def _farthest(orders: Sequence[Ticks], chosen: Sequence[int]) -> int:
    away = [
        -1 if each in chosen else min(distance(order, orders[other]) for other in chosen)
        for each, order in enumerate(orders)
    ]
    return int(np.argmax(away))


def distance(one: Ticks, other: Ticks) -> int:
    """Return in how many trials two orders differ."""
    return int((one != other).sum())
