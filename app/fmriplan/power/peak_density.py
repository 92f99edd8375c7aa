"""How high peaks of pure noise are, without a screening threshold: the exact density in 3-D.

Cheng & Schwartzman (2015), Extremes 18:213, for an isotropic Gaussian field; ``kappa`` is 1 for one
whose covariance is Gaussian. An analysis uses the exponential approximation above a threshold,
which this says how good it is.
"""

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption

LARGEST_KAPPA = math.sqrt(5 / 3)
LOWEST = -20.0


def density(height: float, kappa: float = 1.0) -> float:
    """Return the density of the height of a peak, in Z, anywhere in a field of noise."""
    if not 0 < kappa < LARGEST_KAPPA:
        raise NotAnOption(f"kappa is above 0 and below {LARGEST_KAPPA:.3f}, such as 1.")
    x, k2 = height, kappa * kappa
    free = 1 - k2
    bell = 144 * math.exp(-x * x / 2) / math.sqrt(2 * math.pi) / (29 * math.sqrt(6) - 36)
    parts = (
        _first(x, kappa, free),
        (k2 * (2 - k2) / 4 * x * x - k2 * free / 2 - 1) * _tail(x, kappa, 2 - k2, 1),
        _third(x, kappa, free),
        math.sqrt(math.pi) * kappa**3 / 4 * x * (x * x - 3) * _corners(x, kappa),
    )
    return bell * sum(parts)


def _first(x: float, kappa: float, free: float) -> float:
    k2 = kappa * kappa
    square = k2 * (free**3 + 6 * free**2 + 12 * free + 24) / (4 * (3 - k2) ** 2)
    level = (2 * free**3 + 3 * free**2 + 6 * free) / (4 * (3 - k2)) + 1.5
    return (square * x * x + level) * _tail(x, kappa, 3 - k2, 2)


def _tail(x: float, kappa: float, spread: float, times: int) -> float:
    k2 = kappa * kappa
    fall = math.exp(-k2 * x * x / (2 * spread)) / math.sqrt(2 * spread)
    return fall * float(scipy.special.ndtr(times * kappa * x / math.sqrt(spread * (5 - 3 * k2))))


def _third(x: float, kappa: float, free: float) -> float:
    k2 = kappa * kappa
    level = 7 - k2 + free * (3 * free**2 + 12 * free + 28) / (2 * (3 - k2))
    fall = math.exp(-3 * k2 * x * x / (2 * (5 - 3 * k2)))
    return level * kappa * x * fall / (4 * math.sqrt(math.pi) * (3 - k2) * math.sqrt(5 - 3 * k2))


def _corners(x: float, kappa: float) -> float:
    """Return two corners of normal distributions of two values below (0, kappa x / sqrt 2)."""
    upper, k2 = np.array([0.0, kappa * x / math.sqrt(2)]), kappa * kappa
    covariances = ([[1.5, -1.0], [-1.0, (3 - k2) / 2]], [[1.5, -0.5], [-0.5, (2 - k2) / 2]])
    each = (scipy.stats.multivariate_normal.cdf(upper, cov=one) for one in covariances)
    return float(sum(each))


def above(height: float, kappa: float = 1.0) -> float:
    """Return the chance of a peak of noise to be higher than ``height``, in Z."""
    made, _ = scipy.integrate.quad(density, height, -LOWEST, args=(kappa,), limit=200)
    return float(made)


def above_given(heights: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return the chance of a peak above the threshold to be higher than each height (heights,)."""
    every = above(threshold)
    return np.array([above(float(height)) / every for height in heights])
