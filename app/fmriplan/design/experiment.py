"""An experiment: everything about a design but the order. Validated once, then immutable.

All times are whole ticks inside; what is given in s must be a whole number of them.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fmriplan.design import noise
from fmriplan.design.criteria import checked_contrasts
from fmriplan.design.gaps import Gaps, Ticks
from fmriplan.design.noise import Noise
from fmriplan.design.response import Response
from fmriplan.errors import NotAnOption

FEWEST_CONDITIONS = 2
SHORTEST_TICK_S, MOST_COLUMNS = 0.001, 2000
MOST_TRIALS, MOST_CONDITIONS, MOST_SCANS = 20_000, 50, 20_000
SUM_OF_SHARES = 1e-6


@dataclass(frozen=True)
class Condition:
    """One kind of trial: how likely it is, and how long it is shown, in s."""

    name: str
    share: float
    shown_s: float


@dataclass(frozen=True)
class Rest:
    """A pause of so many s after every so many trials."""

    after_trials: int
    lasts_s: float


@dataclass(frozen=True)
class Experiment:
    """What is planned. Times in s; ``tick_s`` divides each of them.

    Attributes
    ----------
    contrasts
        Rows of weights, one for each condition.
    before_s, after_s
        What a trial has before and after the stimulus, such as a cue or a response.
    lead_in_s, tail_s
        Scanning before the first trial and after the last; without a tail, responses are cut.
    rho
        Autocorrelation of neighbouring scans.
    high_pass_s
        Period of the high-pass filter; None stands for a drift of order 2.
    depth
        How many trials back the order is balanced.
    bin_s, window_s
        Of the finite impulse response; a bin of None is one scan.
    """

    conditions: tuple[Condition, ...]
    trials: int
    tr_s: float
    gaps: Gaps
    contrasts: tuple[tuple[float, ...], ...]
    tick_s: float = 0.1
    before_s: float = 0.0
    after_s: float = 0.0
    rest: Rest | None = None
    lead_in_s: float = 0.0
    tail_s: float = 0.0
    rho: float = 0.3
    high_pass_s: float | None = None
    response: Response = field(default_factory=Response)
    depth: int = 3
    bin_s: float | None = None
    window_s: float = 24.0

    def __post_init__(self) -> None:
        self._need_sizes()
        self._need_shares()
        checked_contrasts(np.array(self.contrasts), len(self.conditions))
        for name in ("tr_s", "before_s", "after_s", "lead_in_s", "tail_s", "window_s"):
            self.ticks(getattr(self, name), name)
        if not self.tr_s > 0:
            raise NotAnOption("The repetition time is longer than 0 s.")
        if min(self._shown) < 1:
            raise NotAnOption(f"A stimulus is shown for at least one tick of {self.tick_s:g} s.")
        if self.scans > MOST_SCANS:
            raise NotAnOption(
                f"The experiment would take {self.scans:,} scans; at most {MOST_SCANS:,}."
            )
        _ = self.waits, self.noise, self.bins

    def _need_sizes(self) -> None:
        if not FEWEST_CONDITIONS <= len(self.conditions) <= MOST_CONDITIONS:
            raise NotAnOption(f"There are {FEWEST_CONDITIONS} to {MOST_CONDITIONS} conditions.")
        if not len(self.conditions) <= self.trials <= MOST_TRIALS:
            raise NotAnOption(
                f"There are at least as many trials as conditions ({len(self.conditions)}) "
                f"and at most {MOST_TRIALS:,}."
            )
        names = [condition.name for condition in self.conditions]
        if not all(names) or len(set(names)) < len(names):
            raise NotAnOption("Each condition has a name of its own.")
        if not SHORTEST_TICK_S <= self.tick_s < math.inf:
            raise NotAnOption(f"A tick is at least {SHORTEST_TICK_S} s, such as 0.1.")
        if self.rest and (self.rest.after_trials < 1 or self.rest.lasts_s < 0):
            raise NotAnOption("A rest comes after at least one trial and lasts 0 s or longer.")
        if not 0 <= self.depth < self.trials:
            raise NotAnOption("The order is balanced over fewer trials than there are.")

    def _need_shares(self) -> None:
        shares = self.shares
        if not (np.isfinite(shares).all() and (shares > 0).all()):
            raise NotAnOption("Each condition has a probability above 0.")
        if abs(shares.sum() - 1) > SUM_OF_SHARES:
            raise NotAnOption(
                f"The probabilities of the conditions sum to {shares.sum():g}; they must sum to 1."
            )

    def ticks(self, seconds: float, name: str) -> int:
        """Return a time in ticks; refuse what is no whole number of them."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise NotAnOption(f"{name} is {seconds:g}; a time is 0 s or longer.")
        count = round(seconds / self.tick_s)
        if abs(count * self.tick_s - seconds) > 1e-6:  # noqa: PLR2004  a microsecond
            near = math.floor(seconds / self.tick_s) * self.tick_s
            raise NotAnOption(
                f"{name} is {seconds:g} s, which is no whole number of ticks of {self.tick_s:g} s. "
                f"Take {near:g} or {near + self.tick_s:g} s, or another tick."
            )
        return count

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Return the probabilities (conditions,)."""
        return np.array([condition.share for condition in self.conditions], dtype=float)

    @cached_property
    def _shown(self) -> Ticks:
        made = [self.ticks(each.shown_s, f"{each.name} is shown") for each in self.conditions]
        return np.array(made, dtype=np.intp)

    @property
    def shown(self) -> Ticks:
        """Return how long each condition is shown, in ticks (conditions,)."""
        return self._shown

    @cached_property
    def lasts(self) -> Ticks:
        """Return how long a trial of each condition is, in ticks (conditions,)."""
        around = self.ticks(self.before_s, "before_s") + self.ticks(self.after_s, "after_s")
        return np.asarray(self._shown + around)

    @cached_property
    def waits(self) -> Ticks:
        """Return the waits before the trials, in ticks, the first of them 0 (trials,)."""
        rest = np.zeros(1, dtype=np.intp)
        return np.concatenate([rest, np.sort(self.gaps.ticks(self.trials - 1, self.tick_s))])

    @cached_property
    def rests(self) -> Ticks:
        """Return how much rest comes before each trial, summed, in ticks (trials,)."""
        if self.rest is None:
            return np.zeros(self.trials, dtype=np.intp)
        lasts = self.ticks(self.rest.lasts_s, "a rest")
        return (np.arange(self.trials) // self.rest.after_trials) * lasts

    @cached_property
    def scan_ticks(self) -> int:
        """Return how many ticks a scan takes."""
        return self.ticks(self.tr_s, "tr_s")

    @cached_property
    def scans(self) -> int:
        """Return the number of scans; the longest condition may come more often than expected."""
        counts = np.ceil(self.shares * self.trials)
        trials = min(float(counts @ self.lasts), float(self.trials * self.lasts.max()))
        around = self.ticks(self.lead_in_s, "lead_in_s") + self.ticks(self.tail_s, "tail_s")
        total = trials + self.waits.sum() + self.rests[-1] + around
        return math.ceil(float(total) / self.scan_ticks)

    @cached_property
    def noise(self) -> Noise:
        if self.high_pass_s is None:
            return Noise(self.rho, noise.legendre(self.scans, 2))
        return Noise(self.rho, noise.cosines(self.scans, self.tr_s, self.high_pass_s))

    @cached_property
    def bins(self) -> tuple[int, int]:
        """Return how many ticks a bin of the impulse response has, and how many bins there are."""
        size = self.ticks(self.tr_s if self.bin_s is None else self.bin_s, "bin_s")
        if size < 1:
            raise NotAnOption("A bin of the impulse response is at least one tick.")
        count = -(-self.ticks(self.window_s, "window_s") // size)
        if count < 1:
            raise NotAnOption("The window of the impulse response has at least one bin.")
        if count * len(self.conditions) > MOST_COLUMNS:
            raise NotAnOption(
                f"The impulse responses have {count * len(self.conditions):,} bins in all; at most "
                f"{MOST_COLUMNS:,} are told apart. Make the bins wider or the window shorter."
            )
        return size, count

    def onsets(self, orders: Ticks, waits: Ticks) -> Ticks:
        """Return the ticks of the stimuli, given orders and waits: all are (designs, trials)."""
        passed = np.cumsum(self.lasts[orders] + waits, axis=-1) - self.lasts[orders]
        start = self.ticks(self.lead_in_s, "lead_in_s") + self.ticks(self.before_s, "before_s")
        return np.asarray(passed + self.rests + start)
