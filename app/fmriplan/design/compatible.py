"""Scores by neurodesign's own definitions, for comparison with published designs.

It differs from ours in how onsets become ticks (rounded down twice), in the count of pairs that
counterbalancing expects, in what normalises each criterion, and in the finite impulse response,
whose bins are ticks. Written plainly from the definitions, it is also what the fast evaluation is
tested against.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import criteria, noise
from fmriplan.design.criteria import Optimality
from fmriplan.design.response import Response

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Experiment:
    """An experiment in neurodesign's terms; times in s, ``resolution`` is a tick."""

    tr: float
    trials: int
    probabilities: Sequence[float]
    contrasts: Sequence[Sequence[float]]
    rho: float
    stimulus: float
    mean_iti: float
    resolution: float = 0.1
    before: float = 0.0
    after: float = 0.0
    rest_after_trials: int = 0
    rest: float = 0.0
    confound_order: int = 3
    response: Response = field(default_factory=Response)

    @property
    def tick(self) -> float:
        """Return the tick that is used: it divides the repetition time, near what was asked."""
        if self.tr % self.resolution == 0:
            return self.resolution
        ms, wanted = round(1000 * self.tr), self.tr / self.resolution
        divisors = [each for each in range(1, ms + 1) if ms % each == 0]
        return self.tr / min(divisors, key=lambda each: abs(each - wanted))

    @property
    def trial(self) -> float:
        return self.before + self.stimulus + self.after

    @property
    def duration(self) -> float:
        rests = self.trials // self.rest_after_trials if self.rest_after_trials else 0
        return self.trials * (self.mean_iti + self.trial) + rests * self.rest

    @property
    def scans(self) -> int:
        return math.ceil(self.duration / self.tr)

    @property
    def ticks(self) -> int:
        return math.ceil(self.duration / self.tick)

    @property
    def largest_imbalance_of_counts(self) -> float:
        return float(criteria.imbalance_of_counts(self._worst(), self._shares)[0])

    @property
    def largest_imbalance_of_order(self) -> float:
        return float(
            criteria.imbalance_of_order(
                self._worst(), self._shares, self.confound_order, pairs=False
            )[0]
        )

    @property
    def _shares(self) -> Array:
        return np.asarray(self.probabilities, dtype=float)

    def _worst(self) -> NDArray[np.intp]:
        return np.full((1, self.trials), int(np.argmin(self._shares)))

    @property
    def noise(self) -> noise.Noise:
        return noise.Noise(self.rho, noise.legendre(self.scans, 2))


@dataclass(frozen=True)
class Scores:
    """Estimation and detection before normalisation; frequencies and counterbalancing after."""

    detection: float
    frequencies: float
    counterbalancing: float


def onset_ticks(experiment: Experiment, iti: Sequence[float]) -> list[int]:
    """Return the tick of each stimulus, rounded as neurodesign rounds."""
    made, at = [], 0.0
    size, rest = experiment.tick, experiment.rest_after_trials
    for number, wait in enumerate(iti):
        if rest and number and number % rest == 0:
            at += experiment.rest
        at += wait + experiment.trial
        start = at - experiment.trial + experiment.before
        made.append(int(size * math.floor(start / size) / size))
    return made


def boxcars(experiment: Experiment, order: Sequence[int], iti: Sequence[float]) -> Array:
    """Return where each condition is shown (conditions, ticks)."""
    made = np.zeros((len(experiment.probabilities), experiment.ticks))
    length = int(experiment.stimulus / experiment.tick)
    for condition, tick in zip(order, onset_ticks(experiment, iti), strict=True):
        made[condition, tick : tick + length] = 1
    return made


def _scan_ticks(experiment: Experiment) -> NDArray[np.intp]:
    step = experiment.tr / experiment.tick
    return np.arange(0, experiment.ticks, step).astype(int)[: experiment.scans]


def expected_signals(experiment: Experiment, order: Sequence[int], iti: Sequence[float]) -> Array:
    """Return the signal of each condition (conditions, scans)."""
    shown = boxcars(experiment, order, iti)
    shape = experiment.response.sampled(experiment.tick)
    full = np.array([np.convolve(each, shape)[: experiment.ticks] for each in shown])
    return np.asarray(full[:, _scan_ticks(experiment)])


def score(
    experiment: Experiment,
    order: Sequence[int],
    iti: Sequence[float],
    optimality: Optimality = Optimality.A,
) -> Scores:
    """Return what a design is worth; detection is not divided by a maximum."""
    orders = np.array([order])
    contrasts = criteria.checked_contrasts(np.array(experiment.contrasts), len(experiment._shares))  # noqa: SLF001
    information = experiment.noise.information(expected_signals(experiment, order, iti))
    shares = experiment._shares  # noqa: SLF001  its own module
    counts = criteria.imbalance_of_counts(orders, shares)[0]
    pairs = criteria.imbalance_of_order(orders, shares, experiment.confound_order, pairs=False)[0]
    return Scores(
        detection=_detection(information, contrasts, optimality),
        frequencies=float(1 - counts / experiment.largest_imbalance_of_counts),
        counterbalancing=float(1 - pairs / experiment.largest_imbalance_of_order),
    )


def _detection(information: Array, contrasts: Array, optimality: Optimality) -> float:
    """Return the efficiency; a condition that is never shown counts as known."""
    shown = information.diagonal() > 0
    if shown.all():
        return float(criteria.efficiency(information, contrasts, optimality))
    variance = contrasts @ np.linalg.pinv(information) @ contrasts.T
    if optimality is Optimality.D:
        return float(np.linalg.det(variance) ** (-1 / len(contrasts)))
    return float(len(contrasts) / np.trace(variance))


def estimation(experiment: Experiment, order: Sequence[int], iti: Sequence[float]) -> float:
    """Return the efficiency (A) of estimating the response at each tick; 0 if it cannot be told."""
    shown = boxcars(experiment, order, iti)
    lags = math.ceil(experiment.response.length / experiment.tick)
    at = _scan_ticks(experiment)
    delayed = np.zeros((len(shown), lags, len(at)))
    for lag in range(lags):
        delayed[:, lag, at >= lag] = shown[:, at[at >= lag] - lag]
    information = experiment.noise.information(delayed.reshape(-1, len(at)))
    contrasts = np.kron(np.array(experiment.contrasts, dtype=float), np.eye(lags))
    return float(criteria.efficiency(information, contrasts, Optimality.A))
