"""How sure all of it is: the peaks drawn again and again, and everything fitted anew.

The percentile bootstrap of Efron (1979), Annals of Statistics 7:1, over peaks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fmriplan.power.curves import Model, Study
from fmriplan.power.mixture import Heights, Prevalence, heights, prevalence
from fmriplan.power.peaks import Peaks

RESAMPLES = 200
LEAST_ACTIVE = 0.01  # below it no heights of active peaks can be told from the others
LEVELS = (0.025, 0.975)


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of what resampling gives; ``high`` is None where it has no bound."""

    low: float
    high: float | None


@dataclass(frozen=True, eq=False)
class Resamples:
    """What the model is in each resample.

    Attributes
    ----------
    active, mean, spread : (resamples,) arrays
        Of resamples without activation, ``mean`` and ``spread`` are not numbers.
    threshold
        The screening threshold, in Z.
    """

    study: Study
    threshold: float
    active: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @property
    def prevalence(self) -> Interval:
        low, high = np.quantile(self.active, LEVELS)
        return Interval(float(low), float(high))

    @property
    def effect(self) -> Interval:
        scale = self.study.effect_of(1.0)
        low, high = np.nanquantile(self.mean * scale, LEVELS)
        return Interval(float(low), float(high))

    def participants_for(self, power: float, height: float) -> Interval:
        """Return which sample sizes the resamples ask for; without activation there is none."""
        asked = [self._asked(number, power, height) for number in range(len(self.active))]
        low, high = np.quantile(asked, LEVELS, method="closest_observation")
        return Interval(float(low), None if np.isinf(high) else float(high))

    def power(self, participants: NDArray[np.float64], height: float) -> NDArray[np.float64]:
        """Return low and high power (2, sizes) by sample size (sizes,)."""
        curves = np.array(
            [
                self._model(int(number)).power(participants, height)
                for number in np.flatnonzero(~np.isnan(self.mean))
            ]
        )
        return np.asarray(np.quantile(curves, LEVELS, axis=0))

    def _asked(self, number: int, power: float, height: float) -> float:
        if np.isnan(self.mean[number]):
            return float("inf")
        found = self._model(number).participants_for(power, height)
        return float("inf") if found is None else float(found)

    def _model(self, number: int) -> Model:
        fitted = Heights(float(self.mean[number]), float(self.spread[number]), 0.0)
        return Model(self.study, fitted, self.threshold)


def resample(
    found: Peaks,
    study: Study,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    progress: Callable[[int, int], object] | None = None,
) -> Resamples:
    """Fit the model to peaks drawn with replacement; ``progress`` is told how many of how many."""
    rows = np.full((resamples, 3), np.nan)
    for number in range(resamples):
        rows[number] = _fit(_drawn(found, rng))
        if progress is not None:
            progress(number + 1, resamples)
    return Resamples(study, found.threshold, rows[:, 0], rows[:, 1], rows[:, 2])


def _drawn(found: Peaks, rng: np.random.Generator) -> Peaks:
    chosen = rng.integers(len(found), size=len(found))
    return Peaks(
        found.index[chosen],
        found.mm[chosen],
        found.height[chosen],
        found.p[chosen],
        found.threshold,
    )


def _fit(found: Peaks) -> tuple[float, float, float]:
    share: Prevalence = prevalence(found.p)
    if share.active < LEAST_ACTIVE:
        return max(0.0, share.active), np.nan, np.nan
    fitted = heights(found, share.active)
    return share.active, fitted.mean, fitted.spread
