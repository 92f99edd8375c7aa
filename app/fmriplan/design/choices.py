"""Several designs instead of one: those that no other beats, and a set for several participants."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fmriplan.design.annealing import Found, Goal, scales_of, search
from fmriplan.design.criteria import Array
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.orders import Rules
from fmriplan.errors import NotAnOption

STEPS = 5  # of a weight from 0 to 1
POOL = 4  # designs that are searched for each one that is wanted
WITHIN = 0.03  # of a worth between 0 and 1


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
    within: float = WITHIN,
    progress: Callable[[int, int], bool | None] | None = None,
) -> list[Found]:
    """Return good designs for several participants, as different from one another as can be.

    Of a pool of searches those are left out that are worth less than the best by more than
    ``within``, as long as enough remain. Of the others, the set is taken whose two nearest designs
    differ in the most trials (maximin distance: Johnson, Moore & Ylvisaker, 1990), as far as adding
    the farthest and then exchanging one at a time finds it. ``progress`` is told how many of how
    many searches are done; returning True ends them once there are enough.
    """
    if count < 1:
        raise NotAnOption("A set has at least one design.")
    if not 0 <= within < math.inf:
        raise NotAnOption("What a design of a set may be worth less is 0 or more, such as 0.03.")
    scales = scales_of(experiment, goal, seed=seed, moves=moves, rules=rules)
    pool: list[Found] = []
    for each in range(POOL * count):
        pool.append(
            search(experiment, goal, seed=seed + each, moves=moves, rules=rules, scales=scales)
        )
        if progress and progress(each + 1, POOL * count) and len(pool) >= count:
            break
    good = _good(pool, count, within)
    chosen = maximin(np.array([one.order for one in good]), count)
    return [good[each] for each in chosen]


def _good(pool: list[Found], count: int, within: float) -> list[Found]:
    """Return the designs that are good enough, the best first, and at least so many."""
    ranked = sorted(pool, key=lambda one: -one.worth)
    enough = sum(one.worth >= ranked[0].worth - within for one in ranked)
    return ranked[: max(count, enough)]


def maximin(orders: Ticks, count: int) -> list[int]:
    """Return which of the orders (designs, trials) make a set of far ones, the first always.

    Each next one is the farthest; then one of the two nearest is exchanged as long as that helps.
    """
    apart = (orders[:, None] != orders[None]).sum(axis=2)
    chosen = [0]
    while len(chosen) < count:
        nearest = apart[:, chosen].min(axis=1)
        nearest[chosen] = -1
        chosen.append(int(np.argmax(nearest)))
    while (better := _exchanged(apart, chosen)) is not None:
        chosen = better
    return chosen


def _exchanged(apart: Ticks, chosen: list[int]) -> list[int] | None:
    """Return a set with one other design whose two nearest are farther apart, if there is one."""
    now = _nearest(apart, chosen)
    others = [each for each in range(len(apart)) if each not in chosen]
    for place in range(1, len(chosen)):
        for other in others:
            then = [*chosen[:place], other, *chosen[place + 1 :]]
            if _nearest(apart, then) > now:
                return then
    return None


def _nearest(apart: Ticks, chosen: list[int]) -> int:
    """Return in how many trials the two nearest of a set differ."""
    some = apart[np.ix_(chosen, chosen)]
    return int(some[np.triu_indices(len(chosen), 1)].min(initial=apart.shape[1] + 10**9))


def distance(one: Ticks, other: Ticks) -> int:
    """Return in how many trials two orders differ."""
    return int((one != other).sum())
