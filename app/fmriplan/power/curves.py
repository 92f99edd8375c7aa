"""Power by sample size, and sample size by power."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fmriplan.errors import NotAnOption
from fmriplan.power.mixture import Heights, active_above

LARGEST = 2000  # participants; beyond it a study needs another plan than a pilot's


def need_power(power: float) -> None:
    if not 0 < power < 1:
        raise NotAnOption("Power is a number between 0 and 1, such as 0.8.")


@dataclass(frozen=True)
class Study:
    """The pilot: how many took part, and in how many groups."""

    participants: int
    groups: int = 1

    def __post_init__(self) -> None:
        if self.groups not in {1, 2}:
            raise NotAnOption("A study has one group or two.")
        if self.participants < self.smallest:
            raise NotAnOption(
                f"A pilot with {self.participants} participants tells too little: "
                f"{self.smallest} or more are needed."
            )

    @property
    def smallest(self) -> int:
        return 10

    @property
    def degrees_of_freedom(self) -> int:
        return self.participants - self.groups

    def effect_of(self, mean: float) -> float:
        """Return Cohen's d of a mean Z: for two groups, of equal size."""
        return self.groups * mean / float(np.sqrt(self.participants))


@dataclass(frozen=True)
class Model:
    """What power is computed from; ``threshold`` is the screening one, in Z."""

    study: Study
    heights: Heights
    threshold: float

    def power(
        self, participants: NDArray[np.float64] | float, height: float
    ) -> NDArray[np.float64]:
        """Return the average power of an active peak to reach ``height``, by sample size (sizes,).

        The mean grows with the root of the sample; the spread stays.
        """
        scale = np.sqrt(np.asarray(participants, dtype=float) / self.study.participants)
        return active_above(height, self.threshold, self.heights.mean * scale, self.heights.spread)

    def participants_for(self, power: float, height: float) -> int | None:
        """Return the smallest sample with that power, which may be smaller than the pilot.

        None: not even `LARGEST` are enough.
        """
        need_power(power)
        sizes = np.arange(2 * self.study.groups, LARGEST + 1)
        enough = np.flatnonzero(self.power(sizes.astype(float), height) >= power)
        return int(sizes[enough[0]]) if len(enough) else None
