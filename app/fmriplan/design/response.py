"""The haemodynamic response, and what one trial adds to the signal at each scan."""

from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption

LONGEST_S = 120
LATER_S, WIDER = 1.0, 0.01  # the steps of SPM's derivatives


@dataclass(frozen=True)
class Response:
    """The difference of two gamma densities, as SPM has it (Friston et al., 1998).

    Delays, dispersions and length are in s; ``ratio`` is that of the response to its undershoot.
    """

    delay: float = 6.0
    undershoot_delay: float = 16.0
    dispersion: float = 1.0
    undershoot_dispersion: float = 1.0
    ratio: float = 6.0
    onset: float = 0.0
    length: float = 32.0

    def __post_init__(self) -> None:
        positive = (
            self.delay,
            self.undershoot_delay,
            self.dispersion,
            self.undershoot_dispersion,
            self.ratio,
            self.length,
        )
        if not (np.isfinite([*positive, self.onset]).all() and min(positive) > 0):
            raise NotAnOption("Delays, dispersions, ratio and length of a response are above 0.")
        if self.length > LONGEST_S:
            raise NotAnOption(f"A response is over after at most {LONGEST_S} s.")

    def sampled(self, tick_s: float) -> NDArray[np.float64]:
        """Return the response at each tick (ticks,), with a sum of 1."""
        at = np.arange(np.ceil(self.length / tick_s)) * tick_s - self.onset
        made = scipy.stats.gamma.pdf(at, self.delay / self.dispersion, scale=self.dispersion)
        late = self.undershoot_delay / self.undershoot_dispersion
        made = made - scipy.stats.gamma.pdf(at, late, scale=self.undershoot_dispersion) / self.ratio
        return np.asarray(made / made.sum())

    def with_derivatives(self, tick_s: float, count: int) -> list[NDArray[np.float64]]:
        """Return the response, and as many of its derivatives as asked: by onset, by dispersion.

        They are SPM's: differences to a response 1 s later, and to one whose dispersion is 0.01
        larger, divided by that step.
        """
        plain = self.sampled(tick_s)
        later = replace(self, onset=self.onset + LATER_S).sampled(tick_s)
        wider = replace(self, dispersion=self.dispersion + WIDER).sampled(tick_s)
        return [plain, (plain - later) / LATER_S, (plain - wider) / WIDER][: count + 1]


NAMED = {
    "canonical": Response(),
    "early": Response(delay=4.5, undershoot_delay=14.0),
    "late": Response(delay=8.0, undershoot_delay=18.0),
    "narrow": Response(dispersion=0.7),
    "wide": Response(dispersion=1.5),
    "no undershoot": Response(ratio=1e6),
}


def of_trial(response: NDArray[np.float64], ticks: int) -> NDArray[np.float64]:
    """Return what a stimulus of so many ticks adds, tick by tick (ticks,)."""
    return np.convolve(np.ones(ticks), response)


def at_scans(added: NDArray[np.float64], ticks_per_scan: int) -> NDArray[np.float64]:
    """Return what a trial adds at the scans from its onset on (phases, scans).

    The phase is how many ticks pass from the onset to the next scan.
    """
    scans = -(-len(added) // ticks_per_scan)
    padded = np.zeros(scans * ticks_per_scan)
    padded[: len(added)] = added
    return np.ascontiguousarray(padded.reshape(scans, ticks_per_scan).T)
