"""How much of a design's worth is left when responses and noise are not as they were assumed."""

from dataclasses import dataclass, replace

import numpy as np

from fmriplan.design.criteria import Array
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.goal import Realities, usual_realities


@dataclass(frozen=True)
class Standing:
    """A design in one reality; the first of a report is the assumed one.

    Attributes
    ----------
    detection
        Where the analysis knows the true response.
    relative
        That, as a share of the detection in the assumed reality; for the response and the noise
        differ, it may be above 1.
    kept
        Which share of the expected statistic an analysis keeps that goes on assuming the response,
        over the contrasts: 1 where nothing is lost.
    """

    name: str
    detection: float
    relative: float
    kept: float

    @property
    def drop(self) -> float:
        """Return which share of the assumed detection is lost, 0 where there is a gain."""
        return max(0.0, 1 - self.relative)


def report(
    experiment: Experiment, order: Ticks, waits: Ticks, realities: Realities | None = None
) -> list[Standing]:
    """Return how one design, order and waits (trials,), stands in each reality."""
    every = realities or usual_realities(experiment)
    names = ["as assumed", *(one.name for one in every.each)]
    told = every.of(experiment)
    detection = [float(Evaluation(one).detection(order[None], waits[None])[0]) for one in told]
    return [
        Standing(
            name=name,
            detection=here,
            relative=here / detection[0] if detection[0] else 0.0,
            kept=_kept(one, experiment, order, waits) if here else 0.0,
        )
        for name, here, one in zip(names, detection, told, strict=True)
    ]


def _kept(true: Experiment, assumed: Experiment, order: Ticks, waits: Ticks) -> float:
    """Return the mean share of each contrast's statistic that the assumed response keeps."""
    believed = Evaluation(replace(true, response=assumed.response))
    ours = believed.white_signals(order[None], waits[None])[0]
    theirs = Evaluation(true).white_signals(order[None], waits[None])[0]
    both = true.noise.of_white(np.concatenate([ours, theirs]))
    size = len(ours)
    variance: Array = np.asarray(np.linalg.pinv(both[:size, :size]), dtype=float)
    best: Array = np.asarray(np.linalg.pinv(both[size:, size:]), dtype=float)
    fitted = variance @ both[:size, size:]  # what is estimated of each true amplitude
    shares = [_share(row, fitted, variance, best) for row in believed.contrasts]
    return float(np.mean(shares))


def _share(contrast: Array, fitted: Array, variance: Array, best: Array) -> float:
    amplitude = contrast / (contrast @ contrast)
    told = contrast @ fitted @ amplitude / np.sqrt(contrast @ variance @ contrast)
    return float(told * np.sqrt(contrast @ best @ contrast))
