"""An experiment: everything about a design but the order. Validated once, then immutable.

All times are whole ticks inside; what is given in s must be a whole number of them. Several runs
are one row of scans inside, in which nothing carries over from a run to the next.
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
MOST_POLYNOMIALS = 12
ENOUGH_TAIL_S = 8.0  # until a response has passed its peak
SUM_OF_SHARES = 1e-6


@dataclass(frozen=True)
class Part:
    """One event inside a trial, such as a cue, a delay or a response; times in s.

    It begins so long after the trial's stimulus does. Parts of one name are one signal, whichever
    conditions they are of; give them names of their own to tell them apart.
    """

    name: str
    begins_s: float
    lasts_s: float


@dataclass(frozen=True)
class Condition:
    """One kind of trial: how likely it is, and how long it is shown, in s.

    With ``parts``, what is contrasted are those, and ``shown_s`` is how long all of them take.
    """

    name: str
    share: float
    shown_s: float
    parts: tuple[Part, ...] = ()


def columns_of(conditions: tuple[Condition, ...]) -> tuple[str, ...]:
    """Return the names of what is contrasted, in the order in which they first come."""
    found = [
        part.name
        for condition in conditions
        for part in condition.parts or (Part(condition.name, 0, condition.shown_s),)
    ]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Rest:
    """A pause of so many s after every so many trials of a run."""

    after_trials: int
    lasts_s: float


@dataclass(frozen=True)
class Experiment:
    """What is planned. Times in s; ``tick_s`` divides each of them.

    Attributes
    ----------
    trials
        In all runs together.
    contrasts
        Rows of weights, one for each of `columns`: conditions, or the parts of their trials.
    before_s, after_s
        What a trial has before and after the stimulus, such as a cue or a response.
    lead_in_s, tail_s
        Scanning before a run's first trial and after its last; without a tail, responses are cut.
    rho
        Autocorrelation of neighbouring scans.
    high_pass_s
        Period of the high-pass filter; None stands for polynomials up to ``drift_order``.
    depth
        How many trials back the order is balanced.
    bin_s, window_s
        Of the finite impulse response; a bin of None is one scan.
    runs
        Each has as many trials and scans as any other, and noise and drift of its own.
    derivatives
        Columns beside each signal: 1 for a response that is early or late, 2 also for one that is
        narrow or wide.
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
    runs: int = 1
    derivatives: int = 0
    drift_order: int = 2

    def __post_init__(self) -> None:
        self._need_sizes()
        self._need_shares()
        if self.tr_s < self.tick_s and self.tr_s > 0:
            raise NotAnOption(
                f"A tick of {self.tick_s:g} s is longer than a scan of {self.tr_s:g} s: take one "
                "that divides it, such as 0.1."
            )
        self._need_parts()
        checked_contrasts(np.array(self.contrasts), len(self.columns))
        for name in ("tr_s", "before_s", "after_s", "lead_in_s", "tail_s", "window_s"):
            self.ticks(getattr(self, name), name)
        if not self.scan_ticks:
            raise NotAnOption("The repetition time is longer than 0 s.")
        if min(self._shown) < 1:
            raise NotAnOption(f"A stimulus is shown for at least one tick of {self.tick_s:g} s.")
        if self.scans > MOST_SCANS:
            raise NotAnOption(
                f"The experiment would take {self.scans:,} scans; at most {MOST_SCANS:,}."
            )
        self._need_a_model()
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
        if self.runs < 1 or self.trials % self.runs:
            near = max(1, self.runs) * math.ceil(self.trials / max(1, self.runs))
            raise NotAnOption(
                f"{self.trials} trials do not make {self.runs} runs of equal size; {near} would."
            )
        if not 0 <= self.depth < self.run_trials:
            raise NotAnOption("The order is balanced over fewer trials than there are in a run.")

    def _need_shares(self) -> None:
        shares = self.shares
        if not (np.isfinite(shares).all() and (shares > 0).all()):
            raise NotAnOption("Each condition has a probability above 0.")
        if abs(shares.sum() - 1) > SUM_OF_SHARES:
            raise NotAnOption(
                f"The probabilities of the conditions sum to {shares.sum():g}; they must sum to 1."
            )

    def _need_parts(self) -> None:
        for condition in self.conditions:
            names = [part.name for part in condition.parts]
            if not all(names) or len(set(names)) < len(names):
                raise NotAnOption(f"Each part of {condition.name} has a name of its own.")
            for part in condition.parts:
                begins = self.ticks(part.begins_s, f"{part.name} of {condition.name} begins")
                lasts = self.ticks(part.lasts_s, f"{part.name} of {condition.name} lasts")
                shown = self.ticks(condition.shown_s, f"{condition.name} is shown")
                if lasts < 1 or begins + lasts > shown:
                    raise NotAnOption(
                        f"{part.name} lasts at least a tick and ends within the "
                        f"{condition.shown_s:g} s that {condition.name} is shown."
                    )

    def _need_a_model(self) -> None:
        if self.derivatives not in {0, 1, 2}:
            raise NotAnOption("A response has 0, 1 or 2 derivatives.")
        if not 0 <= self.drift_order <= MOST_POLYNOMIALS:
            raise NotAnOption(f"A drift's polynomials are of order 0 to {MOST_POLYNOMIALS}.")
        drift = self.noise.drift.shape[1]
        if drift >= self.run_scans:
            raise NotAnOption(
                f"{drift} functions of drift leave nothing of the {self.run_scans} scans of a run. "
                "Make runs longer, or the high-pass filter's period."
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
    def columns(self) -> tuple[str, ...]:
        """Return what is contrasted: the names of conditions, or of the parts of their trials."""
        return columns_of(self.conditions)

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

    @property
    def run_trials(self) -> int:
        """Return the trials of a run."""
        return self.trials // self.runs

    @cached_property
    def waits(self) -> Ticks:
        """Return the waits before the trials, in ticks, the first of each run 0 (trials,)."""
        first = np.zeros(1, dtype=np.intp)
        run = np.concatenate([first, np.sort(self.gaps.ticks(self.run_trials - 1, self.tick_s))])
        return np.tile(run, self.runs)

    def shuffled_waits(self, rng: np.random.Generator, count: int = 1) -> Ticks:
        """Return the waits of designs in random order, those of each run in it (count, trials)."""
        made = np.tile(self.waits.reshape(self.runs, -1), (count, 1, 1))
        made[..., 1:] = rng.permuted(made[..., 1:], axis=-1)
        return made.reshape(count, self.trials)

    @cached_property
    def rests(self) -> Ticks:
        """Return how much rest comes before each trial in its run, in ticks (trials,)."""
        if self.rest is None:
            return np.zeros(self.trials, dtype=np.intp)
        lasts = self.ticks(self.rest.lasts_s, "a rest")
        return np.tile((np.arange(self.run_trials) // self.rest.after_trials) * lasts, self.runs)

    @cached_property
    def scan_ticks(self) -> int:
        """Return how many ticks a scan takes."""
        return self.ticks(self.tr_s, "tr_s")

    @property
    def scans(self) -> int:
        """Return the number of scans of all runs."""
        return self.runs * self.run_scans

    @cached_property
    def run_scans(self) -> int:
        """Return the scans of a run; the longest condition may come more often than expected."""
        counts = np.ceil(self.shares * self.run_trials)
        trials = min(float(counts @ self.lasts), float(self.run_trials * self.lasts.max()))
        around = self.ticks(self.lead_in_s, "lead_in_s") + self.ticks(self.tail_s, "tail_s")
        pauses = self.waits[: self.run_trials].sum() + self.rests[-1]
        return math.ceil(float(trials + pauses + around) / self.scan_ticks)

    @cached_property
    def noise(self) -> Noise:
        if self.high_pass_s is None:
            return Noise(self.rho, noise.legendre(self.run_scans, self.drift_order), self.runs)
        slow = noise.cosines(self.run_scans, self.tr_s, self.high_pass_s)
        return Noise(self.rho, slow, self.runs)

    @cached_property
    def bins(self) -> tuple[int, int]:
        """Return how many ticks a bin of the impulse response has, and how many bins there are."""
        size = self.ticks(self.tr_s if self.bin_s is None else self.bin_s, "bin_s")
        if size < 1:
            raise NotAnOption("A bin of the impulse response is at least one tick.")
        count = -(-self.ticks(self.window_s, "window_s") // size)
        if count < 1:
            raise NotAnOption("The window of the impulse response has at least one bin.")
        if count * len(self.columns) > MOST_COLUMNS:
            raise NotAnOption(
                f"The impulse responses have {count * len(self.columns):,} bins in all; at most "
                f"{MOST_COLUMNS:,} are told apart. Make the bins wider or the window shorter."
            )
        return size, count

    def onsets(self, orders: Ticks, waits: Ticks) -> Ticks:
        """Return the ticks of the stimuli, given orders and waits: all are (designs, trials).

        They count from the first scan of all; a run begins where the one before it ends.
        """
        shape = (*orders.shape[:-1], self.runs, self.run_trials)
        lasts, between = self.lasts[orders].reshape(shape), waits.reshape(shape)
        passed = np.cumsum(lasts + between, axis=-1) - lasts
        start = self.ticks(self.lead_in_s, "lead_in_s") + self.ticks(self.before_s, "before_s")
        begins = np.arange(self.runs)[:, None] * self.run_scans * self.scan_ticks + start
        return np.asarray((passed + begins).reshape(orders.shape) + self.rests)

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """Return what a person should look at before they use it, each a sentence."""
        made = []
        tail = self.tail_s + self.after_s
        if tail < ENOUGH_TAIL_S:
            made.append(
                f"A run ends {tail:g} s after its last stimulus, so the last responses are cut: "
                f"a tail of {ENOUGH_TAIL_S:g} s keeps most of them."
            )
        if self.high_pass_s is not None and self.rest and self._period_s > self.high_pass_s / 2:
            made.append(
                f"Rests come every {self._period_s:.0f} s, and the high-pass filter removes what "
                f"is slower than {self.high_pass_s:g} s: blocks would be filtered away."
            )
        return tuple(made)

    @property
    def _period_s(self) -> float:
        """Return the time from rest to rest."""
        if self.rest is None:
            return 0.0
        trial = float(self.shares @ self.lasts + self.waits.mean()) * self.tick_s
        return trial * self.rest.after_trials + self.rest.lasts_s
