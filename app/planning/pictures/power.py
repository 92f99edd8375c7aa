"""Charts of a power analysis: what the model makes of the peaks, and what follows for studies."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from common.charts import Drawing, Guide, Series, histogram, lines
from fmriplan.power import mixture
from fmriplan.power.analysis import Analysis
from planning.numbers import power_answers as answers

BINS = 20
POINTS = 80
LOWEST_P = 0.01  # the density has no bound at 0


def of_power(made: Analysis, wanted: float) -> Drawing:
    """Return power by number of participants, a line with its interval for each correction."""
    sizes = answers.sizes_of(made, power=wanted)
    found = [(each.value, answers.curve(made, each, sizes)) for each in answers.CORRECTIONS]
    return lines(
        [_series(name, points) for name, points in found if points],
        title="How many participants find an active peak?",
        x_label="Participants",
        y_label="Power",
        guides=[Guide(f"wanted: {wanted:g}", y=wanted)],
        y_low=0.0,
        y_high=1.0,
    )


def _series(name: str, points: list[answers.Point]) -> Series:
    has_bounds = points[0].low is not None
    return Series(
        name,
        [point.participants for point in points],
        [point.power for point in points],
        low=[point.low for point in points] if has_bounds else None,
        high=[point.high for point in points] if has_bounds else None,
    )


def of_p(made: Analysis) -> Drawing:
    """Return the p values of the peaks, with the mixture that was fitted to them."""
    share = made.prevalence
    heights, edges = np.histogram(made.found.p, bins=BINS, range=(0, 1), density=True)
    p = np.linspace(LOWEST_P, 1, POINTS)
    mixed = share.lam + (1 - share.lam) * share.a * p ** (share.a - 1)
    return histogram(
        edges.tolist(),
        heights.tolist(),
        title=f"How many peaks are active? {100 * share.active:.0f} % of {len(made.found)}.",
        x_label="p of a peak",
        y_label="Density",
        curves=[
            _line("all peaks", p, mixed),
            _line("not active", p, np.full(POINTS, 1 - share.active)),
        ],
    )


def of_heights(made: Analysis) -> Drawing:
    """Return the heights of the peaks, with those that the model expects."""
    height, low = made.found.height, made.found.threshold
    found, edges = np.histogram(height, bins=BINS, density=True)
    z = np.linspace(low, float(height.max()), POINTS)
    return histogram(
        edges.tolist(),
        found.tolist(),
        title="How high are active peaks?" if made.heights else "How high are the peaks?",
        x_label="Height of a peak, Z",
        y_label="Density",
        curves=_expected(made, z),
    )


def _expected(made: Analysis, z: NDArray[np.float64]) -> list[Series]:
    low, share = made.found.threshold, made.prevalence.active
    null = mixture.null_density(z, low)
    if made.heights is None:
        return [_line("without activation", z, null)]
    high = mixture.active_density(z, low, made.heights.mean, made.heights.spread)
    return [
        _line("all peaks", z, (1 - share) * null + share * high),
        _line("not active", z, (1 - share) * null),
        _line("active", z, share * high),
    ]


def _line(name: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> Series:
    return Series(name, x.tolist(), y.tolist())


USUAL_POWER = 0.8
PICTURES: dict[str, Callable[[Analysis], Drawing]] = {
    "p": of_p,
    "heights": of_heights,
    "power": lambda made: of_power(made, USUAL_POWER),
}
