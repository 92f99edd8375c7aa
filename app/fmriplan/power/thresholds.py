"""Which peaks count as found: four corrections for their number, in closed form where there is one.

Euler characteristic densities of a Gaussian field: Worsley et al. (1996), Human Brain Mapping
4:58-73, equation 5. False discovery rate: Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289.
"""

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import scipy

from fmriplan.power.peaks import Peaks

if TYPE_CHECKING:
    from numpy.typing import NDArray

HIGHEST = 38.0  # Z; beyond it no tail is left that a double can hold


class Correction(StrEnum):
    """How the number of peaks is allowed for."""

    NONE = "uncorrected"
    BONFERRONI = "Bonferroni"
    RANDOM_FIELD = "random field theory"
    FALSE_DISCOVERY = "false discovery rate"


def all_of(
    found: Peaks, alpha: float, resels: tuple[float, float, float, float]
) -> dict[Correction, float | None]:
    """Return the height in Z from which a peak counts, for each correction.

    None stands for a false discovery rate at which no peak of the pilot passes.
    """
    return {
        Correction.NONE: of_p(alpha, found.threshold),
        Correction.BONFERRONI: of_p(alpha / len(found), found.threshold),
        Correction.RANDOM_FIELD: max(found.threshold, random_field(alpha, resels)),
        Correction.FALSE_DISCOVERY: false_discovery(found, alpha),
    }


def of_p(p: float, threshold: float) -> float:
    """Return the height whose p value among peaks above the screening threshold is ``p``."""
    return threshold - math.log(p) / threshold


def random_field(alpha: float, resels: tuple[float, float, float, float]) -> float:
    """Return the height that a peak of noise exceeds anywhere with probability ``alpha``."""
    start = (
        1.5 if resels[0] or resels[1] or resels[2] else math.sqrt(3)
    )  # the volume's term rises up to there
    if expected_euler(start, resels) < alpha:
        return start
    found = scipy.optimize.brentq(lambda z: expected_euler(z, resels) - alpha, start, HIGHEST)
    return float(found)


def expected_euler(z: float, resels: tuple[float, float, float, float]) -> float:
    """Return the expected Euler characteristic of what exceeds ``z``; resels of dimension 0-3."""
    tail, wide = math.exp(-z * z / 2), 4 * math.log(2)
    densities = (
        float(scipy.special.ndtr(-z)),
        math.sqrt(wide) / (2 * math.pi) * tail,
        wide / (2 * math.pi) ** 1.5 * z * tail,
        wide**1.5 / (2 * math.pi) ** 2 * (z * z - 1) * tail,
    )
    return float(sum(count * density for count, density in zip(resels, densities, strict=True)))


def false_discovery(found: Peaks, alpha: float) -> float | None:
    """Return the height of the largest p value that the step-up rule lets pass."""
    p: NDArray[np.float64] = np.sort(found.p)
    passing = np.flatnonzero(p <= alpha * np.arange(1, len(p) + 1) / len(p))
    return of_p(float(p[passing[-1]]), found.threshold) if len(passing) else None
