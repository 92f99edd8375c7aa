"""From numbers to places, with ticks where people expect them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """A straight scale: ``low`` lies at ``start``, ``high`` at ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round numbers from low to high."""
        step = step_of(self.high - self.low, about)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [count * step for count in range(first, last + 1)]


def step_of(span: float, about: int) -> float:
    """Return the round number that goes into a span about so many times."""
    rough = span / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in STEPS if step * power >= rough * (1 - 1e-9))


def around(
    values: Iterable[float | None], *, low: float | None = None, high: float | None = None
) -> tuple[float, float]:
    """Return bounds that hold finite values, rounded outwards, and are never the same."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    bottom = min(finite, default=0.0) if low is None else low
    top = max(finite, default=1.0) if high is None else high
    if not top > bottom:
        bottom, top = bottom - (low is None) * 0.5, bottom + (0.5 if high is None else 0.0)
        top = top if top > bottom else bottom + 1.0
    step = step_of(top - bottom, 5)
    bottom = math.floor(bottom / step + 1e-9) * step if low is None else low
    top = math.ceil(top / step - 1e-9) * step if high is None else high
    return bottom, top


def said(value: float) -> str:
    """Return a number as a person writes it: no noise, no needless zeros."""
    if not math.isfinite(value):
        return "\N{EN DASH}"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004  4 digits
