"""What a design is worth for a goal: the weighed criteria, compiled where there is a kernel."""

from dataclasses import dataclass

import numpy as np

from fmriplan.design.compiled import Compiled, Wishes
from fmriplan.design.criteria import Array
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Experiment
from fmriplan.design.feasibility import Checked
from fmriplan.design.gaps import Ticks
from fmriplan.design.goal import Goal, Realities


@dataclass(frozen=True)
class Scales:
    """What counts as 1: a detection for each reality, the assumed one first, and an estimation."""

    detection: tuple[float, ...] = (1.0,)
    estimation: float = 1.0


class Judge:
    """Tells the worth of designs of one experiment that keep some rules."""

    def __init__(
        self,
        experiment: Experiment,
        rules: Checked,
        goal: Goal,
        scales: Scales,
        realities: Realities | None = None,
    ) -> None:
        self.rules, self.goal, self.scales = rules, goal, scales
        self.worst = bool(realities and realities.worst and realities.each)
        told = (realities or Realities()).of(experiment)
        self.evaluations = [Evaluation(each) for each in told] if goal.detection else []
        self.evaluation = self.evaluations[0] if self.evaluations else Evaluation(experiment)
        self.compiled = self._compile()

    def _compile(self) -> Compiled | None:
        detection, counterbalancing, frequencies = self.goal.shares
        models = [each.model for each in self.evaluations]
        weights = (
            [(detection / len(models), scale) for scale in self.scales.detection[: len(models)]]
            if models
            else []
        )
        if self.goal.estimation:
            models.append(self.evaluation.impulse_model)
            weights.append((self.goal.share_of_estimation, self.scales.estimation))
        if not models:  # the kernel always has one
            models, weights = [self.evaluation.model], [(0.0, 1.0)]
        wishes = Wishes(
            models=tuple(weights),
            counterbalancing=counterbalancing,
            frequencies=frequencies,
            detection=detection,
            worst=len(self.evaluations) if self.worst else 0,
        )
        return Compiled.of(self.evaluation, self.rules, models=models, wishes=wishes)

    def worth(self, orders: Ticks, waits: Ticks) -> Array:
        """Return what designs are worth (designs,), minus infinity where one breaks a rule."""
        if self.compiled:
            return self.compiled.judge(orders, waits)
        made = self._weighed(orders, waits)
        if not self.rules.is_free:
            broken = [
                not self.rules.keeps(order, wait) for order, wait in zip(orders, waits, strict=True)
            ]
            made[broken] = -np.inf
        return made

    def _weighed(self, orders: Ticks, waits: Ticks) -> Array:
        detection, counterbalancing, frequencies = self.goal.shares
        made = np.zeros(len(orders))
        if self.evaluations:
            told = [
                each.detection(orders, waits) / scale
                for each, scale in zip(self.evaluations, self.scales.detection, strict=True)
            ]
            made += detection * (np.min(told, axis=0) if self.worst else np.mean(told, axis=0))
        if self.goal.estimation:
            told_bins = self.evaluation.estimation(orders, waits) / self.scales.estimation
            made += self.goal.share_of_estimation * told_bins
        if counterbalancing:
            made += counterbalancing * self.evaluation.counterbalancing(orders)
        if frequencies:
            made += frequencies * self.evaluation.frequencies(orders)
        return made
