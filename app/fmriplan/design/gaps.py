"""Waits between trials: a multiset that is fixed once, so that no search can wear it down.

Each model gives as many waits as are needed, at equally spaced quantiles of its distribution, in
whole ticks, with the wanted mean exactly (to half a tick in all). A design only orders them.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption

Ticks = NDArray[np.intp]
LARGEST_RATE = 700.0  # beyond it, e^rate is no number


@dataclass(frozen=True)
class Fixed:
    """The same wait before each trial but the first, in s."""

    mean_s: float

    def ticks(self, count: int, tick_s: float) -> Ticks:
        _need(self.mean_s >= 0, "A wait between trials is 0 s or longer.")
        return np.full(count, round(self.mean_s / tick_s), dtype=np.intp)


@dataclass(frozen=True)
class Uniform:
    """Any wait between two, in s, as likely as any other."""

    min_s: float
    max_s: float

    @property
    def mean_s(self) -> float:
        return (self.min_s + self.max_s) / 2

    def ticks(self, count: int, tick_s: float) -> Ticks:
        _need_range(self.min_s, self.max_s)
        at = self.min_s + (self.max_s - self.min_s) * _quantiles(count)
        return _whole(at / tick_s, self.min_s, self.max_s, self.mean_s, tick_s)


@dataclass(frozen=True)
class Exponential:
    """Short waits likelier than long ones: an exponential distribution cut at both ends, in s."""

    min_s: float
    mean_s: float
    max_s: float

    def ticks(self, count: int, tick_s: float) -> Ticks:
        _need_range(self.min_s, self.max_s)
        middle = (self.min_s + self.max_s) / 2
        _need(
            self.min_s < self.mean_s < middle,
            f"The mean wait is longer than {self.min_s:g} s and shorter than {middle:g} s, "
            "the middle of the range: short waits are the more likely ones.",
        )
        width = self.max_s - self.min_s
        rate = _rate((self.mean_s - self.min_s) / width)
        at = -np.log1p(-_quantiles(count) * -np.expm1(-rate)) / rate
        return _whole(
            (self.min_s + width * at) / tick_s, self.min_s, self.max_s, self.mean_s, tick_s
        )


Gaps = Fixed | Uniform | Exponential


def _rate(mean: float) -> float:
    """Return the rate of an exponential distribution cut to (0, 1) that has this mean below 1/2."""

    def excess(rate: float) -> float:
        return float(1 / rate - 1 / np.expm1(rate) - mean)

    if excess(LARGEST_RATE) > 0:
        raise NotAnOption("The mean wait is too near to the shortest one: make it longer.")
    return float(scipy.optimize.brentq(excess, 1e-6, LARGEST_RATE))


def _quantiles(count: int) -> NDArray[np.float64]:
    return (np.arange(count) + 0.5) / max(count, 1)


def _whole(
    wanted: NDArray[np.float64], min_s: float, max_s: float, mean_s: float, tick_s: float
) -> Ticks:
    """Round to whole ticks inside the range, so that the sum is that of the mean."""
    low, high = int(np.ceil(min_s / tick_s - 1e-9)), int(np.floor(max_s / tick_s + 1e-9))
    made = np.clip(np.round(wanted), low, high).astype(np.intp)
    short = round(mean_s / tick_s * len(made)) - int(made.sum())
    step = 1 if short > 0 else -1
    while short:
        free = np.flatnonzero((made < high) if step > 0 else (made > low))
        if not len(free):
            break  # every wait is at the end of the range: nearer is impossible
        by_rest = free[np.argsort(-step * (wanted - made)[free], kind="stable")][: abs(short)]
        made[by_rest] += step
        short -= step * len(by_rest)
    return made


def _need_range(min_s: float, max_s: float) -> None:
    _need(0 <= min_s <= max_s, "Waits have a shortest of at least 0 s and a longest not below it.")


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotAnOption(otherwise)
