"""How many peaks are active, and how high they are: two mixtures fitted by maximum likelihood.

The p values of peaks follow a beta-uniform mixture (Pounds & Morris, 2003, Bioinformatics 19:1236);
their heights a mixture of the exponential null and a truncated normal distribution.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.power.peaks import Peaks

NEAR_0 = 1e-5
STARTS = ((0.2, 0.2), (0.5, 0.5), (0.8, 0.1))
HIGHEST_MEAN, LOWEST_SPREAD, HIGHEST_SPREAD = 50.0, 0.1, 50.0
HALF_LOG_2_PI = 0.5 * np.log(2 * np.pi)
NO_ACTIVATION = 5.99  # chi-square of two degrees of freedom at 0.95


@dataclass(frozen=True)
class Prevalence:
    """The beta-uniform mixture lam + (1 - lam) a p^(a-1), and what it says of activation.

    ``active`` is pi1, one minus the density at p = 1; ``likelihood_ratio`` is twice the gain in
    log-likelihood over the uniform distribution, which is no activation at all.
    """

    a: float
    lam: float
    log_likelihood: float

    @property
    def active(self) -> float:
        return 1 - (self.lam + (1 - self.lam) * self.a)

    @property
    def likelihood_ratio(self) -> float:
        return 2 * self.log_likelihood

    @property
    def shows_activation(self) -> bool:
        """Say whether "no activation" is rejected at 0.05."""
        return self.likelihood_ratio > NO_ACTIVATION


@dataclass(frozen=True)
class Heights:
    """The truncated normal distribution of active peaks: mean and spread of the whole, in Z."""

    mean: float
    spread: float
    log_likelihood: float


def prevalence(p: NDArray[np.float64]) -> Prevalence:
    """Return the beta-uniform mixture that makes the p values of the peaks likeliest."""
    log_p = np.log(p)
    fits = [
        scipy.optimize.minimize(
            _beta_uniform,
            start,
            (log_p,),
            jac=True,
            method="L-BFGS-B",
            bounds=[(NEAR_0, 1), (NEAR_0, 1)],
        )
        for start in STARTS
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    if best.fun > 0:
        return Prevalence(1.0, 1.0, 0.0)  # uniform is likelier than any start led to
    return Prevalence(float(best.x[0]), float(best.x[1]), -float(best.fun))


def _beta_uniform(
    values: NDArray[np.float64], log_p: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the negative log-likelihood and its gradient, in the order a, lam."""
    a, lam = values
    power = np.exp((a - 1) * log_p)
    density = lam + (1 - lam) * a * power
    by_a = (1 - lam) * power * (1 + a * log_p) / density
    by_lam = (1 - a * power) / density
    return -float(np.log(density).sum()), -np.array([by_a.sum(), by_lam.sum()])


def heights(found: Peaks, active: float) -> Heights:
    """Return the distribution of active peaks, given the share of peaks that are active."""
    return of_heights(found.height, found.threshold, active)


def of_heights(height: NDArray[np.float64], threshold: float, active: float) -> Heights:
    """Return the truncated normal distribution that makes heights (peaks,) likeliest."""
    lowest = threshold + 1 / threshold
    null = np.log(threshold) - threshold * (height - threshold)
    quantile = float(np.quantile(height, 1 - active / 2))
    starts = [(max(lowest, quantile), 1.0), (max(lowest, quantile), 0.5), (lowest, 2.0)]
    fits = [
        scipy.optimize.minimize(
            _truncated,
            start,
            (height, null, threshold, active),
            jac=True,
            method="L-BFGS-B",
            bounds=[(lowest, HIGHEST_MEAN), (LOWEST_SPREAD, HIGHEST_SPREAD)],
        )
        for start in starts
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    return Heights(float(best.x[0]), float(best.x[1]), -float(best.fun))


def _truncated(
    values: NDArray[np.float64],
    height: NDArray[np.float64],
    null: NDArray[np.float64],
    threshold: float,
    active: float,
) -> tuple[float, NDArray[np.float64]]:
    """Return the negative log-likelihood and its gradient, in the order mean, spread."""
    mean, spread = values
    score = (height - mean) / spread
    cut = (threshold - mean) / spread
    log_above = scipy.special.log_ndtr(-cut)
    hazard = np.exp(-(cut**2) / 2 - HALF_LOG_2_PI - log_above)
    alternative = -(score**2) / 2 - np.log(spread) - HALF_LOG_2_PI - log_above
    total = np.logaddexp(np.log1p(-active) + null, np.log(active) + alternative)
    share = np.exp(np.log(active) + alternative - total)
    by_mean = share * (score - hazard) / spread
    by_spread = share * (score**2 - 1 - hazard * cut) / spread
    return -float(total.sum()), -np.array([by_mean.sum(), by_spread.sum()])


def null_density(height: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return the density of heights (peaks,) without activation."""
    return threshold * np.exp(-threshold * (height - threshold))


def active_density(
    height: NDArray[np.float64], threshold: float, mean: float, spread: float
) -> NDArray[np.float64]:
    """Return the density of heights (peaks,) of active peaks."""
    score, cut = (height - mean) / spread, (threshold - mean) / spread
    log_density = -(score**2) / 2 - HALF_LOG_2_PI - np.log(spread) - scipy.special.log_ndtr(-cut)
    return np.asarray(np.exp(log_density))


def active_above(
    height: float | NDArray[np.float64],
    threshold: float,
    mean: float | NDArray[np.float64],
    spread: float,
) -> NDArray[np.float64]:
    """Return the chance that an active peak above the threshold is higher than ``height``."""
    log_share = scipy.special.log_ndtr((mean - height) / spread) - scipy.special.log_ndtr(
        (mean - threshold) / spread
    )
    return np.asarray(np.minimum(1, np.exp(log_share)))
