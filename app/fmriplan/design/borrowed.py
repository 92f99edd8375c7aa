"""A design made elsewhere, taken as one of our experiments, so that a better one can be searched.

What is kept of it is everything but the order: how often each condition comes and how long it is
shown, the waits as a whole, and when the first trial begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fmriplan.design.events import Event
from fmriplan.design.experiment import Condition, Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.response import Response
from fmriplan.errors import NotAnOption

TICKS_S = (1.0, 0.5, 0.25, 0.1, 0.05, 0.025, 0.01)  # tried in this order
CLOSE_S = 0.002  # what programs round away
MOST_SHOWN = 10


@dataclass(frozen=True)
class Listed:
    """Waits that are known one by one, in s."""

    waits_s: tuple[float, ...]

    @property
    def mean_s(self) -> float:
        return float(np.mean(self.waits_s)) if self.waits_s else 0.0

    def ticks(self, count: int, tick_s: float) -> Ticks:
        if count != len(self.waits_s):
            raise NotAnOption(f"{len(self.waits_s)} waits are known, and {count} are needed.")
        return np.array([round(each / tick_s) for each in self.waits_s], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class Borrowed:
    """An experiment, and the order and the waits (trials,) that a design made elsewhere has."""

    experiment: Experiment
    order: Ticks
    waits: Ticks


def borrow(  # noqa: PLR0913  what a scan is
    events: Sequence[Event],
    *,
    tr_s: float,
    scans: int,
    contrasts: Sequence[Sequence[float]] = (),
    rho: float = 0.3,
    high_pass_s: float | None = 128.0,
    response: Response | None = None,
) -> Borrowed:
    """Return events as an experiment of ours.

    Raises
    ------
    NotAnOption
        They overlap, a condition is shown for different times, or times are no multiples of a tick.
    """
    shown = sorted(events, key=lambda one: one.onset_s)
    names = list(dict.fromkeys(each.condition for each in events))
    lasting = {name: _one_length(name, shown) for name in names}
    tick_s = _tick([tr_s, *lasting.values(), *(each.onset_s for each in shown)])
    lasts = np.array([max(1, round(lasting[each.condition] / tick_s)) for each in shown])
    onsets = np.array([round(each.onset_s / tick_s) for each in shown])
    gaps = onsets[1:] - onsets[:-1] - lasts[:-1]
    if (gaps < 0).any():
        at = shown[int(np.argmin(gaps)) + 1]
        raise NotAnOption(
            f"The event at {at.onset_s:g} s begins before the one before it has ended: an order of "
            "overlapping events cannot be searched."
        )
    order = np.array([names.index(each.condition) for each in shown], dtype=np.intp)
    counts = np.bincount(order, minlength=len(names))
    end = scans * round(tr_s / tick_s)
    experiment = Experiment(
        conditions=tuple(
            Condition(name, float(count / len(shown)), max(lasting[name], tick_s))
            for name, count in zip(names, counts, strict=True)
        ),
        trials=len(shown),
        tr_s=tr_s,
        gaps=Listed(tuple(float(each * tick_s) for each in gaps)),  # type: ignore[arg-type]
        contrasts=tuple(tuple(map(float, row)) for row in contrasts or np.eye(len(names))),
        tick_s=tick_s,
        lead_in_s=float(onsets[0] * tick_s),
        tail_s=float(max(0, end - onsets[-1] - lasts[-1]) * tick_s),
        rho=rho,
        high_pass_s=high_pass_s,
        response=response or Response(),
        depth=min(3, len(shown) - 1),
    )
    return Borrowed(experiment, order, np.concatenate([[0], gaps]).astype(np.intp))


def _one_length(name: str, shown: Sequence[Event]) -> float:
    lengths = {round(each.shown_s, 3) for each in shown if each.condition == name}
    if max(lengths) - min(lengths) > CLOSE_S:
        raise NotAnOption(
            f"{name} is shown for {min(lengths):g} to {max(lengths):g} s: only orders of "
            "conditions that always take the same time are searched."
        )
    return float(min(lengths))


def _tick(times_s: Sequence[float]) -> float:
    """Return the longest tick of which all times are whole numbers."""
    for tick_s in TICKS_S:
        if all(abs(round(each / tick_s) * tick_s - each) <= CLOSE_S / 2 for each in times_s):
            return tick_s
    raise NotAnOption(
        f"The times are no whole numbers of {TICKS_S[-1]:g} s, so no better order is searched."
    )
