"""The kernel's view of an experiment, and its two functions with arrays instead of addresses."""

import ctypes
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import accelerator
from fmriplan.design.criteria import Array, Optimality
from fmriplan.design.gaps import Ticks

if TYPE_CHECKING:
    from fmriplan.design.evaluation import Evaluation
    from fmriplan.design.orders import Checked


class Compiled:
    """What the kernel is told, and the arrays that have to stay as long as it is at work."""

    def __init__(self, kernel: ctypes.CDLL, plan: accelerator.Plan) -> None:
        self.kernel, self.plan = kernel, plan
        self.kept: list[NDArray[np.generic]] = []

    @classmethod
    def of(
        cls,
        evaluation: "Evaluation",
        rules: "Checked | None" = None,
        wishes: tuple[float, float, float] = (1, 0, 0),
        scale: float = 1.0,
    ) -> "Compiled | None":
        """Return the kernel's view of an experiment; None where there is no kernel for it.

        ``wishes`` are the weights of detection, counterbalancing and frequencies.
        """
        kernel = accelerator.kernel()
        if kernel is None or evaluation.optimality is not Optimality.A:
            return None
        made = cls(kernel, accelerator.Plan())
        made._describe(evaluation, wishes, scale)
        if rules is not None:
            made._add_rules(rules)
        return made

    def _describe(
        self, evaluation: "Evaluation", wishes: tuple[float, float, float], scale: float
    ) -> None:
        experiment, table = evaluation.experiment, evaluation.added
        counts, order = evaluation.bounds
        detection, counterbalancing, frequencies = wishes
        drift = np.ascontiguousarray(experiment.noise.whitened_drift.T)
        zero = np.zeros((1, experiment.trials), dtype=np.intp)
        start = int(experiment.onsets(zero, zero)[0, 0])
        self.plan = accelerator.Plan(
            trials=experiment.trials,
            conditions=len(experiment.conditions),
            scans=experiment.scans,
            step=experiment.scan_ticks,
            length=table.shape[2],
            drifts=len(drift),
            rows=len(evaluation.contrasts),
            depth=experiment.depth,
            start=start,
            ticks=experiment.scans * experiment.scan_ticks,
            first=-1,
            last=-1,
            weight_of_first_scan=experiment.noise.first,
            detection_scale=scale,
            counts_least=counts[0],
            counts_most=counts[1],
            order_least=order[0],
            order_most=order[1],
            wish_detection=detection,
            wish_counts=frequencies,
            wish_order=counterbalancing,
            added=self._hold(table),
            drift=self._hold(drift),
            contrasts=self._hold(evaluation.contrasts),
            shares=self._hold(experiment.shares),
            lasts=self._hold(experiment.lasts),
            shown=self._hold(experiment.shown),
            rests=self._hold(experiment.rests),
        )

    def _add_rules(self, rules: "Checked") -> None:
        self.plan.keeps_counts = int(rules.exact)
        self.plan.longest_run = rules.longest_run
        self.plan.first, self.plan.last = rules.first, rules.last
        self.plan.forbidden = self._hold((~rules.allowed).astype(np.uint8))

    def _hold(self, array: NDArray[np.generic]) -> int:
        made = np.ascontiguousarray(array)
        self.kept.append(made)
        return accelerator.address(made)

    def anneal(
        self,
        at: tuple[Ticks, Ticks, Ticks, Ticks, Array],
        *,
        seed: int,
        moves: int,
        heat: tuple[float, float],
        wait_moves: float,
    ) -> None:
        """Anneal in place: order, waits, best order, best waits, and what is known of the best."""
        hot, cold = heat
        failed = self.kernel.anneal(
            ctypes.byref(self.plan),
            *(ctypes.c_void_p(accelerator.address(each)) for each in at[:4]),
            ctypes.c_uint64(seed),
            ctypes.c_int64(moves),
            ctypes.c_double(hot),
            ctypes.c_double(cold),
            ctypes.c_double(wait_moves),
            ctypes.c_void_p(accelerator.address(at[4])),
        )
        if failed:
            raise MemoryError

    def detect(self, orders: Ticks, waits: Ticks) -> Array:
        """Return the detection of designs (designs,); orders and waits are (designs, trials)."""
        made = np.zeros(len(orders))
        one, other = np.ascontiguousarray(orders), np.ascontiguousarray(waits)
        failed = self.kernel.detect(
            ctypes.byref(self.plan),
            ctypes.c_int64(len(orders)),
            *(ctypes.c_void_p(accelerator.address(each)) for each in (one, other, made)),
        )
        if failed:
            raise MemoryError
        return made
