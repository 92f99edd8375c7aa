"""The thresholds of neuropower's web tool as it computed them, for comparison with its results.

Differences from what `fmriplan.power.thresholds` does: heights lie on a grid of 0.001; the random
field's term lacks the factor (4 ln 2)^1.5 / (2 pi)^2 and has Z² for Z² - 1; the step-up rule counts
ranks from 0, compares strictly, and its level is 0.05 whatever alpha is.
"""

import numpy as np
from numpy.typing import NDArray

from fmriplan.power.peaks import Peaks
from fmriplan.power.thresholds import Correction

HIGHEST, STEP, LEVEL = 15, 0.001, 0.05


def thresholds(found: Peaks, alpha: float, resels: float) -> dict[Correction, float | None]:
    """Return neuropower's heights; ``resels`` is the number of resels of the volume."""
    grid = np.arange(found.threshold, HIGHEST, STEP)
    p = np.exp(-found.threshold * (grid - found.threshold))
    field = resels * grid**2 * np.exp(-(grid**2) / 2)
    rate = _step_up(np.sort(found.p))
    return {
        Correction.NONE: _first(grid, p < alpha),
        Correction.BONFERRONI: _first(grid, p < alpha / len(found)),
        Correction.RANDOM_FIELD: _first(grid, field < alpha),
        Correction.FALSE_DISCOVERY: None if rate is None else _first(grid, p < rate),
    }


def _step_up(p: NDArray[np.float64]) -> float | None:
    passing = np.flatnonzero(p < LEVEL * np.arange(len(p)) / len(p))
    return float(p[passing[-1]]) if len(passing) else None


def _first(grid: NDArray[np.float64], holds: NDArray[np.bool_]) -> float | None:
    found = np.flatnonzero(holds)
    return float(grid[found[0]]) if len(found) else None
