"""A search in pieces: each depends on the seed and its own number alone.

So a search can be ended between two pieces, go on where it was, and be spread over islands: whoever
does a piece, the same designs are found.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from fmriplan.design import diagnostics
from fmriplan.design.annealing import Found, Progress, scales_of, search
from fmriplan.design.choices import distance, undominated
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.gaps import Ticks
from fmriplan.design.genetic import Population, evolve
from fmriplan.design.goal import Goal, Realities
from fmriplan.design.judging import Judge, Scales
from fmriplan.design.orders import check, random_design
from fmriplan.design.specification import Specification
from fmriplan.errors import NotAnOption

METHODS = ("annealing", "genetic", "random", "front", "set")
MOST = {"moves": 5_000_000, "restarts": 500, "generations": 100_000, "islands": 16,
        "patience": 500, "designs": 30}  # fmt: skip
MOST_SEED = 2**31 - 1
KEPT = 5  # designs of a search for the best one
POOL = 4  # designs that are searched for each one of a set
BATCH = 500  # random designs that are scored at once
STEPS = 5  # of a weight from 0 to 1, along a front
TASTE = 200  # moves, or designs
MIXED = 8  # a piece of a front with a weight on each criterion
CRITERIA = ("detection", "counterbalancing", "frequencies")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What a search is told besides the specification.

    Attributes
    ----------
    moves
        Of annealing in each piece; of the random method, designs that are drawn in each.
    restarts
        Pieces of annealing, of the genetic algorithm and of random designs; repetitions of a front.
    generations
        Of the genetic algorithm in each piece.
    patience
        Pieces without a gain after which an island ends; 0 for no such end.
    designs
        How many unlike designs a set has.
    """

    method: str = "annealing"
    seed: int = 0
    moves: int = 100_000
    restarts: int = 10
    generations: int = 1000
    islands: int = 1
    patience: int = 0
    designs: int = 2

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise NotAnOption(f"The method is one of {', '.join(METHODS)}.")
        if not 0 <= self.seed <= MOST_SEED:
            raise NotAnOption(f"A seed is 0 to {MOST_SEED}.")
        for name, most in MOST.items():
            least = 0 if name == "patience" else 1
            if not least <= getattr(self, name) <= most:
                raise NotAnOption(f"The number of {name} is {least} to {most:,}.")

    @property
    def pieces(self) -> int:
        """Return of how many pieces the search is."""
        if self.method == "front":
            return len(_goals()) * self.restarts
        return POOL * self.designs if self.method == "set" else self.restarts

    def of_island(self, island: int) -> range:
        """Return the numbers of the pieces that an island does, in their order."""
        return range(island, self.pieces, self.islands)

    def seed_of(self, piece: int) -> int:
        """Return a seed for a piece, unlike those of the others."""
        made = np.random.SeedSequence([self.seed, piece]).generate_state(1)
        return int(made[0])


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A design that a piece found: positions of conditions, waits in ticks, what it is worth."""

    piece: int
    order: tuple[int, ...]
    waits: tuple[int, ...]
    detection: float
    counterbalancing: float
    frequencies: float
    worth: float

    @classmethod
    def of(cls, piece: int, found: Found) -> Self:
        return cls(
            piece=piece,
            order=tuple(found.order.tolist()),
            waits=tuple(found.waits.tolist()),
            worth=float(found.worth),
            **{name: float(getattr(found.scores, name)[0]) for name in CRITERIA},
        )

    @classmethod
    def read(cls, told: dict[str, Any]) -> Self:
        """Return what `plain` gave."""
        lists = {name: tuple(told[name]) for name in ("order", "waits")}
        return cls(**{**told, **lists})

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    @property
    def point(self) -> tuple[float, ...]:
        return tuple(float(getattr(self, name)) for name in CRITERIA)


class Pieces:
    """The pieces of one search."""

    def __init__(self, told: Specification, effort: Effort) -> None:
        self.told, self.effort = told, effort

    @cached_property
    def scales(self) -> Scales:
        """Return what counts as 1; the same for each island."""
        goal = Goal() if self.effort.method == "front" else self._goal
        return scales_of(
            self.told.experiment,
            goal,
            seed=self.effort.seed_of(self.effort.pieces),
            rules=self.told.rules,
            moves=self.effort.moves,
            realities=self._realities,
        )

    @property
    def _goal(self) -> Goal:
        """Return the goal; the genetic algorithm knows three criteria."""
        goal = self.told.goal
        is_old = self.effort.method == "genetic" and goal.share_of_estimation < 1
        return replace(goal, estimation=0.0) if is_old else goal

    @property
    def _realities(self) -> Realities | None:
        return None if self.effort.method == "genetic" else self.told.realities

    def do(self, piece: int, progress: Progress | None = None) -> Kept:
        """Return the best design of a piece.

        ``progress`` is told the share that is done and the best worth; returning True ends the
        piece, and what is best so far is returned.
        """
        if self.effort.method == "random":
            return self._randomly(piece, progress)
        if self.effort.method == "genetic":
            return Kept.of(piece, self._evolved(piece, progress))
        goals = _goals() if self.effort.method == "front" else [self._goal]
        found = search(
            self.told.experiment,
            goals[piece % len(goals)],
            seed=self.effort.seed_of(piece),
            rules=self.told.rules,
            moves=self.effort.moves,
            scales=self.scales,
            realities=self._realities,
            progress=progress,
        )
        return Kept.of(piece, found)

    def _evolved(self, piece: int, progress: Progress | None) -> Found:
        return evolve(
            self.told.experiment,
            self._goal,
            scale=self.scales.detection[0],
            generations=self.effort.generations,
            seed=self.effort.seed_of(piece),
            rules=self.told.rules,
            population=Population(),
            progress=progress,
        )

    def _randomly(self, piece: int, progress: Progress | None) -> Kept:
        rng = np.random.default_rng(self.effort.seed_of(piece))
        best: Kept | None = None
        for at in range(0, self.effort.moves, BATCH):
            count = min(BATCH, self.effort.moves - at)
            found = self._best_of(piece, *self._drawn(count, rng))
            best = found if best is None or found.worth > best.worth else best
            done = (at + count) / self.effort.moves
            if progress and progress(done, best.worth):
                break
        if best is None:
            raise NotAnOption("At least one random design is drawn.")
        return best

    def _drawn(self, count: int, rng: np.random.Generator) -> tuple[Ticks, Ticks]:
        experiment, rules = self.told.experiment, self.judge.rules
        drawn = [random_design(experiment, rules, rng) for _ in range(count)]
        return np.array([order for order, _ in drawn]), np.array([waits for _, waits in drawn])

    def _best_of(self, piece: int, orders: Ticks, waits: Ticks) -> Kept:
        worth = self.judge.worth(orders, waits)
        best = int(np.argmax(worth))
        scores = self.evaluation.score(orders[best : best + 1], waits[best : best + 1])
        return Kept(
            piece=piece,
            order=tuple(orders[best].tolist()),
            waits=tuple(waits[best].tolist()),
            worth=float(worth[best]),
            **{name: float(getattr(scores, name)[0]) for name in CRITERIA},
        )

    @cached_property
    def judge(self) -> Judge:
        rules = check(self.told.experiment, self.told.rules)
        return Judge(self.told.experiment, rules, self._goal, self.scales, self._realities)

    @cached_property
    def evaluation(self) -> Evaluation:
        return Evaluation(self.told.experiment)

    def scores(self, kept: Kept) -> dict[str, float]:
        """Return all that is told of a design: what was searched for, and what to look at."""
        order, waits = np.array(kept.order, dtype=np.intp), np.array(kept.waits, dtype=np.intp)
        experiment = self.told.experiment
        seen = diagnostics.foresight(order, waits, len(experiment.conditions), experiment.runs)
        alike = diagnostics.collinearity(self.evaluation, order, waits)
        made = {
            **{name: getattr(kept, name) for name in CRITERIA},
            "estimation": float(self.evaluation.estimation(order[None], waits[None])[0]),
            "inflation": float(np.max(alike.inflation[: len(experiment.columns)])),
            "surprise": seen.surprise,
            "longest_run": float(seen.longest_run),
            "wait_autocorrelation": seen.wait_autocorrelation,
        }
        return {name: value for name, value in made.items() if np.isfinite(value)}


def added(effort: Effort, pool: Sequence[Kept], found: Kept) -> list[Kept]:
    """Return what is kept of a search after another piece, in an order that tells nothing twice."""
    made = [each for each in pool if each.piece != found.piece]
    if all((each.order, each.waits) != (found.order, found.waits) for each in made):
        made.append(found)
    return merged(effort, made)


def merged(effort: Effort, pool: Iterable[Kept]) -> list[Kept]:
    """Return what is kept of the pieces of all islands: it does not matter which did which."""
    made = sorted(pool, key=lambda each: (-each.worth, each.piece))
    if effort.method == "front":
        kept = _undominated(made) if made else []
        return sorted(kept, key=lambda each: (each.detection, each.piece))
    return made if effort.method == "set" else made[:KEPT]


def _undominated(made: Sequence[Kept]) -> list[Kept]:
    stays = undominated(np.array([each.point for each in made]))
    return [each for each, stay in zip(made, stays, strict=True) if stay]


def chosen(effort: Effort, pool: Sequence[Kept]) -> list[Kept]:
    """Return the designs of a search that has ended, the first of them first.

    A set's are as different from one another as can be (maximin distance: Johnson, Moore &
    Ylvisaker, 1990), beginning with the best.
    """
    made = merged(effort, pool)
    if effort.method != "set" or not made:
        return made
    orders = [np.array(each.order, dtype=np.intp) for each in made]
    taken = [0]
    while len(taken) < min(effort.designs, len(made)):
        away = [_nearest(orders, each, taken) for each in range(len(made))]
        taken.append(int(np.argmax(away)))
    return [made[each] for each in taken]


def _nearest(orders: Sequence[Ticks], one: int, taken: Sequence[int]) -> int:
    """Return in how many trials a design differs from the nearest that was taken; -1 for itself."""
    return -1 if one in taken else min(distance(orders[one], orders[each]) for each in taken)


def expected_s(told: Specification, effort: Effort, clock: Callable[[], float]) -> float:
    """Return about how long a search takes on one machine, from a taste of it."""
    small = Effort(method=effort.method, seed=effort.seed, moves=TASTE, generations=2, restarts=1)
    pieces = Pieces(told, small)
    began = clock()
    _ = pieces.scales
    scaled = clock()
    pieces.do(MIXED if effort.method == "front" else 0)
    one = clock() - scaled
    grown = effort.generations / 2 if effort.method == "genetic" else effort.moves / TASTE
    return (scaled - began) + one * max(1.0, grown) * len(effort.of_island(0))


def _goals() -> list[Goal]:
    parts = range(STEPS + 1)
    return [
        Goal(a / STEPS, b / STEPS, (STEPS - a - b) / STEPS)
        for a in parts
        for b in parts
        if a + b <= STEPS
    ]
