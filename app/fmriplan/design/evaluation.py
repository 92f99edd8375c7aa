"""Scores of many designs at once, by what each trial adds to the scans after it.

A trial adds the same few numbers at whatever tick it begins, so a signal is a sum of a few numbers
for each trial; whitening is folded into them. Nothing as long as the run in ticks is ever made.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import criteria
from fmriplan.design.compiled import Compiled
from fmriplan.design.criteria import Array, Optimality
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.response import at_scans, of_trial

AT_ONCE = 256  # designs; more at once only takes memory


@dataclass(frozen=True, eq=False)
class Scores:
    """What designs are worth, one number each (designs,).

    ``detection`` and ``estimation`` are precisions in units of the noise; ``frequencies`` and
    ``counterbalancing`` reach 1 where no order of so many trials could do better.
    """

    detection: Array
    frequencies: Array
    counterbalancing: Array
    estimation: Array | None = None


class Evaluation:
    """Scores designs of one experiment."""

    def __init__(self, experiment: Experiment, optimality: Optimality = Optimality.A) -> None:
        self.experiment = experiment
        self.optimality = optimality
        self.contrasts = criteria.checked_contrasts(
            np.array(experiment.contrasts), len(experiment.conditions)
        )

    @cached_property
    def _compiled(self) -> Compiled | None:
        return Compiled.of(self)

    @cached_property
    def added(self) -> Array:
        """Return what a trial adds, whitened (conditions, phases, scans)."""
        shape = self.experiment.response.sampled(self.experiment.tick_s)
        step, rho = self.experiment.scan_ticks, self.experiment.noise.rho
        plain = [at_scans(of_trial(shape, int(ticks)), step) for ticks in self.experiment.shown]
        longest = max(each.shape[1] for each in plain)
        made = np.zeros((len(plain), step, longest + 1))
        for number, each in enumerate(plain):
            made[number, :, : each.shape[1]] = each
        made[:, :, 1:] -= rho * made[:, :, :-1].copy()
        return made

    def score(self, orders: Ticks, waits: Ticks, *, estimation: bool = False) -> Scores:
        """Return the scores of designs: orders and waits are (designs, trials).

        A design that does not fit into the run, or cannot tell a contrast, has a detection of 0.
        """
        return Scores(
            detection=self.detection(orders, waits),
            frequencies=self.frequencies(orders),
            counterbalancing=self.counterbalancing(orders),
            estimation=self.estimation(orders, waits) if estimation else None,
        )

    def detection(self, orders: Ticks, waits: Ticks) -> Array:
        """Return how precisely the contrasts are told (designs,)."""
        if self._compiled:
            return self._compiled.detect(orders, waits)
        parts = [
            self._detection(orders[at : at + AT_ONCE], waits[at : at + AT_ONCE])
            for at in range(0, len(orders), AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _detection(self, orders: Ticks, waits: Ticks) -> Array:
        information = self.information(orders, waits)
        made = criteria.efficiency(information, self.contrasts, self.optimality)
        return np.where(self.fits(orders, waits), made, 0.0)

    def fits(self, orders: Ticks, waits: Ticks) -> NDArray[np.bool_]:
        """Say of each design whether its last stimulus ends within the run (designs,)."""
        last = self.experiment.onsets(orders, waits)[:, -1] + self.experiment.shown[orders[:, -1]]
        return np.asarray(last <= self.experiment.scans * self.experiment.scan_ticks)

    def information(self, orders: Ticks, waits: Ticks) -> Array:
        """Return the information about the amplitudes (designs, conditions, conditions)."""
        return self.experiment.noise.of_white(self.white_signals(orders, waits))

    def white_signals(self, orders: Ticks, waits: Ticks) -> Array:
        """Return the whitened signal of each condition (designs, conditions, scans)."""
        experiment, table = self.experiment, self.added
        count, conditions, scans = len(orders), len(experiment.conditions), experiment.scans
        length = table.shape[2]
        onsets = experiment.onsets(orders, waits)
        first = -(-onsets // experiment.scan_ticks)
        phase = first * experiment.scan_ticks - onsets
        width = scans + length  # what lies beyond the last scan falls off
        row = np.arange(count)[:, None] * conditions + orders
        place = (row * width + np.minimum(first, scans))[..., None] + np.arange(length)
        size = count * conditions * width
        weights = table[orders, phase].ravel()
        made = np.asarray(np.bincount(place.ravel(), weights, minlength=size), dtype=np.float64)
        white = made.reshape(count, conditions, width)[:, :, :scans]
        white[:, :, 0] *= experiment.noise.first
        return white

    def signals(self, order: Ticks, waits: Ticks) -> Array:
        """Return the expected signal of each condition in one design (conditions, scans)."""
        white = self.white_signals(order[None], waits[None])[0]
        made: Array = np.zeros(white.shape)
        made[:, 0] = white[:, 0] / self.experiment.noise.first
        for scan in range(1, white.shape[1]):
            made[:, scan] = white[:, scan] + self.experiment.noise.rho * made[:, scan - 1]
        return made

    # --- the order alone --------------------------------------------------------------------------
    def frequencies(self, orders: Ticks) -> Array:
        """Return how near the numbers of trials are to their probabilities (designs,)."""
        wrong = criteria.imbalance_of_counts(orders, self.experiment.shares)
        return _scaled(wrong, *self.bounds[0])

    def counterbalancing(self, orders: Ticks) -> Array:
        """Return how near the transitions are to independence (designs,)."""
        if not self.experiment.depth:
            return np.ones(len(orders))
        wrong = criteria.imbalance_of_order(orders, self.experiment.shares, self.experiment.depth)
        return _scaled(wrong, *self.bounds[1])

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return least and most imbalance of counts, and of the order."""
        trials, shares = self.experiment.trials, self.experiment.shares
        worst = np.full((1, trials), int(np.argmin(shares)))
        pairs = np.outer(shares, shares).ravel()
        depth = range(1, self.experiment.depth + 1)
        least = sum(_least(pairs, trials - back) for back in depth)
        return (
            (_least(shares, trials), float(criteria.imbalance_of_counts(worst, shares)[0])),
            (least, float(criteria.imbalance_of_order(worst, shares, self.experiment.depth)[0])),
        )

    # --- the response itself ----------------------------------------------------------------------
    def estimation(self, orders: Ticks, waits: Ticks) -> Array:
        """Return how precisely the responses are told by bins (designs,); 0 where they are not."""
        contrasts = np.asarray(
            np.kron(self.contrasts, np.eye(self.experiment.bins[1])), dtype=float
        )
        made = [
            criteria.efficiency(self._of_bins(order, wait), contrasts, self.optimality)
            for order, wait in zip(orders, waits, strict=True)
        ]
        return np.where(self.fits(orders, waits), np.array(made), 0.0)

    def _of_bins(self, order: Ticks, waits: Ticks) -> Array:
        return self.experiment.noise.information(self.impulses(order, waits))

    def impulses(self, order: Ticks, waits: Ticks) -> Array:
        """Return the finite impulse response model of one design (conditions x bins, scans)."""
        experiment = self.experiment
        size, bins = experiment.bins
        step, scans = experiment.scan_ticks, experiment.scans
        onsets = experiment.onsets(order[None], waits[None])[0]
        reach = np.arange(-(-size * bins // step) + 1)
        scan = (-(-onsets // step))[:, None] + reach
        lag = scan * step - onsets[:, None]
        inside = (lag < size * bins) & (scan < scans)
        made = np.zeros((len(experiment.conditions), bins, scans))
        which = np.broadcast_to(order[:, None], scan.shape)
        np.add.at(made, (which[inside], lag[inside] // size, scan[inside]), 1)
        return made.reshape(-1, scans)

    def why_not_estimable(self, order: Ticks, waits: Ticks) -> str:
        """Return why the responses cannot be told by a design, or nothing where they can."""
        model = self.experiment.noise.whiten(self.impulses(order, waits))
        rank = int(np.linalg.matrix_rank(model))
        if rank < len(model):
            return (
                f"The responses have {len(model)} bins, but the design tells only {rank} of them "
                "apart. Make the bins wider, the window shorter, or the waits more varied."
            )
        return ""


def _least(shares: Array, total: int) -> float:
    """Return the least sum of distances of whole numbers with this total from their shares."""
    wanted = shares * total
    rounded = np.floor(wanted)
    missing = total - int(rounded.sum())
    rounded[np.argsort(rounded - wanted, kind="stable")[:missing]] += 1
    return float(np.abs(rounded - wanted).sum())


def _scaled(wrong: Array, least: float, most: float) -> Array:
    return np.asarray((most - wrong) / (most - least))
