"""Designs made from recipes.

A run is a function of the recipe and its own number alone, so more runs can be added later and the
old ones stay as they are. Rows of squares are dealt so that the orders of one level meet those of
another evenly: a participant's number, divided by the rows of the outer level, moves the inner one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType

from touchstone.chance import Chance
from touchstone.design import NOTHING, Block, Design, Factor, Run, Trial
from touchstone.errors import DesignError
from touchstone.orders import balanced, latin, permutation, rows_of
from touchstone.recipe import MOST_RUNS, Practice, Recipe

Values = Mapping[str, str]
SQUARES = {"latin": latin, "balanced": balanced}


def generate(recipe: Recipe) -> Design:
    """Return the design of a recipe, with a run for each participant."""
    maker = Maker(recipe)
    runs = tuple(maker.run(number, f"S{number}") for number in range(recipe.participants))
    return Design(
        recipe.id,
        recipe.factors,
        recipe.measures,
        runs,
        name=recipe.name,
        author=recipe.author,
        description=recipe.description,
    )


def extend(design: Design, recipe: Recipe, more_runs: int) -> Design:
    """Return a design with runs added as the recipe would have gone on; the old ones stay."""
    if design.factors != recipe.factors:
        raise DesignError("The design has other factors than the recipe.", field="factors")
    if more_runs < 1:
        raise DesignError("Add at least one run.", field="more_runs")
    wanted = replace(recipe, participants=min(len(design.runs) + more_runs, MOST_RUNS + 1))
    maker, taken = Maker(wanted), {run.id for run in design.runs}
    added: list[Run] = []
    for number in range(len(design.runs), wanted.participants):
        code = _free(number, taken)
        taken.add(code)
        added.append(maker.run(number, code))
    return replace(design, runs=(*design.runs, *added))


def _free(number: int, taken: set[str]) -> str:
    while f"S{number}" in taken:
        number += 1
    return f"S{number}"


@dataclass(frozen=True)
class Place:
    """Where in a run the maker stands: the values settled so far, and how it got there."""

    values: Values
    path: tuple[int, ...] = ()
    is_first: bool = True  # no repetition of what came before


class Maker:
    """Makes the runs of one recipe; what all runs share is worked out once."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.factors = {factor.id: factor for factor in recipe.factors}
        self.groups = _crossed(recipe.between)
        self.conditions = [
            _crossed([self.factors[name] for name in level.factors]) for level in recipe.levels
        ]
        self.first_rows = [self._first_row(place) for place in range(len(recipe.levels))]
        self.row_orders = [self._row_order(place) for place in range(len(recipe.levels))]

    def run(self, number: int, code: str) -> Run:
        """Return the run of one participant."""
        index, group = divmod(number, len(self.groups))
        start = Place(self.groups[group])
        blocks = [*self._practice(0, number, start), *self._blocks(0, number, index, start)]
        total = sum(not block.is_practice for block in blocks)
        return Run(code, tuple(_numbered(blocks, total)))

    # --- blocks -----------------------------------------------------------------------------------
    def _blocks(self, depth: int, number: int, index: int, around: Place) -> Iterator[Block]:
        if depth == len(self.recipe.levels) - 1:
            yield self._block(number, index, around)
            return
        turns = len(self.conditions[depth]) * self.recipe.levels[depth].replications
        before = turns * around.path[-1] if around.path else 0
        inner = self._inner(depth, index)
        for turn, (place, condition) in enumerate(self._sequence(depth, number, index, around)):
            values = {**around.values, **self.conditions[depth][condition]}
            path = (*around.path, before + turn)
            here = Place(MappingProxyType(values), path, is_first=place == 0)
            yield from self._practice(depth + 1, number, here)
            yield from self._blocks(depth + 1, number, inner, here)

    def _block(self, number: int, index: int, around: Place) -> Block:
        depth = len(self.recipe.levels) - 1
        own = self.conditions[depth]
        order = self._sequence(depth, number, index, around)
        trials = tuple(Trial(own[condition]) for _, condition in order)
        return Block(trials, around.values, name=self.recipe.block_name)

    def _inner(self, depth: int, index: int) -> int:
        """Return the row number for the level inside: see the head of this module."""
        rows = rows_of(self.recipe.levels[depth].order, len(self.conditions[depth]))
        return index // rows + index % rows

    # --- orders -----------------------------------------------------------------------------------
    def _sequence(
        self, depth: int, number: int, index: int, around: Place
    ) -> Iterator[tuple[int, int]]:
        """Yield conditions in order, each with the number of its repetition."""
        level = self.recipe.levels[depth]
        turn = around.path[-1] if around.path else 0
        if level.is_serial:
            for condition in self._order(depth, number, index + turn, (around.path, 0)):
                yield from ((again, condition) for again in range(level.replications))
            return
        for again in range(level.replications):
            row = index + turn + again
            for condition in self._order(depth, number, row, (around.path, again)):
                yield again, condition

    def _order(self, depth: int, number: int, row: int, place: object) -> Sequence[int]:
        level, n = self.recipe.levels[depth], len(self.conditions[depth])
        if level.order == "fixed":
            return range(n)
        if level.order == "random":
            return self._chance("order", depth, number, place).shuffled(range(n))
        if level.order == "all":
            return permutation(n, row)
        rows = self.row_orders[depth]
        square = SQUARES[level.order](n, rows[row % len(rows)])
        return [self.first_rows[depth][condition] for condition in square]

    def _first_row(self, depth: int) -> list[int]:
        return self._chance("first row", depth).shuffled(range(len(self.conditions[depth])))

    def _row_order(self, depth: int) -> list[int]:
        level = self.recipe.levels[depth]
        rows = rows_of(level.order, len(self.conditions[depth])) if level.order in SQUARES else 1
        return self._chance("rows", depth).shuffled(range(rows))

    def _chance(self, *place: object) -> Chance:
        return Chance(self.recipe.seed, *place)

    # --- practice ---------------------------------------------------------------------------------
    def _practice(self, depth: int, number: int, place: Place) -> Iterator[Block]:
        for which, practice in enumerate(self.recipe.practice):
            if practice.level == depth and (place.is_first or practice.before_repetitions):
                yield self._warming_up(practice, which, number, place)

    def _warming_up(self, practice: Practice, which: int, number: int, place: Place) -> Block:
        own = {factor.id: place.values[factor.id] for factor in self.recipe.between}
        coming = {name: place.values[name] for name in practice.coming}
        settled = {**own, **coming, **dict(practice.fixed)}
        sampled = [factor for name, factor in self.factors.items() if name not in settled]
        chance = self._chance("practice", which, number, place.path)
        trials = tuple(_sample(sampled, chance) for _ in range(practice.trials))
        return Block(
            trials, MappingProxyType(settled), is_practice=True, name=self.recipe.block_name
        )


def _crossed(factors: Sequence[Factor]) -> list[Values]:
    """Return each combination of the factors' values, the last factor changing quickest."""
    names = [factor.id for factor in factors]
    levels = [[value.id for value in factor.values] for factor in factors]
    return [MappingProxyType(dict(zip(names, one, strict=True))) for one in product(*levels)]


def _sample(factors: Sequence[Factor], chance: Chance) -> Trial:
    values = {factor.id: chance.choice(factor.values).id for factor in factors}
    return Trial(MappingProxyType(values) if values else NOTHING)


def _numbered(blocks: Sequence[Block], total: int) -> Iterator[Block]:
    number = 0
    for block in blocks:
        number += not block.is_practice
        yield block if block.is_practice else replace(block, number=number, total=total)
