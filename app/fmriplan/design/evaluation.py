"""Scores of many designs at once, by what each trial adds to the scans after it.

Nothing as long as a run in ticks is ever made: see `fmriplan.design.models`.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import criteria, models
from fmriplan.design.compiled import Compiled
from fmriplan.design.criteria import Array, Optimality
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.models import SignalModel

AT_ONCE = 384  # signals of designs; more at once only takes memory


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
        self.model = models.detecting(experiment)

    @property
    def contrasts(self) -> Array:
        """Return contrasts over all columns (rows, columns); derivatives weigh nothing in them."""
        return self.model.contrasts

    @cached_property
    def impulse_model(self) -> SignalModel:
        return models.estimating(self.experiment)

    @cached_property
    def _compiled(self) -> Compiled | None:
        return Compiled.of(self)

    @cached_property
    def _compiled_impulses(self) -> Compiled | None:
        return Compiled.of(self, models=(self.impulse_model,))

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
        return self._detection(orders, waits)

    def _detection(self, orders: Ticks, waits: Ticks) -> Array:
        return self._efficiency(self.model, orders, waits)

    def _efficiency(self, model: SignalModel, orders: Ticks, waits: Ticks) -> Array:
        size = max(1, AT_ONCE // model.columns)
        made = np.zeros(len(orders))
        for at in range(0, len(orders), size):
            some, between = orders[at : at + size], waits[at : at + size]
            information = model.noise.of_white(model.white_signals(some, between))
            made[at : at + size] = criteria.efficiency(
                information, model.contrasts, self.optimality
            )
        return np.where(self.fits(orders, waits), made, 0.0)

    def fits(self, orders: Ticks, waits: Ticks) -> NDArray[np.bool_]:
        """Say of each design whether each run's last stimulus ends within it (designs,)."""
        experiment = self.experiment
        ends = experiment.onsets(orders, waits) + experiment.shown[orders]
        last = ends.reshape(len(orders), experiment.runs, -1)[..., -1]
        run = experiment.run_scans * experiment.scan_ticks
        return np.asarray((last <= run * np.arange(1, experiment.runs + 1)).all(axis=1))

    def information(self, orders: Ticks, waits: Ticks) -> Array:
        """Return the information about the amplitudes (designs, columns, columns)."""
        return self.experiment.noise.of_white(self.white_signals(orders, waits))

    def white_signals(self, orders: Ticks, waits: Ticks) -> Array:
        """Return the whitened signals of designs (designs, columns, scans)."""
        return self.model.white_signals(orders, waits)

    def signals(self, order: Ticks, waits: Ticks) -> Array:
        """Return the expected signals of one design (columns, scans)."""
        noise = self.experiment.noise
        flat = self.white_signals(order[None], waits[None])[0]
        white = noise.by_run(flat)
        made: Array = np.zeros(white.shape)
        made[..., 0] = white[..., 0] / noise.first
        for scan in range(1, white.shape[-1]):
            made[..., scan] = white[..., scan] + noise.rho * made[..., scan - 1]
        return made.reshape(flat.shape)

    # --- the order alone --------------------------------------------------------------------------
    def frequencies(self, orders: Ticks) -> Array:
        """Return how near the numbers of trials are to their probabilities (designs,)."""
        wrong = criteria.imbalance_of_counts(orders, self.experiment.shares)
        return _scaled(wrong, *self.bounds[0])

    def counterbalancing(self, orders: Ticks) -> Array:
        """Return how near the transitions are to independence (designs,)."""
        if not self.experiment.depth:
            return np.ones(len(orders))
        wrong = self._imbalance(orders)
        return _scaled(wrong, *self.bounds[1])

    def _imbalance(self, orders: Ticks) -> Array:
        experiment = self.experiment
        return criteria.imbalance_of_order(
            orders, experiment.shares, experiment.depth, runs=experiment.runs
        )

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return least and most imbalance of counts, and of the order."""
        trials, shares = self.experiment.trials, self.experiment.shares
        worst = np.full((1, trials), int(np.argmin(shares)))
        pairs = np.outer(shares, shares).ravel()
        depth = range(1, self.experiment.depth + 1)
        runs = self.experiment.runs
        least = sum(_least(pairs, trials - back * runs) for back in depth)
        return (
            (_least(shares, trials), float(criteria.imbalance_of_counts(worst, shares)[0])),
            (least, float(self._imbalance(worst)[0])),
        )

    # --- the response itself ----------------------------------------------------------------------
    def estimation(self, orders: Ticks, waits: Ticks) -> Array:
        """Return how precisely the responses are told by bins (designs,); 0 where they are not."""
        if self._compiled_impulses:
            return self._compiled_impulses.detect(orders, waits)
        return self._efficiency(self.impulse_model, orders, waits)

    def impulses(self, order: Ticks, waits: Ticks) -> Array:
        """Return the finite impulse response model of one design (columns x bins, scans)."""
        plain = Evaluation(replace(self.experiment, rho=0.0))
        made: Array = plain.impulse_model.white_signals(order[None], waits[None])[0]
        return made

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
