"""An effect, and the two spreads that hide it: between participants, and within each of them."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import criteria
from fmriplan.design.criteria import Optimality
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.gaps import Ticks
from fmriplan.errors import NotAnOption

SMALLEST_SHARE = 1e-6


@dataclass(frozen=True)
class Effect:
    """A contrast in a population; all three in one unit, such as % signal change.

    Attributes
    ----------
    mean
        Of the population; for two groups, their difference.
    between
        Standard deviation between participants.
    within
        Standard deviation of one participant's estimate after one minute of scanning: after m
        minutes its variance is ``within ** 2 / m``.
    """

    mean: float
    between: float
    within: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(each) for each in (self.mean, self.between, self.within)):
            raise NotAnOption("An effect and its spreads are numbers.")
        if min(self.between, self.within) < 0 or not self.between + self.within > 0:
            raise NotAnOption("The spreads of an effect are 0 or more, and one is above 0.")

    def spread(self, minutes: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the standard deviation of participants' estimates by minutes (minutes,)."""
        asked = np.asarray(minutes, dtype=float)
        if not ((asked > 0) & np.isfinite(asked)).all():
            raise NotAnOption("A scan takes longer than 0 minutes.")
        return np.asarray(np.sqrt(self.between**2 + self.within**2 / asked))

    def d(self, minutes: float) -> float:
        """Return Cohen's d of estimates from so many minutes."""
        return self.mean / float(self.spread(minutes))

    @property
    def highest_d(self) -> float:
        """Return Cohen's d that endless scanning would come near to."""
        return self.mean / self.between if self.between else math.copysign(math.inf, self.mean)

    def with_design(self, gain: float) -> "Effect":
        """Return the effect under a design that tells ``gain`` times as much in a minute.

        ``gain`` is the ratio of two designs' `precision_per_minute`.
        """
        if not (math.isfinite(gain) and gain > 0):
            raise NotAnOption("The gain of a design over another is a number above 0.")
        return replace(self, within=self.within / math.sqrt(gain))


def of_pilot(d: float, *, minutes: float, within_share: float) -> Effect:
    """Return an effect from a pilot's Cohen's d, in units of the pilot's standard deviation.

    Parameters
    ----------
    d
        Such as the `effect` of a power analysis.
    minutes
        How long each participant of the pilot was scanned.
    within_share
        Which share of the pilot's variance over participants is scanner noise, from 0 to 1; a
        pilot's group map does not tell it. Half is usual for ten minutes of a block design.
    """
    if not (math.isfinite(d) and math.isfinite(minutes) and minutes > 0):
        raise NotAnOption("A pilot has an effect, and scanned for longer than 0 minutes.")
    if not 0 <= within_share <= 1:
        raise NotAnOption("The share of scanner noise in the pilot's variance is from 0 to 1.")
    return Effect(d, math.sqrt(1 - within_share), math.sqrt(within_share * minutes))


def of_signal(  # noqa: PLR0913  what a pilot is known by
    d: float, *, mean: float, minutes: float, noise: float, rho: float, per_minute: float
) -> Effect:
    """Return an effect whose spread within participants follows from the pilot's design and noise.

    Parameters
    ----------
    d, minutes
        The pilot's Cohen's d, and how long it scanned each participant.
    mean
        The average effect, such as 0.5 % signal change of a long block.
    noise
        Standard deviation of a scan's noise in the unit of ``mean``, with autocorrelation ``rho``.
    per_minute
        The `precision_per_minute` of the pilot's design.

    Raises
    ------
    NotAnOption
        The noise alone would spread participants more than the pilot's d says they do.
    """
    if not (d and mean and math.isfinite(d) and math.isfinite(mean) and d * mean > 0):
        raise NotAnOption("The effect and Cohen's d are of the same direction, and neither is 0.")
    if not (noise > 0 and -1 < rho < 1 and per_minute > 0 and minutes > 0):
        raise NotAnOption("Noise, precision and minutes are above 0, rho is between -1 and 1.")
    within = noise**2 * (1 - rho**2) / per_minute
    total, left = (mean / d) ** 2, within / minutes
    if left > total:
        raise NotAnOption(
            f"Noise alone would spread participants by {math.sqrt(left):.3g}, but an effect of "
            f"{mean:g} with d = {d:g} leaves {math.sqrt(total):.3g} in all. Take less noise, a "
            "larger effect, or more minutes of the pilot."
        )
    return Effect(mean, math.sqrt(total - left), math.sqrt(within))


def precision_per_minute(
    evaluation: Evaluation, order: Ticks, waits: Ticks, contrast: NDArray[np.float64]
) -> float:
    """Return how much a minute of a design tells about a contrast, for noise of variance 1.

    One over the variance of the estimate, divided by the minutes of scanning. More minutes are
    taken to be more of the same design; 0 where the contrast cannot be told.
    """
    information = evaluation.information(order[None], waits[None])[0]
    row = np.zeros((1, len(information)))  # derivatives weigh nothing
    row[0, : len(contrast)] = contrast
    whole = float(criteria.efficiency(information, row, Optimality.A))
    experiment = evaluation.experiment
    return whole / (experiment.scans * experiment.tr_s / 60)


def alike(one: Effect, other: Effect) -> bool:
    """Say whether two effects give the same answers, whatever their units."""
    scale = one.mean / other.mean if other.mean else 1.0
    told = (one.mean, one.between, one.within)
    return bool(np.allclose(told, scale * np.array([other.mean, other.between, other.within])))
