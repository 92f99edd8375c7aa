"""The kernel's view of an experiment, and its functions with arrays instead of addresses."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import accelerator
from fmriplan.design.criteria import Array, Optimality
from fmriplan.design.gaps import Ticks
from fmriplan.design.models import SignalModel

if TYPE_CHECKING:
    from fmriplan.design.evaluation import Evaluation
    from fmriplan.design.orders import Checked

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Wishes:
    """How the kernel weighs: a weight and a scale for each model.

    Of the first ``worst`` models the least counts instead, with the weight ``detection``.
    """

    models: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    counterbalancing: float = 0.0
    frequencies: float = 0.0
    detection: float = 0.0
    worst: int = 0


@dataclass(frozen=True, eq=False)
class Walk:
    """Where an annealing is, and the best it has seen: orders and waits (trials,).

    ``best`` holds the best worth, the moves that were taken, and the moves since the best.
    """

    order: Ticks
    waits: Ticks
    best_order: Ticks
    best_waits: Ticks
    best: Array


class Compiled:
    """What the kernel is told, and the arrays that have to stay as long as it is at work."""

    def __init__(self, kernel: ctypes.CDLL) -> None:
        self.kernel, self.plan = kernel, accelerator.Plan()
        self.kept: list[object] = []

    @classmethod
    def of(
        cls,
        evaluation: "Evaluation",
        rules: "Checked | None" = None,
        *,
        models: Sequence[SignalModel] = (),
        wishes: Wishes | None = None,
    ) -> "Compiled | None":
        """Return the kernel's view of an experiment; None where there is no kernel for it."""
        kernel = accelerator.kernel()
        if kernel is None or evaluation.optimality is not Optimality.A:
            return None
        made = cls(kernel)
        made._describe(evaluation)
        made._add_models(models or (evaluation.model,), wishes or Wishes())
        made._add_wishes(evaluation, wishes or Wishes())
        if rules is not None:
            made._add_rules(rules)
        return made

    def _describe(self, evaluation: "Evaluation") -> None:
        experiment = evaluation.experiment
        zero = np.zeros((1, experiment.trials), dtype=np.intp)
        self.plan = accelerator.Plan(
            trials=experiment.trials,
            conditions=len(experiment.conditions),
            scans=experiment.scans,
            step=experiment.scan_ticks,
            depth=experiment.depth,
            runs=experiment.runs,
            run_trials=experiment.run_trials,
            run_scans=experiment.run_scans,
            start=int(experiment.onsets(zero, zero)[0, 0]),
            run_ticks=experiment.run_scans * experiment.scan_ticks,
            first=-1,
            last=-1,
            shares=self._hold(experiment.shares),
            lasts=self._hold(experiment.lasts),
            shown=self._hold(experiment.shown),
            rests=self._hold(experiment.rests),
        )

    def _add_models(self, models: Sequence[SignalModel], wishes: Wishes) -> None:
        made = (accelerator.Model * len(models))(
            *(
                self._model(model, weight, scale)
                for model, (weight, scale) in zip(models, wishes.models, strict=True)
            )
        )
        self.kept.append(made)
        self.plan.models, self.plan.worst = len(models), wishes.worst
        self.plan.model = ctypes.addressof(made)

    def _model(self, model: SignalModel, weight: float, scale: float) -> accelerator.Model:
        drift = model.noise.whitened_drift.T
        return accelerator.Model(
            columns=model.columns,
            length=model.added.shape[2],
            drifts=len(drift),
            rows=len(model.contrasts),
            one_shape=int(model.has_one_shape),
            weight_of_first_scan=model.noise.first,
            wish=weight,
            scale=scale,
            added=self._hold(model.added),
            drift=self._hold(drift),
            contrasts=self._hold(model.contrasts),
            first=self._hold(model.first),
            column=self._hold(model.column),
            skip=self._hold(model.skip),
        )

    def _add_wishes(self, evaluation: "Evaluation", wishes: Wishes) -> None:
        plan = self.plan
        (plan.counts_least, plan.counts_most), (plan.order_least, plan.order_most) = (
            evaluation.bounds
        )
        plan.wish_detection = wishes.detection
        plan.wish_counts, plan.wish_order = wishes.frequencies, wishes.counterbalancing

    def _add_rules(self, rules: "Checked") -> None:
        plan = self.plan
        plan.keeps_counts = 2 if rules.exact_in_runs else int(rules.exact)
        plan.longest_run, plan.apart = rules.longest_run, rules.apart
        plan.first, plan.last = rules.first, rules.last
        plan.exact = self._hold(rules.counts.astype(np.int64))
        plan.forbidden = self._hold((~rules.allowed).astype(np.uint8))
        if rules.least_waits.any():
            plan.least = self._hold(rules.least_waits.astype(np.int64))

    def _hold(self, array: NDArray[np.generic]) -> int:
        """Keep an array as long as this is, and return its address."""
        made = np.ascontiguousarray(array)
        self.kept.append(made)
        return accelerator.address(made)

    def anneal(  # noqa: PLR0913  what the kernel is told
        self,
        walk: Walk,
        *,
        seed: int,
        moves: int,
        heat: tuple[float, float],
        wait_moves: float,
        patience: int = 0,
    ) -> None:
        """Anneal in place from hot to cold; ``patience`` of 0 is endless."""
        hot, cold = heat
        at = (walk.order, walk.waits, walk.best_order, walk.best_waits)
        failed = self.kernel.anneal(
            ctypes.byref(self.plan),
            *(ctypes.c_void_p(accelerator.address(each)) for each in at),
            ctypes.c_uint64(seed),
            ctypes.c_int64(moves),
            ctypes.c_double(hot),
            ctypes.c_double(cold),
            ctypes.c_double(wait_moves),
            ctypes.c_int64(patience),
            ctypes.c_void_p(accelerator.address(walk.best)),
        )
        if failed:
            raise MemoryError

    def detect(self, orders: Ticks, waits: Ticks) -> Array:
        """Return what designs tell by the first model (designs,); both are (designs, trials)."""
        return self._each("detect", orders, waits)

    def judge(self, orders: Ticks, waits: Ticks) -> Array:
        """Return what designs are worth (designs,), minus infinity where one breaks a rule."""
        return self._each("judge", orders, waits)

    def _each(self, name: str, orders: Ticks, waits: Ticks) -> Array:
        made = np.zeros(len(orders))
        one, other = (np.ascontiguousarray(each, dtype=np.int64) for each in (orders, waits))
        failed = getattr(self.kernel, name)(
            ctypes.byref(self.plan),
            ctypes.c_int64(len(orders)),
            *(ctypes.c_void_p(accelerator.address(each)) for each in (one, other, made)),
        )
        if failed:
            raise MemoryError
        return made
