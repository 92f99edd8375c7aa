"""TSL as designs: what each of n participants does, and recipes as TSL.

Fix and Complete give the very orders of Touchstone2's own generator; Latin and Random keep what
they promise, with a seed. That generator leaves crossed parts out. Here parts that are crossed come
one after another, a placeholder ``_k_`` is the k-th condition of the next part, and a part of
other variables is done inside each condition of the one before.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from math import factorial, lcm, prod
from types import MappingProxyType

from touchstone.chance import Chance
from touchstone.decoding import decoded
from touchstone.design import Block, Design, Factor, Run, Trial, Value
from touchstone.errors import DesignError
from touchstone.orders import balanced, permutation
from touchstone.recipe import (
    BETWEEN,
    MOST_RUNS,
    MOST_TRIALS,
    MOST_VALUES,
    WITHIN,
    Recipe,
)
from touchstone.rules import MOST_FACTORS, trouble_with_id, trouble_with_size
from touchstone.tsl_syntax import PLACEHOLDER, Part, Session, Variable, parse, text_of

__all__ = ["design_of", "needed", "parse", "read", "recipe_as_tsl", "text_of"]

USUAL = 60  # participants at most, where nobody says how many
SESSION = "Session"
STRATEGIES = {
    "random": "Random",
    "latin": "Latin",
    "balanced": "Latin",
    "all": "Complete",
    "fixed": "Fix",
}
WORD = re.compile(r"[A-Za-z0-9_-]+")
Values = Mapping[str, str]


def read(
    document: bytes, charset: str = "", *, participants: int = 0, code: str = "", seed: int = 0
) -> Design:
    """Return the design of a file; where nobody says how many, for a full square."""
    text, _ = decoded(document, charset)
    return design_of(parse(text), participants=participants, code=code, seed=seed)


def design_of(
    sessions: Sequence[Session], *, participants: int = 0, code: str = "", seed: int = 0
) -> Design:
    """Return the design that the sessions describe."""
    sessions = [replace(one, parts=tuple(_joined(_filled_in(one.parts)))) for one in sessions]
    participants = participants or min(needed(sessions), USUAL)
    code = code or next((one.name for one in sessions if one.name), "tsl")
    if trouble := trouble_with_id("experiment", code):
        raise DesignError(trouble, field="id")
    _limit(sessions, participants)
    maker = Maker(sessions, seed)
    runs = tuple(maker.run(number) for number in range(participants))
    return Design(code, tuple(maker.factors()), (), runs)


def needed(sessions: Sequence[Session]) -> int:
    """Return how many participants fill all squares, as Touchstone2 counts them."""
    return lcm(*(_rows(part) for session in sessions for part in _all_parts(session.parts)))


def recipe_as_tsl(recipe: Recipe) -> str:
    """Return the hierarchy of a recipe as TSL, which knows no practice and no times."""
    values = {one.id: tuple(value.id for value in one.values) for one in recipe.factors}
    for name in [*values, *(value for levels in values.values() for value in levels)]:
        if not WORD.fullmatch(name):
            raise DesignError(f"{name!r} cannot be written in TSL: use letters, digits, - and _.")
    inside: tuple[Part, ...] = ()
    for level in reversed(recipe.levels):
        if level.factors:
            variables = tuple(Variable(name, values[name]) for name in level.factors)
            strategy = STRATEGIES[level.order]
            inside = (Part(strategy, variables, level.replications, level.is_serial, inside),)
        elif level.replications > 1:
            raise DesignError("A level without factors cannot be written in TSL.", field="levels")
    if recipe.between:
        variables = tuple(Variable(one.id, values[one.id]) for one in recipe.between)
        inside = (Part("Between", variables, inside=inside),)
    if not inside:
        raise DesignError("A design without factors cannot be written in TSL.", field="factors")
    name = recipe.id if recipe.id.isalnum() and recipe.id.isascii() else ""
    return text_of([Session(inside, name)])


# --- counting -------------------------------------------------------------------------------------
def _all_parts(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _all_parts(part.inside)


def _conditions(part: Part) -> int:
    return prod(len(variable.levels) for variable in part.variables)


def _rows(part: Part) -> int:
    n = _conditions(part)
    if part.strategy == "Complete":
        return factorial(min(n, MOST_VALUES))
    return n if part.strategy in {"Between", "Latin"} else 1


def _trials(parts: Sequence[Part]) -> int:
    return sum(_trials_of(part) for part in parts) if parts else 1


def _trials_of(part: Part) -> int:
    own = 1 if part.strategy == "Between" else _conditions(part)
    return own * part.replications * _trials(part.inside)


def _limit(sessions: Sequence[Session], participants: int) -> None:
    if not 1 <= participants <= MOST_RUNS:
        raise DesignError(f"Plan from 1 to {MOST_RUNS:,} participants.", field="participants")
    for part in (part for one in sessions for part in _all_parts(one.parts)):
        if _conditions(part) > (MOST_VALUES if part.strategy == "Complete" else MOST_TRIALS):
            raise DesignError(f"{part.strategy} crosses too many conditions. Cross fewer.")
    names = {one.name for s in sessions for p in _all_parts(s.parts) for one in p.variables}
    if len(names) >= MOST_FACTORS:
        raise DesignError(f"{len(names)} variables are too many. Leave some out.")
    if sum(one.repetitions for one in sessions) > MOST_VALUES:
        raise DesignError(f"More than {MOST_VALUES} sessions. Repeat them less often.")
    total = participants * sum(one.repetitions * _trials(one.parts) for one in sessions)
    if total > MOST_TRIALS:
        raise DesignError(f"{total:,} trials are too many; {MOST_TRIALS:,} are the most.")
    if trouble := trouble_with_size(len(names), total):
        raise DesignError(trouble)


# --- crossing -------------------------------------------------------------------------------------
def _joined(parts: Sequence[Part]) -> Iterator[Part]:
    """Put a part of other variables inside the one before; the others stay side by side."""
    parts = [replace(part, inside=tuple(_joined(part.inside))) for part in parts]
    while parts:
        first, *parts = parts
        while parts and not first.placeholders and _names(first).isdisjoint(_names(parts[0])):
            inner, *parts = parts
            first = _within(first, inner)
        yield first


def _within(part: Part, inner: Part) -> Part:
    if not part.inside:
        return replace(part, inside=(inner,))
    return replace(part, inside=tuple(_within(one, inner) for one in part.inside))


def _names(part: Part) -> set[str]:
    return {variable.name for one in _all_parts([part]) for variable in one.variables}


def _filled_in(parts: Sequence[Part]) -> Sequence[Part]:
    """Refuse placeholders that nothing fills."""
    for place, part in enumerate(parts):
        _filled_in(part.inside)
        marks = [int(found[1]) for found in _marks(part)]
        filling = parts[place + 1] if place + 1 < len(parts) else None
        most = _conditions(filling) if filling and not filling.placeholders else 0
        for mark in marks:
            if mark > most:
                raise DesignError(
                    f"Nothing fills the placeholder _{mark}_. Cross a part behind it."
                )
    return parts


def _marks(part: Part) -> Iterator[re.Match[str]]:
    levels = (level for variable in part.variables for level in variable.levels)
    return (found for found in map(PLACEHOLDER.fullmatch, levels) if found)


# --- making ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Item:
    """One condition in one place of the order, with what is done inside it."""

    values: Values
    inside: tuple[Part, ...]
    place: tuple[object, ...]


class Maker:
    """Makes the runs that sessions describe."""

    def __init__(self, sessions: Sequence[Session], seed: int) -> None:
        self.seed = seed
        self.sessions = [one for one in sessions for _ in range(one.repetitions)]
        self.names = list(_session_names(self.sessions))

    def factors(self) -> Iterator[Factor]:
        """Yield the factors, each with its levels in the order of the text."""
        levels: dict[str, dict[str, None]] = {}
        between: set[str] = set()
        parts = [part for session in self.sessions for part in _all_parts(session.parts)]
        for part in parts:
            for variable in part.variables:
                named = (one for one in variable.levels if not PLACEHOLDER.fullmatch(one))
                levels.setdefault(variable.name, {}).update(dict.fromkeys(named))
                between |= {variable.name} if part.strategy == "Between" else set()
        if len(self.sessions) > 1:
            levels.setdefault(SESSION, {}).update(dict.fromkeys(self.names))
        for name, known in levels.items():
            yield _factor(name, list(known), BETWEEN if name in between else WITHIN)

    def run(self, number: int) -> Run:
        """Return what one participant does."""
        blocks: list[Block] = []
        for place, session in enumerate(self.sessions):
            here = {SESSION: self.names[place]} if len(self.sessions) > 1 else {}
            trials = self._trials(session.parts, here, number, (place,))
            blocks += (_block(values, list(group)) for values, group in _grouped(trials))
        total = len(blocks)
        numbered = (replace(one, number=n, total=total) for n, one in enumerate(blocks, 1))
        return Run(f"S{number}", tuple(numbered))

    def _trials(
        self, parts: Sequence[Part], around: Values, number: int, path: tuple[object, ...]
    ) -> Iterator[tuple[tuple[object, ...], Values, Values]]:
        """Yield for each trial where it stands, and the values around it and of its own."""
        for item in self._items(parts, number, path):
            if item.inside:
                settled = {**around, **item.values}
                yield from self._trials(item.inside, settled, number, item.place)
            else:
                yield path, around, item.values

    def _items(
        self, parts: Sequence[Part], number: int, path: tuple[object, ...]
    ) -> Iterator[Item]:
        """Yield the conditions of parts in their order; a placeholder takes what comes next."""
        lists = [list(self._order(part, number, (*path, n))) for n, part in enumerate(parts)]
        taken: set[int] = set()
        for n, (part, items) in enumerate(zip(parts, lists, strict=True)):
            if n in taken:
                continue
            if part.placeholders:
                taken.add(n + 1)
                yield from (_filled(item, lists[n + 1]) for item in items)
            else:
                yield from items

    def _order(self, part: Part, number: int, path: tuple[object, ...]) -> Iterator[Item]:
        conditions = _crossed(part.variables)
        if part.strategy == "Between":
            conditions = [conditions[number % len(conditions)]]
        turns = range(part.replications)
        if part.is_serial:
            order = self._row(part, number, len(conditions), (*path, 0))
            pairs = [(turn, one) for one in order for turn in turns]
        else:
            pairs = [
                (turn, one)
                for turn in turns
                for one in self._row(part, number, len(conditions), (*path, turn))
            ]
        for count, (_, one) in enumerate(pairs):
            yield Item(conditions[one], part.inside, (*path, count))

    def _row(self, part: Part, number: int, n: int, place: tuple[object, ...]) -> Sequence[int]:
        if part.strategy == "Complete":
            return permutation(n, number)
        if part.strategy == "Latin":
            turn = place[-1] if isinstance(place[-1], int) else 0
            names = [variable.name for variable in part.variables]
            first = Chance(self.seed, "square", names).shuffled(range(n))
            return [first[one] for one in balanced(n, (number + turn) % n)]
        if part.strategy == "Random":
            return Chance(self.seed, "order", number, place).shuffled(range(n))
        return range(n)


def _session_names(sessions: Sequence[Session]) -> Iterator[str]:
    """Name each session by its own name, numbered where it is not the only one."""
    taken: set[str] = set()
    for number, session in enumerate(sessions, 1):
        name = session.name if session.name and session.name not in taken else ""
        name = name or f"{session.name}{'-' if session.name else ''}{number}"
        taken.add(name)
        yield name


def _factor(name: str, levels: Sequence[str], tag: str) -> Factor:
    is_whole = all(re.fullmatch(r"-?[0-9]{1,9}", level) for level in levels)
    values = tuple(Value(level) for level in levels)
    return Factor(name, values, kind="key", type="Integer" if is_whole else "String", tag=tag)


def _crossed(variables: Sequence[Variable]) -> list[Values]:
    names = [variable.name for variable in variables]
    levels = product(*(variable.levels for variable in variables))
    return [MappingProxyType(dict(zip(names, one, strict=True))) for one in levels]


def _filled(item: Item, following: Sequence[Item]) -> Item:
    for value in item.values.values():
        if found := PLACEHOLDER.fullmatch(value):
            other = following[int(found[1]) - 1]
            place = (*item.place, *other.place)
            return Item(other.values, other.inside or item.inside, place)
    return item


def _grouped(
    trials: Iterable[tuple[tuple[object, ...], Values, Values]],
) -> Iterator[tuple[Values, Iterator[Trial]]]:
    """Put trials side by side into blocks; a part that stands alone is one block."""
    for _, group in groupby(trials, key=lambda trial: trial[0]):
        first, *rest = group
        yield first[1], (Trial(own) for _, _, own in [first, *rest])


def _block(values: Values, trials: Sequence[Trial]) -> Block:
    return Block(tuple(trials), MappingProxyType(dict(values)), name="DefaultBlockClass")
