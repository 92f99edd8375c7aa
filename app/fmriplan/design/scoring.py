"""What a design is worth that was made elsewhere: a list of events, whatever their times."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fmriplan.design import criteria, noise
from fmriplan.design.criteria import Array, Optimality
from fmriplan.design.events import Event
from fmriplan.design.noise import Noise
from fmriplan.design.response import Response, at_scans, of_trial
from fmriplan.errors import NotAnOption

TICK_S = 0.05
MOST_SCANS = 20_000


@dataclass(frozen=True, eq=False)
class Score:
    """How precisely conditions and contrasts are told, in units of the noise.

    Attributes
    ----------
    precision : (contrasts,) array
        One over the variance of each contrast's estimate; 0 where it cannot be told.
    inflation : (conditions,) array
        Variance inflation factors.
    after_the_end
        Events that begin when the scanner has stopped.
    """

    conditions: tuple[str, ...]
    counts: tuple[int, ...]
    precision: Array
    detection: float
    inflation: Array
    after_the_end: int


def signals(
    events: Sequence[Event], names: Sequence[str], tr_s: float, scans: int, response: Response
) -> Array:
    """Return the expected signal of each condition (conditions, scans) in one run."""
    step = max(1, round(tr_s / TICK_S))
    tick_s = tr_s / step
    shape = response.sampled(tick_s)
    made = np.zeros((len(names), scans))
    for each in events:
        tick = round(each.onset_s / tick_s)
        first = -(-tick // step)
        added = at_scans(of_trial(shape, max(1, round(each.shown_s / tick_s))), step)
        taps = added[first * step - tick][: max(0, scans - first)]
        made[names.index(each.condition), first : first + len(taps)] += taps
    return made


def score(  # noqa: PLR0913  what a scan is
    events: Sequence[Event],
    *,
    tr_s: float,
    scans: int,
    contrasts: Sequence[Sequence[float]] = (),
    rho: float = 0.3,
    high_pass_s: float | None = 128.0,
    response: Response | None = None,
) -> Score:
    """Return what events tell of each condition, or of contrasts between them.

    ``scans`` are those of each run; noise and drift begin anew with each.
    """
    if not 0 < tr_s < 60 or not 3 < scans <= MOST_SCANS:  # noqa: PLR2004  a scanner's
        raise NotAnOption(f"A scan takes up to 60 s, and there are 4 to {MOST_SCANS:,} of them.")
    names = tuple(dict.fromkeys(each.condition for each in events))
    rows = criteria.checked_contrasts(np.array(contrasts or np.eye(len(names))), len(names))
    drift = noise.legendre(scans, 2)
    if high_pass_s is not None:
        drift = noise.cosines(scans, tr_s, high_pass_s)
    shape = response or Response()
    runs = [
        signals([one for one in events if one.run == run], names, tr_s, scans, shape)
        for run in sorted({one.run for one in events})
    ]
    information = Noise(rho, drift, len(runs)).information(np.concatenate(runs, axis=1))
    return Score(
        conditions=names,
        counts=tuple(sum(each.condition == name for each in events) for name in names),
        precision=np.array(
            [criteria.efficiency(information, row[None], Optimality.A) for row in rows]
        ),
        detection=float(criteria.efficiency(information, rows, Optimality.A)),
        inflation=criteria.inflation(information),
        after_the_end=sum(each.onset_s >= tr_s * scans for each in events),
    )
