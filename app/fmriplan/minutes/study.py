"""Power by participants and minutes, and the cheapest study that has enough of it.

With N participants of m minutes each, the test's statistic follows Student's t with N - 1 degrees
of freedom and noncentrality mean * sqrt(N) / sqrt(between^2 + within^2 / m), as in Mumford &
Nichols (2008), equation 7; of two equal groups, N - 2 and half of that.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption, PlanningError
from fmriplan.minutes.effect import Effect
from fmriplan.power.curves import need_power

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
MOST_CELLS = 250_000
ENDLESS = 1e9  # minutes


class OutOfReach(PlanningError):
    """No study within the limits has the wanted power; the message says why."""


@dataclass(frozen=True)
class Criterion:
    """When an effect counts as found: a t test at ``alpha`` on one side or two, of 1 or 2 groups.

    One side is that of the effect. `at_height` gives the alpha of a corrected threshold in Z.
    """

    alpha: float = 0.05
    sides: int = 1
    groups: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:  # noqa: PLR2004  beyond it a test says nothing
            raise NotAnOption("Alpha is above 0 and below 0.5, such as 0.05.")
        if self.sides not in {1, 2} or self.groups not in {1, 2}:
            raise NotAnOption("A test has one side or two, and one group or two.")

    @classmethod
    def at_height(cls, z: float, groups: int = 1) -> "Criterion":
        """Return the test of one side that a corrected threshold in Z is."""
        return cls(float(scipy.special.ndtr(-z)), 1, groups)

    @property
    def fewest(self) -> int:
        return 2 * self.groups


@dataclass(frozen=True)
class Costs:
    """What a study costs, in any currency: an hour of scanner, and a participant.

    ``setup_minutes`` are those of each visit that are paid for but not scanned in.
    """

    hour: float
    recruit: float
    setup_minutes: float = 0.0

    def __post_init__(self) -> None:
        told = (self.hour, self.recruit, self.setup_minutes)
        if not all(math.isfinite(each) and each >= 0 for each in told):
            raise NotAnOption("Costs and the minutes of setting up are 0 or more.")
        if not self.hour + self.recruit > 0:
            raise NotAnOption("An hour of scanner or a participant costs something.")

    def of(self, participants: Whole | float, minutes: Array | float) -> Array:
        """Return what so many participants of so many minutes cost; both are broadcast."""
        each = self.recruit + self.hour * (np.asarray(minutes) + self.setup_minutes) / 60
        return np.asarray(np.asarray(participants) * each, dtype=float)


@dataclass(frozen=True)
class Limits:
    """What can be had: participants, and minutes of scanning for each in steps."""

    most_participants: int = 500
    shortest: float = 5.0
    longest: float = 60.0
    step: float = 1.0

    def __post_init__(self) -> None:
        told = (self.shortest, self.longest, self.step)
        if not all(math.isfinite(each) and each > 0 for each in told):
            raise NotAnOption("Minutes of scanning, and the steps between them, are above 0.")
        if self.shortest > self.longest:
            raise NotAnOption("The shortest scan is not longer than the longest.")
        if not 2 <= self.most_participants <= 100_000:  # noqa: PLR2004  of a test
            raise NotAnOption("Participants are from 2 to 100,000.")
        if (self.longest - self.shortest) / self.step > MOST_CELLS:
            raise NotAnOption("There are too many lengths of scan: take a larger step.")

    @property
    def minutes(self) -> Array:
        """Return the lengths of scan (lengths,)."""
        count = math.floor((self.longest - self.shortest) / self.step + 1e-9) + 1
        return np.asarray(self.shortest + self.step * np.arange(count), dtype=float)


@dataclass(frozen=True, eq=False)
class Surface:
    """Power and costs (participants, minutes); ``cost`` is None where no costs were told."""

    participants: Whole
    minutes: Array
    power: Array
    cost: Array | None


@dataclass(frozen=True, eq=False)
class IsoPower:
    """Studies of one power: how many participants for each length of scan; 0 where none suffice."""

    wanted: float
    minutes: Array
    participants: Whole
    cost: Array | None


@dataclass(frozen=True)
class Cheapest:
    """The cheapest study that has the wanted power."""

    participants: int
    minutes: float
    cost: float
    power: float


def power(
    effect: Effect, participants: Array | float, minutes: Array | float, criterion: Criterion
) -> Array:
    """Return the power of studies; participants and minutes are broadcast."""
    count = np.asarray(participants, dtype=float)
    if not (count >= criterion.fewest).all():
        raise NotAnOption(f"A study has at least {criterion.fewest} participants.")
    degrees = count - criterion.groups
    shift = abs(effect.mean) * np.sqrt(count) / (criterion.groups * effect.spread(minutes))
    needed = scipy.special.stdtrit(degrees, 1 - criterion.alpha / criterion.sides)
    made = _above(needed, degrees, shift)
    if criterion.sides == 2:  # noqa: PLR2004
        made = made + _above(needed, degrees, -shift)
    return made


def _above(needed: Array, degrees: Array, shift: Array) -> Array:
    """Return the chance of noncentral t to exceed what is needed; far from it, 0 or 1."""
    below = scipy.special.nctdtr(degrees, shift, needed)
    return np.clip(np.where(np.isnan(below), shift > needed, 1 - below), 0, 1)


def surface(
    effect: Effect,
    participants: Whole,
    minutes: Array,
    criterion: Criterion,
    costs: Costs | None = None,
) -> Surface:
    """Return the power of each number of participants (n,) with each length of scan (m,)."""
    if len(participants) * len(minutes) > MOST_CELLS:
        raise NotAnOption(f"A surface has at most {MOST_CELLS:,} points: take larger steps.")
    many, long = np.asarray(participants)[:, None], np.asarray(minutes, dtype=float)[None]
    made = power(effect, many.astype(float), long, criterion)
    return Surface(np.asarray(participants), long[0], made, costs.of(many, long) if costs else None)


def participants_for(
    effect: Effect,
    wanted: float,
    minutes: Array | float,
    criterion: Criterion,
    most: int = 2000,
) -> Whole:
    """Return the smallest samples with a power, by minutes (m,); 0 where ``most`` are too few.

    Two groups are of equal size, so their sample is even.
    """
    need_power(wanted)
    step, long = criterion.groups, np.atleast_1d(np.asarray(minutes, dtype=float))
    low = np.full(len(long), criterion.fewest // step - 1, dtype=np.intp)  # too few
    high = np.full(len(long), most // step, dtype=np.intp)
    if most < criterion.fewest:
        return np.zeros(len(long), dtype=np.intp)
    enough = power(effect, (high * step).astype(float), long, criterion) >= wanted
    while (high - low > 1).any():
        middle = np.maximum((low + high) // 2, criterion.fewest // step)
        reached = power(effect, (middle * step).astype(float), long, criterion) >= wanted
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.where(enough, high * step, 0)


def iso_power(
    effect: Effect,
    wanted: float,
    criterion: Criterion,
    limits: Limits,
    costs: Costs | None = None,
) -> IsoPower:
    """Return how many participants each length of scan needs for one power."""
    minutes = limits.minutes
    needed = participants_for(effect, wanted, minutes, criterion, limits.most_participants)
    priced = np.where(needed > 0, costs.of(needed, minutes), np.nan) if costs else None
    return IsoPower(wanted, minutes, needed, priced)


def cheapest(
    effect: Effect, wanted: float, criterion: Criterion, limits: Limits, costs: Costs
) -> Cheapest:
    """Return the cheapest study with a power; of two that cost the same, the shorter scan.

    Raises
    ------
    OutOfReach
        No study within the limits has it.
    """
    found = iso_power(effect, wanted, criterion, limits, costs)
    if found.cost is None or not (found.participants > 0).any():
        raise OutOfReach(_why(effect, wanted, criterion, limits))
    at = int(np.nanargmin(found.cost))
    count, minutes = int(found.participants[at]), float(found.minutes[at])
    reached = float(power(effect, float(count), minutes, criterion))
    return Cheapest(count, minutes, float(found.cost[at]), reached)


def _why(effect: Effect, wanted: float, criterion: Criterion, limits: Limits) -> str:
    most = limits.most_participants
    said = (
        f"No study of up to {most} participants with {limits.longest:g} minutes each has a power "
        f"of {100 * wanted:g} %."
    )
    if participants_for(effect, wanted, ENDLESS, criterion, most)[0]:
        return f"{said} Longer scans would do: allow more minutes."
    more = int(participants_for(effect, wanted, limits.longest, criterion, 100_000)[0])
    if more:
        return f"{said} Longer scans do not help enough: {more:,} participants would do."
    return f"{said} The effect is too small: d stays below {abs(effect.highest_d):.3f}."
