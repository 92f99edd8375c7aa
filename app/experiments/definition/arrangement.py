"""In which order a page shows its items, and an item its options.

A random order is no secret and needs no memory: things stand in the order of the SHA-256 of
``seed:what:name``, where the seed is the run's. Whoever has the seed can say what was shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import groupby

from experiments.definition.items import Item, Option


def arranged(items: Sequence[Item], *, seed: int, position: int, is_random: bool) -> list[Item]:
    """Return the items of a page in the order of this showing, with their options in this run's.

    Options stand in one order for all of a run; items are mixed anew at each position of it.
    """
    mixed = _mixed(items, f"{seed}:{position}") if is_random else items
    return [_with_options(item, seed) for item in mixed]


def _mixed(items: Iterable[Item], what: str) -> Iterator[Item]:
    """Mix items; those of one matrix stay together, and are mixed inside."""
    together = [_by_chance(unit, what) for unit in matrices(items)]
    together.sort(key=lambda unit: _rank(what, min(item.name for item in unit)))
    return (item for unit in together for item in unit)


def matrices(items: Iterable[Item]) -> list[list[Item]]:
    """Return the items in units: those that stand in one matrix, and each other one alone."""
    units: list[list[Item]] = []
    for scale, found in groupby(items, matrix_of):
        unit = list(found)
        units += [unit] if scale else [[item] for item in unit]
    return units


def matrix_of(item: Item) -> tuple[Option, ...]:
    """Return what items of one matrix have in common; nothing where an item stands by itself."""
    return item.scale.options if item.display == "matrix" else ()


def _by_chance(items: Iterable[Item], what: str) -> list[Item]:
    return sorted(items, key=lambda item: _rank(what, item.name))


def _with_options(item: Item, seed: int) -> Item:
    if item.order != "random":
        return item
    free = [option for option in item.scale.options if not option.stays]
    mixed = iter(sorted(free, key=lambda one: _rank(f"{seed}:{item.name}", str(one.code))))
    options = tuple(one if one.stays else next(mixed) for one in item.scale.options)
    return replace(item, scale=replace(item.scale, options=options))


def _rank(what: str, name: str) -> str:
    return sha256(f"{what}:{name}".encode()).hexdigest()
