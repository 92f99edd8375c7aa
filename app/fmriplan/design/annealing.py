"""Search for a good design: simulated annealing with restarts, of the order and of the waits.

Kirkpatrick, Gelatt & Vecchi (1983), Science 220:671. A move changes one label, swaps two, or swaps
two waits of a run; the temperature falls geometrically. The multiset of waits stays what it is.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from fmriplan.design.compiled import Walk
from fmriplan.design.evaluation import Scores
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.goal import Goal, Realities
from fmriplan.design.judging import Judge, Scales
from fmriplan.design.orders import Checked, Rules, check, random_design
from fmriplan.errors import NotAnOption, PlanningError

__all__ = [
    "Found",
    "Goal",
    "NotEstimable",
    "Progress",
    "Scales",
    "Watch",
    "judged",
    "merge",
    "need_work",
    "scales_of",
    "search",
]
MOVES = 200_000
PARTS = 20  # of a search, after each of which it tells how far it is and may be ended
HOT, COLD = 0.02, 2e-5  # of a worth between 0 and 1
WAIT_MOVES = 0.3
MOST_SEED = 2**63 - 1
FOR_SCALES, FOR_ESTIMATION = 4, 20  # by how much fewer moves are spent on what counts as 1


@dataclass(frozen=True, eq=False)
class Found:
    """The best design of a search: an order and waits (trials,), and what it is worth.

    ``worth`` weighs the criteria; detection counts relative to ``scale``, the best that was found
    for it alone. ``history`` has the best worth after each part of the search. ``ended_early`` says
    that patience ran out.
    """

    order: Ticks
    waits: Ticks
    scores: Scores
    worth: float
    scale: float
    history: tuple[float, ...] = field(default=())
    was_cancelled: bool = False
    scales: Scales = field(default_factory=Scales)
    seed: int = 0
    ended_early: bool = False


class NotEstimable(PlanningError):
    """No design was found that tells the responses bin by bin; the message says why."""


Progress = Callable[[float, float], bool | None]
Watch = Callable[[float, Found], bool | None]


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
    watch: Watch | None = None,
    patience: int = 0,
    realities: Realities | None = None,
    scales: Scales | None = None,
) -> Found:
    """Return the best design that a number of moves leads to.

    Parameters
    ----------
    seed
        The same seed finds the same design; other seeds are islands of one search, if they are told
        the same ``scales``: then `merge` compares what they found.
    scale
        A detection that counts as 1; 0 lets a search of its own find it.
    progress
        Is told the share that is done and the best worth; returning True ends the search, and what
        is best so far is returned.
    watch
        Is told the share that is done and the best design so far, and may end the search as well.
    patience
        Moves without a gain after which a restart ends early; 0 is endless.
    realities
        Other responses and noises that the design shall stand.
    scales
        What counts as 1, as `scales_of` finds it; then no search of its own is made for it.

    Raises
    ------
    Infeasible
        No order keeps the rules.
    NotEstimable
        Estimation is a goal, and no design was found that tells the responses.
    """
    need_work(seed, moves=moves, restarts=restarts)
    if patience < 0:
        raise NotAnOption("A patience is 0 or more moves.")
    checked = check(experiment, rules or Rules())
    if scales is None:
        known = Scales((scale,)) if scale else None
        scales = _scales(experiment, goal, checked, seed, moves, realities, known)
    judge = Judge(experiment, checked, goal, scales, realities)
    return _Search(judge, seed, patience).run(moves, restarts, progress, watch)


def scales_of(  # noqa: PLR0913  what a search is told
    experiment: Experiment,
    goal: Goal,
    *,
    seed: int = 0,
    rules: Rules | None = None,
    moves: int = MOVES,
    realities: Realities | None = None,
) -> Scales:
    """Return what counts as 1 for a goal, so that islands of one search can share it."""
    need_work(seed, moves=moves)
    checked = check(experiment, rules or Rules())
    return _scales(experiment, goal, checked, seed, moves, realities, None)


def merge(found: Sequence[Found]) -> Found:
    """Return the best of what islands found; of equals, that of the lowest seed.

    Raises
    ------
    NotAnOption
        There is none, or they were not told the same scales, so their worths cannot be compared.
    """
    if not found:
        raise NotAnOption("There is no design to choose from.")
    if len({one.scales for one in found}) > 1 or len({len(one.order) for one in found}) > 1:
        raise NotAnOption(
            "These designs were searched with different scales: give each island the same."
        )
    return min(found, key=lambda one: (-one.worth, one.seed))


def need_work(seed: int, **counts: int) -> None:
    """Refuse a search without work to do, or a seed that there is not."""
    if seed < 0:
        raise NotAnOption("A seed is 0 or more.")
    for name, count in counts.items():
        if count < 1:
            raise NotAnOption(f"A search has at least 1 of its {name}.")


def _scales(  # noqa: PLR0913, PLR0917  what a search is told
    experiment: Experiment,
    goal: Goal,
    rules: Checked,
    seed: int,
    moves: int,
    realities: Realities | None,
    known: Scales | None,
) -> Scales:
    detection = list(known.detection) if known else []
    estimation = 1.0
    told = (realities or Realities()).of(experiment) if goal.detection else []
    for each in told[len(detection) :]:
        judge = Judge(each, rules, Goal(1, 0, 0), Scales())
        detection.append(_alone(judge, seed, moves // FOR_SCALES))
    if goal.estimation:
        _need_estimable(experiment)
        judge = Judge(experiment, rules, Goal(0, 0, 0, 1), Scales())
        found = _Search(judge, seed + 1, 0).run(max(1, moves // FOR_ESTIMATION), 1, None, None)
        if not found.worth > 0:
            raise NotEstimable(judge.evaluation.why_not_estimable(found.order, found.waits))
        estimation = found.worth
    return Scales(tuple(detection) or (1.0,), estimation)


def _need_estimable(experiment: Experiment) -> None:
    """Refuse more bins than scans can tell, whatever the design."""
    bins = experiment.bins[1] * len(experiment.columns)
    left = experiment.scans - experiment.runs * experiment.noise.drift.shape[1]
    if bins > left:
        raise NotEstimable(
            f"The responses have {bins} bins, and {experiment.scans} scans without drift tell at "
            f"most {left}. Make the bins wider, the window shorter, or the run longer."
        )


def _alone(judge: Judge, seed: int, moves: int) -> float:
    found = _Search(judge, seed + 1, 0).run(max(1, moves), 1, None, None)
    return found.worth if found.worth > 0 else 1.0


class _Search:
    """One search: it holds the best so far, and goes on from where it is."""

    def __init__(self, judge: Judge, seed: int, patience: int) -> None:
        self.judge, self.seed, self.patience = judge, seed, patience
        self.rng = np.random.default_rng(seed)
        self.best = np.array([-math.inf, 0.0, 0.0])
        self.best_order = self.best_waits = np.zeros(0, dtype=np.intp)
        self.history: list[float] = []

    def run(
        self, moves: int, restarts: int, progress: Progress | None, watch: Watch | None
    ) -> Found:
        parts, early = min(PARTS, moves), False
        for start in range(restarts):
            walk = self._start()
            for part in range(parts):
                hot = HOT * (COLD / HOT) ** (part / parts)
                cold = HOT * (COLD / HOT) ** ((part + 1) / parts)
                self._anneal(walk, max(1, moves // restarts // parts), hot, cold)
                self.history.append(float(self.best[0]))
                early = bool(self.patience) and self.best[2] > self.patience
                done = (start + (1 if early else (part + 1) / parts)) / restarts
                cancelled = bool(progress and progress(done, float(self.best[0])))
                if cancelled or bool(watch and watch(done, self._found())):
                    return self._found(cancelled=True)
                if early:
                    break
        return self._found(early=early)

    def _start(self) -> Walk:
        judge = self.judge
        order, waits = random_design(judge.evaluation.experiment, judge.rules, self.rng)
        if not len(self.best_order):
            self.best_order, self.best_waits = order.copy(), waits.copy()
        self.best[2] = 0
        return Walk(order, waits, self.best_order, self.best_waits, self.best)

    def _found(self, *, cancelled: bool = False, early: bool = False) -> Found:
        judge, order, waits = self.judge, self.best_order.copy(), self.best_waits.copy()
        bins = bool(judge.goal.estimation)
        return Found(
            order=order,
            waits=waits,
            scores=judge.evaluation.score(order[None], waits[None], estimation=bins),
            worth=float(self.best[0]),
            scale=judge.scales.detection[0],
            history=tuple(self.history),
            was_cancelled=cancelled,
            scales=judge.scales,
            seed=self.seed,
            ended_early=early,
        )

    def _anneal(self, walk: Walk, moves: int, hot: float, cold: float) -> None:
        if self.judge.compiled is None:
            self._anneal_plainly(walk, moves, hot, cold)
            return
        self.judge.compiled.anneal(
            walk,
            seed=int(self.rng.integers(MOST_SEED)),
            moves=moves,
            heat=(hot, cold),
            wait_moves=WAIT_MOVES,
            patience=self.patience,
        )

    # --- without the kernel -----------------------------------------------------------------------
    def _anneal_plainly(self, walk: Walk, moves: int, hot: float, cold: float) -> None:
        now = self._worth(walk.order, walk.waits)
        self._keep(walk, now)
        for heat in np.geomspace(hot, cold, moves):
            if self.patience and self.best[2] > self.patience:
                return
            self.best[2] += 1
            one, other = self._neighbour(walk.order, walk.waits)
            then = self._worth(one, other)
            if then >= now or self.rng.uniform() < math.exp((then - now) / heat):
                walk.order[:], walk.waits[:], now = one, other, then
                self._keep(walk, now)

    def _worth(self, order: Ticks, waits: Ticks) -> float:
        return float(self.judge.worth(order[None], waits[None])[0])

    def _neighbour(self, order: Ticks, waits: Ticks) -> tuple[Ticks, Ticks]:
        one, other = order.copy(), waits.copy()
        rules, size = self.judge.rules, len(self.judge.rules.waits)
        base = size * int(self.rng.integers(rules.runs))
        if size > 2 and self.rng.uniform() < WAIT_MOVES:  # noqa: PLR2004  two waits to swap
            k, l = base + self.rng.integers(1, size, 2)  # noqa: E741  as in the kernel
            other[k], other[l] = waits[l], waits[k]
        elif rules.exact or self.rng.uniform() < 0.5:  # noqa: PLR2004
            low, high = (base, base + size) if rules.exact_in_runs else (0, len(order))
            k, l = self.rng.integers(low, high, 2)  # noqa: E741
            one[k], one[l] = order[l], order[k]
        else:
            one[self.rng.integers(len(order))] = self.rng.integers(len(rules.counts))
        return one, other

    def _keep(self, walk: Walk, worth: float) -> None:
        if worth > self.best[0]:
            self.best[0], self.best[2] = worth, 0
            walk.best_order[:], walk.best_waits[:] = walk.order, walk.waits


def judged(experiment: Experiment, goal: Goal, found: Found, rules: Rules | None = None) -> float:
    """Return what a design is worth, computed anew."""
    judge = Judge(experiment, check(experiment, rules or Rules()), goal, found.scales)
    return float(judge.worth(found.order[None], found.waits[None])[0])
