"""Answers of an analysis in both directions, for pages, tables and programs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fmriplan.power.analysis import Analysis
from fmriplan.power.bootstrap import Interval
from fmriplan.power.curves import LARGEST
from fmriplan.power.thresholds import Correction

CORRECTIONS = list(Correction)
USUAL = Correction.RANDOM_FIELD
SHOWN = 600  # participants; a table goes no further


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What one correction says of a wanted power and of a number of participants."""

    correction: Correction
    height: float | None
    participants: int | None
    interval: Interval | None
    power: float | None
    power_interval: Interval | None

    @property
    def is_beyond(self) -> bool:
        """Say whether not even the largest study that is looked at is enough."""
        return self.height is not None and self.participants is None


@dataclass(frozen=True)
class Point:
    """A point of a curve: a power between its bounds."""

    participants: int
    power: float
    low: float | None
    high: float | None


def answers(made: Analysis, *, power: float, participants: int) -> list[Answered]:
    """Return what each correction says; nothing where no activation is seen."""
    if made.model is None:
        return []
    return [_answered(made, each, power, participants) for each in CORRECTIONS]


def _answered(made: Analysis, each: Correction, power: float, participants: int) -> Answered:
    found = made.participants_for(power, each)
    return Answered(
        correction=each,
        height=made.heights_needed[each],
        participants=found.participants,
        interval=found.interval,
        power=made.power_of(participants, each),
        power_interval=_between(made, each, participants),
    )


def _between(made: Analysis, each: Correction, participants: int) -> Interval | None:
    points = curve(made, each, [participants])
    if not points or points[0].low is None or points[0].high is None:
        return None
    return Interval(points[0].low, points[0].high)


def curve(made: Analysis, correction: Correction, sizes: list[int]) -> list[Point]:
    """Return power by number of participants; nothing where it cannot be told."""
    height = made.heights_needed[correction]
    if made.model is None or height is None:
        return []
    at = np.array(sizes, dtype=float)
    middle = made.model.power(at, height)
    if made.resamples is None:
        return [Point(n, float(p), None, None) for n, p in zip(sizes, middle, strict=True)]
    low, high = made.resamples.power(at, height)
    rows = zip(sizes, middle, low, high, strict=True)
    return [Point(n, float(p), float(a), float(b)) for n, p, a, b in rows]


def sizes_of(made: Analysis, *, power: float, most: int = 60) -> list[int]:
    """Return the sample sizes at which curves are drawn: as far as the answers lie, evenly."""
    asked = [made.participants_for(power, each).participants for each in CORRECTIONS]
    furthest = max([2 * made.settings.study.participants, *(each or 0 for each in asked)])
    end = min(LARGEST, int(furthest * 1.3) + 5)
    first = smallest(made)
    return sorted({round(each) for each in np.linspace(first, end, most)})


def smallest(made: Analysis) -> int:
    return 2 * made.settings.study.groups


def table(made: Analysis) -> Iterator[list[object]]:
    """Yield the curves as a table: a row for each number of participants."""
    yield [
        "participants",
        *(f"{each.value}{what}" for each in CORRECTIONS for what in ("", " low", " high")),
    ]
    sizes = list(range(smallest(made), SHOWN + 1))
    columns = [curve(made, each, sizes) for each in CORRECTIONS]
    for place, size in enumerate(sizes):
        yield [size, *(value for column in columns for value in _cells(column, place))]


def _cells(column: list[Point], place: int) -> list[object]:
    if not column:
        return ["", "", ""]
    point = column[place]
    return ["" if each is None else round(each, 4) for each in (point.power, point.low, point.high)]
