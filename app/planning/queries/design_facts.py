"""What a plan comes to before any design is searched: how long, how many scans, and warnings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fmriplan.design.experiment import Experiment
from fmriplan.design.gaps import Ticks
from fmriplan.design.orders import exact_counts
from fmriplan.design.specification import Specification

FEW = 10


@dataclass(frozen=True)
class Facts:
    """``counts`` has the name of each condition and how often it comes."""

    trials: int
    runs: int
    scans: int
    tr_s: float
    lasts_s: float
    shortest_wait_s: float
    mean_wait_s: float
    longest_wait_s: float
    counts: tuple[tuple[str, int], ...]
    are_exact: bool
    warnings: tuple[str, ...]


def of(told: Specification) -> Facts:
    """Return what a plan comes to."""
    experiment = told.experiment
    waits = between(experiment) * experiment.tick_s
    names = [each.name for each in experiment.conditions]
    return Facts(
        trials=experiment.trials,
        runs=experiment.runs,
        scans=experiment.scans,
        tr_s=experiment.tr_s,
        lasts_s=experiment.scans * experiment.tr_s,
        shortest_wait_s=float(waits.min()),
        mean_wait_s=float(waits.mean()),
        longest_wait_s=float(waits.max()),
        counts=tuple(zip(names, (int(each) for each in exact_counts(experiment)), strict=True)),
        are_exact=told.rules.exact_counts,
        warnings=tuple(_warnings(told)),
    )


def between(experiment: Experiment) -> Ticks:
    """Return the waits between the trials of the runs, in ticks; 0 where there are none."""
    made = experiment.waits.reshape(experiment.runs, -1)[:, 1:].ravel()
    return made if len(made) else np.zeros(1, dtype=np.intp)


def _warnings(told: Specification) -> Iterator[str]:
    experiment = told.experiment
    yield from experiment.doubts
    for name, count in zip(experiment.conditions, exact_counts(experiment), strict=True):
        if count < FEW:
            yield f"{name.name} comes only about {count} times: little is learnt of it."
    if len(np.unique(between(experiment))) == 1 and experiment.run_trials > 2:  # noqa: PLR2004
        yield (
            "All waits are the same: the responses to neighbouring trials are hard to tell apart. "
            "Let the waits vary."
        )
