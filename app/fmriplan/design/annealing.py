"""Search for a good design: simulated annealing with restarts, of the order and of the waits.

Kirkpatrick, Gelatt & Vecchi (1983), Science 220:671. A move changes one label, swaps two, or swaps
two waits; the temperature falls geometrically. The multiset of waits stays what it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fmriplan.design.compiled import Compiled
from fmriplan.design.evaluation import Evaluation, Scores
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.orders import Checked, Rules, check, random_order
from fmriplan.errors import NotAnOption

MOVES = 200_000
PARTS = 20  # of a search, after each of which it tells how far it is and may be ended
HOT, COLD = 0.02, 2e-5  # of a worth between 0 and 1
WAIT_MOVES = 0.3
MOST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Goal:
    """What a design is for: weights of detection, counterbalancing and frequencies."""

    detection: float = 0.5
    counterbalancing: float = 0.25
    frequencies: float = 0.25

    def __post_init__(self) -> None:
        weights = (self.detection, self.counterbalancing, self.frequencies)
        if not all(math.isfinite(each) and each >= 0 for each in weights) or not sum(weights) > 0:
            raise NotAnOption("The weights of the criteria are 0 or more, and one is above 0.")

    @property
    def shares(self) -> tuple[float, float, float]:
        """Return the weights with a sum of 1."""
        total = self.detection + self.counterbalancing + self.frequencies
        return self.detection / total, self.counterbalancing / total, self.frequencies / total


@dataclass(frozen=True, eq=False)
class Found:
    """The best design of a search: an order and waits (trials,), and what it is worth.

    ``worth`` weighs the criteria; detection counts relative to ``scale``, the best that was found
    for it alone. ``history`` has the best worth after each part of the search.
    """

    order: Ticks
    waits: Ticks
    scores: Scores
    worth: float
    scale: float
    history: tuple[float, ...] = field(default=())
    was_cancelled: bool = False


Progress = Callable[[float, float], bool | None]


def search(  # noqa: PLR0913  what a search is told
    experiment: Experiment,
    goal: Goal,
    *,
    seed: int = 0,
    rules: Rules | None = None,
    moves: int = MOVES,
    restarts: int = 1,
    scale: float = 0.0,
    progress: Progress | None = None,
) -> Found:
    """Return the best design that a number of moves leads to.

    Parameters
    ----------
    scale
        A detection that counts as 1; 0 lets a search of its own find it.
    progress
        Is told the share that is done and the best worth; returning True ends the search, and what
        is best so far is returned.

    Raises
    ------
    Infeasible
        No order keeps the rules.
    """
    need_work(seed, moves=moves, restarts=restarts)
    evaluation = Evaluation(experiment)
    checked = check(experiment, rules or Rules())
    if goal.detection and not scale:
        alone = _Search(evaluation, checked, Goal(1, 0, 0), 1.0, seed + 1)
        scale = alone.run(max(1, moves // 4), 1, None).worth or 1.0
    return _Search(evaluation, checked, goal, scale or 1.0, seed).run(moves, restarts, progress)


def need_work(seed: int, **counts: int) -> None:
    """Refuse a search without work to do, or a seed that there is not."""
    if seed < 0:
        raise NotAnOption("A seed is 0 or more.")
    for name, count in counts.items():
        if count < 1:
            raise NotAnOption(f"A search has at least 1 of its {name}.")


class _Search:
    """One search: it holds the best so far, and goes on from where it is."""

    def __init__(
        self, evaluation: Evaluation, rules: Checked, goal: Goal, scale: float, seed: int
    ) -> None:
        self.evaluation, self.rules, self.goal, self.scale = evaluation, rules, goal, scale
        self.rng = np.random.default_rng(seed)
        self.compiled = Compiled.of(evaluation, rules, goal.shares, scale)
        self.best = np.array([-math.inf, 0.0])
        self.best_order = self.best_waits = np.zeros(0, dtype=np.intp)
        self.history: list[float] = []

    def run(self, moves: int, restarts: int, progress: Progress | None) -> Found:
        parts = min(PARTS, moves)
        cancelled = False
        for start in range(restarts):
            order, waits = self._start()
            for part in range(parts):
                hot = HOT * (COLD / HOT) ** (part / parts)
                cold = HOT * (COLD / HOT) ** ((part + 1) / parts)
                self._anneal(order, waits, max(1, moves // restarts // parts), hot, cold)
                self.history.append(float(self.best[0]))
                done = (start + (part + 1) / parts) / restarts
                cancelled = bool(progress and progress(done, float(self.best[0])))
                if cancelled:
                    return self._found(cancelled=True)
        return self._found(cancelled=False)

    def _start(self) -> tuple[Ticks, Ticks]:
        experiment = self.evaluation.experiment
        order = random_order(experiment, self.rules, self.rng)
        waits = np.concatenate([experiment.waits[:1], self.rng.permutation(experiment.waits[1:])])
        if not len(self.best_order):
            self.best_order, self.best_waits = order.copy(), waits.copy()
        return order, waits

    def _found(self, *, cancelled: bool) -> Found:
        scores = self.evaluation.score(self.best_order[None], self.best_waits[None])
        return Found(
            order=self.best_order,
            waits=self.best_waits,
            scores=scores,
            worth=float(self.best[0]),
            scale=self.scale,
            history=tuple(self.history),
            was_cancelled=cancelled,
        )

    def _anneal(self, order: Ticks, waits: Ticks, moves: int, hot: float, cold: float) -> None:
        if self.compiled is None:
            self._anneal_plainly(order, waits, moves, hot, cold)
            return
        seed = int(self.rng.integers(MOST_SEED))
        at = (order, waits, self.best_order, self.best_waits, self.best)
        self.compiled.anneal(at, seed=seed, moves=moves, heat=(hot, cold), wait_moves=WAIT_MOVES)

    # --- without the kernel -----------------------------------------------------------------------
    def worth_of(self, order: Ticks, waits: Ticks) -> float:
        detection, counterbalancing, frequencies = self.goal.shares
        made = 0.0
        if detection:
            made += detection * self.evaluation.detection(order[None], waits[None])[0] / self.scale
        if counterbalancing:
            made += counterbalancing * self.evaluation.counterbalancing(order[None])[0]
        if frequencies:
            made += frequencies * self.evaluation.frequencies(order[None])[0]
        return float(made)

    def _anneal_plainly(
        self, order: Ticks, waits: Ticks, moves: int, hot: float, cold: float
    ) -> None:
        now = self.worth_of(order, waits)
        self._keep(order, waits, now)
        for heat in np.geomspace(hot, cold, moves):
            one, other = self._neighbour(order, waits)
            if not self.rules.keeps(one):
                continue
            then = self.worth_of(one, other)
            if then >= now or self.rng.uniform() < math.exp((then - now) / heat):
                order[:], waits[:], now = one, other, then
                self._keep(order, waits, now)

    def _neighbour(self, order: Ticks, waits: Ticks) -> tuple[Ticks, Ticks]:
        one, other = order.copy(), waits.copy()
        if len(order) > 2 and self.rng.uniform() < WAIT_MOVES:  # noqa: PLR2004  two waits to swap
            k, l = self.rng.integers(1, len(order), 2)  # noqa: E741  as in the kernel
            other[k], other[l] = waits[l], waits[k]
        elif self.rules.exact or self.rng.uniform() < 0.5:  # noqa: PLR2004
            k, l = self.rng.integers(0, len(order), 2)  # noqa: E741
            one[k], one[l] = order[l], order[k]
        else:
            one[self.rng.integers(len(order))] = self.rng.integers(len(self.rules.counts))
        return one, other

    def _keep(self, order: Ticks, waits: Ticks, worth: float) -> None:
        if worth > self.best[0]:
            self.best[0] = worth
            self.best_order, self.best_waits = order.copy(), waits.copy()
