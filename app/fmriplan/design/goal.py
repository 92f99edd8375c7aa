"""What a design is for: how the criteria are weighed, and which realities it shall stand."""

import math
from dataclasses import dataclass, field, replace

from fmriplan.design.experiment import Experiment
from fmriplan.design.response import NAMED, Response
from fmriplan.errors import NotAnOption

MOST_REALITIES = 24


@dataclass(frozen=True)
class Goal:
    """Weights of detection, counterbalancing, frequencies, and estimation of the response."""

    detection: float = 0.5
    counterbalancing: float = 0.25
    frequencies: float = 0.25
    estimation: float = 0.0

    def __post_init__(self) -> None:
        weights = self._weights
        if not all(math.isfinite(each) and each >= 0 for each in weights) or not sum(weights) > 0:
            raise NotAnOption("The weights of the criteria are 0 or more, and one is above 0.")

    @property
    def _weights(self) -> tuple[float, float, float, float]:
        return (self.detection, self.counterbalancing, self.frequencies, self.estimation)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Return the weights but estimation's, so that all four have a sum of 1."""
        total = sum(self._weights)
        return self.detection / total, self.counterbalancing / total, self.frequencies / total

    @property
    def share_of_estimation(self) -> float:
        return self.estimation / sum(self._weights)


@dataclass(frozen=True)
class Reality:
    """A response and a noise that there may be; what is None is as the experiment says."""

    name: str
    response: Response | None = None
    rho: float | None = None
    high_pass_s: float | None = None

    def of(self, experiment: Experiment) -> Experiment:
        """Return the experiment in this reality."""
        return replace(
            experiment,
            response=self.response or experiment.response,
            rho=experiment.rho if self.rho is None else self.rho,
            high_pass_s=self.high_pass_s or experiment.high_pass_s,
        )


@dataclass(frozen=True)
class Realities:
    """Realities beside the assumed one, over which a design's detection is averaged.

    With ``worst``, the least of them counts instead. Each is relative to the best that was found
    for it alone.
    """

    each: tuple[Reality, ...] = field(default=())
    worst: bool = False

    def __post_init__(self) -> None:
        names = [one.name for one in self.each]
        if len(names) > MOST_REALITIES:
            raise NotAnOption(f"A design is made for at most {MOST_REALITIES} realities.")
        if not all(names) or len(set(names)) < len(names):
            raise NotAnOption("Each reality has a name of its own.")

    def of(self, experiment: Experiment) -> list[Experiment]:
        """Return the experiment as it is assumed, then in each reality."""
        return [experiment, *(one.of(experiment) for one in self.each)]


def usual_realities(experiment: Experiment, *, worst: bool = False) -> Realities:
    """Return other responses, and noise that is white or has more autocorrelation."""
    shapes = [
        Reality(f"{name} response", NAMED[name]) for name in ("early", "late", "narrow", "wide")
    ]
    more = min(0.9, experiment.rho + 0.3)
    noises = [Reality("white noise", rho=0.0), Reality(f"noise of rho {more:.1f}", rho=more)]
    return Realities((*shapes, *noises), worst)
