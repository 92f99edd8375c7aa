"""Where a run goes next. A place is plain data, so a run can go on from what is stored of it."""

from collections.abc import Callable
from dataclasses import dataclass

from experiments.definition.steps import Block, Part, Step

Parts = tuple[Part, ...]


@dataclass(frozen=True)
class Place:
    """The way to a step: its index in each list of parts, and the pass of each block on the way."""

    indices: tuple[int, ...]
    passes: tuple[int, ...] = ()

    @property
    def depth(self) -> int:
        return len(self.passes)


def part_at(parts: Parts, indices: tuple[int, ...]) -> Part:
    first, *rest = indices
    part = parts[first]
    for index in rest:
        part = _block(part).steps[index]
    return part


def step_at(parts: Parts, place: Place) -> Step:
    part = part_at(parts, place.indices)
    if not isinstance(part, Step):
        raise TypeError(f"{place} leads to no step")
    return part


def _block(part: Part) -> Block:
    if not isinstance(part, Block):
        raise TypeError(f"{part.name} is no block")
    return part


def blocks_on(parts: Parts, place: Place) -> list[Block]:
    """Return the blocks around a place, the outermost first."""
    ways = (place.indices[: depth + 1] for depth in range(place.depth))
    return [_block(part_at(parts, way)) for way in ways]


def first(parts: Parts) -> Place:
    return _into(parts, Place((0,)))


def _into(parts: Parts, place: Place) -> Place:
    """Go down from a block to its first step."""
    while isinstance(part_at(parts, place.indices), Block):
        place = Place((*place.indices, 0), (*place.passes, 0))
    return place


def after(parts: Parts, place: Place) -> Place | None:
    """Return the place that follows; None at the end of all."""
    index, siblings = place.indices[-1] + 1, _siblings(parts, place)
    if index < len(siblings):
        return _into(parts, Place((*place.indices[:-1], index), place.passes))
    if not place.passes:
        return None
    return _again(parts, place) or leave(parts, place)


def _siblings(parts: Parts, place: Place) -> Parts:
    return blocks_on(parts, place)[-1].steps if place.passes else parts


def _again(parts: Parts, place: Place) -> Place | None:
    """Return the beginning of the innermost block's next pass, if it has one."""
    block, number = blocks_on(parts, place)[-1], place.passes[-1] + 1
    if block.times is not None and number >= block.times:
        return None
    return _into(parts, Place((*place.indices[:-1], 0), (*place.passes[:-1], number)))


def leave(parts: Parts, place: Place) -> Place | None:
    """Return the place behind the innermost block: its button was pressed, or it is through."""
    if not place.passes:
        return after(parts, place)
    return after(parts, Place(place.indices[:-1], place.passes[:-1]))


def exhausted(parts: Parts, place: Place) -> Place | None:
    """Return the place to go to when nothing is left to show here.

    That is behind the innermost block that lasts until its stimuli are exhausted; without one, the
    next step.
    """
    here: Place = place
    for block in reversed(blocks_on(parts, place)):
        if block.until_exhausted:
            return leave(parts, here)
        here = Place(here.indices[:-1], here.passes[:-1])
    return after(parts, place)


Shows = Callable[[Part, Place], bool]


def next_shown(parts: Parts, place: Place | None, shows: Shows) -> Place | None:
    """Return the first place from here on that is shown.

    A block through which one went without seeing anything is left: nothing would change in it.
    """
    passed: set[tuple[int, ...]] = set()
    while place is not None:
        hidden = _hidden_block(parts, place, shows)
        here = hidden or place
        if here.indices in passed:
            place = leave(parts, here)
        elif hidden is None and shows(step_at(parts, place), place):
            return place
        else:
            passed.add(here.indices)
            place = after(parts, here)
    return None


def _hidden_block(parts: Parts, place: Place, shows: Shows) -> Place | None:
    """Return the outermost block that is entered here and not shown."""
    for depth, block in enumerate(blocks_on(parts, place)):
        entered = not any(place.indices[depth + 1 :]) and not any(place.passes[depth:])
        if entered and not shows(block, place):
            return _up_to(place, depth)
    return None


def _up_to(place: Place, depth: int) -> Place:
    return Place(place.indices[: depth + 1], place.passes[:depth])


def progress(parts: Parts, place: Place) -> float:
    """Return how far a place is, 0 to 1; it never goes back, even where nobody knows the passes."""
    return _within(parts, place.indices, place.passes)


def _within(parts: Parts, indices: tuple[int, ...], passes: tuple[int, ...]) -> float:
    index, rest = indices[0], indices[1:]
    inside = _through(_block(parts[index]), rest, passes) if rest else 0.0
    return (index + inside) / len(parts)


def _through(block: Block, indices: tuple[int, ...], passes: tuple[int, ...]) -> float:
    done = passes[0] + _within(block.steps, indices, passes[1:])
    return done / block.times if block.times else 1 - 1 / (1 + done)
