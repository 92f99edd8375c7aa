"""What a design is generated from: frozen and checked as it is made."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from math import prod

from touchstone.design import Factor, Measure, Value
from touchstone.errors import DesignError
from touchstone.orders import rows_of
from touchstone.rules import trouble_with_id, trouble_with_size

ORDERS = ("random", "latin", "balanced", "all", "fixed")
BETWEEN = "Between Subject"
WITHIN = "Within Subject"
MOST_RUNS = 2000
MOST_TRIALS = 200_000
MOST_VALUES = 200  # of a factor; and conditions that one level may cross
MOST_SECONDS = 86_400.0
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Level:
    """A level of the hierarchy: which factors are crossed in it, and in which order they come.

    Serial replications repeat a condition at once; distributed ones go through all of them again.
    """

    factors: tuple[str, ...] = ()
    order: str = "random"
    replications: int = 1
    is_serial: bool = False


@dataclass(frozen=True)
class Practice:
    """Trials that do not count, before everything (level 0) or before each block of a level.

    A factor is fixed, has the value of the coming block, or else is sampled for each trial.
    """

    trials: int
    level: int = 0
    fixed: tuple[tuple[str, str], ...] = ()
    coming: tuple[str, ...] = ()
    before_repetitions: bool = False


@dataclass(frozen=True)
class Timing:
    """How long things take, in seconds."""

    setup: float = 0.0
    trial: float = 0.0
    intertrial: float = 0.0
    interblock: float = 0.0
    interpractice: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """How to make a design. The last level is that of the trials; those before it are blocks."""

    id: str
    factors: tuple[Factor, ...]
    levels: tuple[Level, ...]
    participants: int
    seed: int = 0
    name: str = ""
    author: str = ""
    description: str = ""
    measures: tuple[Measure, ...] = ()
    practice: tuple[Practice, ...] = ()
    timing: Timing = field(default_factory=Timing)
    block_name: str = "DefaultBlockClass"

    def __post_init__(self) -> None:
        for place, trouble in troubles(self):
            raise DesignError(trouble, field=place)

    @property
    def between(self) -> tuple[Factor, ...]:
        """Return the factors that differ between participants."""
        return tuple(factor for factor in self.factors if factor.tag == BETWEEN)

    def crossed(self, level: Level) -> int:
        """Return how many conditions a level has."""
        sizes = {factor.id: len(factor.values) for factor in self.factors}
        return prod(sizes[name] for name in level.factors)

    @property
    def groups(self) -> int:
        return prod(len(factor.values) for factor in self.between)

    @property
    def trials_of_a_run(self) -> int:
        """Return how many trials a participant has, without practice."""
        return prod(self.crossed(level) * level.replications for level in self.levels)

    @property
    def participants_needed(self) -> int:
        """Return how many participants it takes until each order was seen by each group."""
        rows = (rows_of(level.order, self.crossed(level)) for level in self.levels)
        return self.groups * prod(rows)

    @property
    def notation(self) -> str:
        """Return the hierarchy as TouchStone writes it down, ending in ``subject[THEME]``."""
        parts = [_written(level) for level in self.levels]
        groups = ", ".join(factor.id for factor in self.between)
        return f" {TIMES} ".join([*parts, f"subject[{groups}]" if groups else "subject"])


def _written(level: Level) -> str:
    crossed = "*".join(level.factors) or "trial"
    return crossed + (f"({TIMES}{level.replications})" if level.replications > 1 else "")


# --- what can be wrong ----------------------------------------------------------------------------
def troubles(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a recipe: the field, and what to do."""
    if trouble := trouble_with_id("experiment", recipe.id):
        yield "id", trouble
    if not 1 <= recipe.participants <= MOST_RUNS:
        yield "participants", f"Plan from 1 to {MOST_RUNS:,} participants."
    yield from _factors(recipe.factors)
    yield from _twins("measures", recipe.measures)
    yield from _levels(recipe)
    yield from _practice(recipe)
    for one in fields(recipe.timing):
        if not 0 <= getattr(recipe.timing, one.name) <= MOST_SECONDS:
            yield f"timing.{one.name}", "Give seconds, from 0 to a day's."
    yield from _size(recipe)


def _factors(factors: tuple[Factor, ...]) -> Iterator[tuple[str, str]]:
    yield from _twins("factors", factors)
    for place, factor in enumerate(factors):
        where = f"factors[{place}]"
        yield from _twins(f"{where}.values", factor.values)
        if not 1 <= len(factor.values) <= MOST_VALUES:
            yield f"{where}.values", f"Give {factor.id} from 1 to {MOST_VALUES} values."
        if factor.default and factor.default not in {value.id for value in factor.values}:
            yield f"{where}.default", f"{factor.default!r} is no value of {factor.id}."
        if factor.tag not in {BETWEEN, WITHIN}:
            yield f"{where}.tag", f"Say {WITHIN!r} or {BETWEEN!r}."


def _twins(where: str, things: Sequence[Factor | Measure | Value]) -> Iterator[tuple[str, str]]:
    what = {"factors": "factor", "measures": "measure"}.get(where, "value")
    for place, one in enumerate(things):
        if trouble := trouble_with_id(what, one.id):
            yield f"{where}[{place}].id", trouble
    for code, count in Counter(one.id for one in things).items():
        if count > 1:
            yield where, f"{code!r} is there {count} times. Give each {what} its own id."


def _levels(recipe: Recipe) -> Iterator[tuple[str, str]]:
    if not recipe.levels:
        yield "levels", "Give at least one level: that of the trials."
    known = {factor.id for factor in recipe.factors}
    between = {factor.id for factor in recipe.between}
    for place, level in enumerate(recipe.levels):
        where = f"levels[{place}]"
        for name in level.factors:
            if name not in known:
                yield f"{where}.factors", f"There is no factor {name!r}."
            elif name in between:
                yield f"{where}.factors", f"{name} differs between participants, not in a run."
        if level.order not in ORDERS:
            yield f"{where}.order", f"Choose one of {', '.join(ORDERS)}."
        if not 1 <= level.replications <= MOST_TRIALS:
            yield f"{where}.replications", "Repeat at least once."
    yield from _placed(recipe, known - between)


def _placed(recipe: Recipe, within: set[str]) -> Iterator[tuple[str, str]]:
    used = Counter(name for level in recipe.levels for name in level.factors)
    for name, count in used.items():
        if count > 1:
            yield "levels", f"{name} stands in {count} places. Put it in one level."
    for name in sorted(within - used.keys()):
        yield "levels", f"{name} stands in no level. Put it in one, or take the factor away."


def _practice(recipe: Recipe) -> Iterator[tuple[str, str]]:
    for place, practice in enumerate(recipe.practice):
        where = f"practice[{place}]"
        if not 1 <= practice.trials <= MOST_TRIALS:
            yield f"{where}.trials", "Give at least one trial of practice."
        if not 0 <= practice.level < len(recipe.levels):
            yield (
                f"{where}.level",
                f"Choose from 0 (before everything) to {len(recipe.levels) - 1}.",
            )
        else:
            yield from _choices(recipe, practice, where)


def _choices(recipe: Recipe, practice: Practice, where: str) -> Iterator[tuple[str, str]]:
    known = {one.id: {value.id for value in one.values} for one in recipe.factors}
    between = {factor.id for factor in recipe.between}
    for name, value in practice.fixed:
        if value not in known.get(name, ()):
            yield f"{where}.fixed", f"{name} has no value {value!r}."
        if name in between:
            yield f"{where}.fixed", f"{name} is the participant's own, in practice too."
    outside = {name for level in recipe.levels[: practice.level] for name in level.factors}
    for name in practice.coming:
        if name not in outside:
            yield f"{where}.coming", f"{name} is not settled by the blocks around this practice."
        if name in dict(practice.fixed):
            yield f"{where}.coming", f"{name} is fixed already; choose one of the two."


def _size(recipe: Recipe) -> Iterator[tuple[str, str]]:
    if recipe.groups > MOST_RUNS:
        yield "factors", f"{recipe.groups:,} groups of participants are too many."
    for place, level in enumerate(recipe.levels):
        if recipe.crossed(level) > MOST_TRIALS:
            yield f"levels[{place}].factors", "These are too many conditions. Cross fewer factors."
        elif level.order == "all" and recipe.crossed(level) > MOST_VALUES:
            yield f"levels[{place}].order", "All orders of so many conditions are beyond anybody."
    total = recipe.participants * (recipe.trials_of_a_run + _practice_trials(recipe))
    if total > MOST_TRIALS:
        yield "participants", f"{total:,} trials are too many; {MOST_TRIALS:,} are the most."
    if trouble := trouble_with_size(len(recipe.factors), total):
        yield "participants", trouble


def _practice_trials(recipe: Recipe) -> int:
    sizes = [recipe.crossed(level) * level.replications for level in recipe.levels]
    return sum(one.trials * prod(sizes[: one.level]) for one in recipe.practice)
