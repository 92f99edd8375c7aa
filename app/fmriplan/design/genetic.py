"""The genetic algorithm of the literature, for comparison: it is slower than annealing.

Wager & Nichols (2003), NeuroImage 18:293; Kao et al. (2009), NeuroImage 44:849. Designs are paired
at random and crossed at one point, a share of their trials is changed, a few strangers come in, and
the best stay.
"""

from dataclasses import dataclass

import numpy as np

from fmriplan.design import sequences
from fmriplan.design.annealing import Found, Progress, need_work
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.goal import Goal
from fmriplan.design.judging import Judge, Scales
from fmriplan.design.orders import Rules, check, random_design
from fmriplan.errors import NotAnOption

TELLS_EVERY = 10  # generations


@dataclass(frozen=True)
class Population:
    """How a population is kept.

    Attributes
    ----------
    size, strangers
        Designs that stay, and that come in with each generation.
    changed
        Share of a design's trials that is changed.
    patience
        Generations without a gain after which the search ends.
    blocked, sequenced
        Shares of strangers that are blocks, and m-sequences where there are any; others are random.
    """

    size: int = 20
    strangers: int = 4
    changed: float = 0.01
    patience: int = 1000
    blocked: float = 0.4
    sequenced: float = 0.2

    def __post_init__(self) -> None:
        if self.size < 2 or self.strangers < 0 or self.patience < 1:  # noqa: PLR2004  a pair
            raise NotAnOption("A population has at least 2 designs, and patience of 1 generation.")
        if not 0 < self.changed <= 1:
            raise NotAnOption("The share of trials that is changed is above 0 and at most 1.")
        if min(self.blocked, self.sequenced) < 0 or self.blocked + self.sequenced > 1:
            raise NotAnOption("The shares of blocks and m-sequences sum to at most 1.")


def evolve(  # noqa: PLR0913  what a search is told
    experiment: Experiment,
    goal: Goal,
    *,
    scale: float = 1.0,
    generations: int,
    seed: int = 0,
    rules: Rules | None = None,
    population: Population | None = None,
    progress: Progress | None = None,
    scales: Scales | None = None,
) -> Found:
    """Return the best design of so many generations.

    ``scale`` is a detection that counts as 1; ``scales``, as `annealing.scales_of` finds them, say
    that of estimation too.
    """
    need_work(seed, generations=generations)
    judge = Judge(experiment, check(experiment, rules or Rules()), goal, scales or Scales((scale,)))
    tribe = _Tribe(judge, population or Population(), seed)
    return tribe.live(generations, progress)


class _Tribe:
    def __init__(self, judge: Judge, kept: Population, seed: int) -> None:
        self.judge, self.kept, self.seed = judge, kept, seed
        self.experiment = judge.evaluation.experiment
        self.rng = np.random.default_rng(seed)
        self.borders = np.cumsum(self.experiment.shares)[:-1]
        self.orders, self.waits = self._strangers(kept.size)
        self.worth = self.judge.worth(self.orders, self.waits)
        self.history: list[float] = []

    def live(self, generations: int, progress: Progress | None) -> Found:
        best, since, cancelled = -np.inf, 0, False
        for number in range(1, generations + 1):
            self._generation()
            top = float(self.worth[0])
            since = 0 if top > best else since + 1
            best = max(best, top)
            if number % TELLS_EVERY == 0 or number == generations:
                self.history.append(best)
                cancelled = bool(progress and progress(number / generations, best))
            if cancelled or since >= self.kept.patience:
                break
        return self._found(cancelled=cancelled, early=since >= self.kept.patience)

    def _generation(self) -> None:
        orders, waits = self._children()
        strange, other = self._strangers(self.kept.strangers)
        orders, waits = np.concatenate([orders, strange]), np.concatenate([waits, other])
        worth = np.concatenate([self.worth, self.judge.worth(orders, waits)])
        stay = np.argsort(-worth, kind="stable")[: self.kept.size]
        self.orders = np.concatenate([self.orders, orders])[stay]
        self.waits = np.concatenate([self.waits, waits])[stay]
        self.worth = worth[stay]

    def _children(self) -> tuple[Ticks, Ticks]:
        count, trials = self.orders.shape
        partner = self.rng.permutation(count)
        cut = self.rng.integers(1, trials, (count, 1))
        crossed = np.where(np.arange(trials) < cut, self.orders, self.orders[partner])
        changed = self.rng.uniform(size=crossed.shape) < self.kept.changed
        crossed[changed] = self.rng.integers(len(self.experiment.shares), size=int(changed.sum()))
        return crossed, self._swapped_waits()

    def _swapped_waits(self) -> Ticks:
        """Return the waits with two of a run swapped in each design."""
        waits, rows, size = (
            self.waits.copy(),
            np.arange(len(self.waits)),
            self.experiment.run_trials,
        )
        if size > 1:
            base = size * self.rng.integers(self.experiment.runs, size=len(rows))
            one, other = (base + self.rng.integers(1, size, len(rows)) for _ in range(2))
            waits[rows, one], waits[rows, other] = waits[rows, other], waits[rows, one]
        return waits

    def _strangers(self, count: int) -> tuple[Ticks, Ticks]:
        if not count:
            return (np.zeros((0, self.experiment.trials), dtype=np.intp),) * 2
        if not self.judge.rules.is_free:
            made = [
                random_design(self.experiment, self.judge.rules, self.rng) for _ in range(count)
            ]
            orders, waits = (np.array(each, dtype=np.intp) for each in zip(*made, strict=True))
            return orders, waits
        orders = np.array([self._stranger() for _ in range(count)], dtype=np.intp)
        return orders, self.experiment.shuffled_waits(self.rng, count)

    def _stranger(self) -> Ticks:
        experiment, kind = self.experiment, self.rng.uniform()
        conditions = len(experiment.shares)
        if kind < self.kept.blocked:
            return sequences.in_blocks(experiment.shares, experiment.trials, self.rng)
        if kind < self.kept.blocked + self.kept.sequenced and conditions in sequences.BASES:
            return sequences.of_m_sequence(conditions, experiment.trials, self.rng)
        drawn = self.rng.uniform(
            size=experiment.trials
        )  # `choice` would check the shares each time
        return np.searchsorted(self.borders, drawn, side="right")

    def _found(self, *, cancelled: bool, early: bool) -> Found:
        judge = self.judge
        bins = bool(judge.goal.estimation)
        return Found(
            order=self.orders[0],
            waits=self.waits[0],
            scores=judge.evaluation.score(self.orders[:1], self.waits[:1], estimation=bins),
            worth=float(self.worth[0]),
            scale=judge.scales.detection[0],
            history=tuple(self.history),
            was_cancelled=cancelled,
            scales=judge.scales,
            seed=self.seed,
            ended_early=early,
        )
