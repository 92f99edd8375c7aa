"""What a design is worth, in numbers that pages, files and the table of designs share."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fmriplan.design import diagnostics
from fmriplan.design.evaluation import Evaluation
from fmriplan.design.gaps import Ticks
from fmriplan.design.orders import check
from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.errors import NotAPlan

MOST_BINS, MOST_SCANS_OF_BINS = 400, 4000  # of an impulse response that a page waits for


@dataclass(frozen=True)
class Scores:
    """Scores of one design; what there is none of is None, with a reason where one is known.

    Attributes
    ----------
    detection, estimation
        Precisions, in units of the noise: larger is better, and only like is compared with like.
    counterbalancing, frequencies
        1 is the best that so many trials can be.
    inflation
        Variance inflation of each column: above 5, it is hard to tell from the others.
    surprise, most_surprise
        Bits by which the next condition surprises, and the most that they could be.
    """

    detection: float | None
    estimation: float | None
    counterbalancing: float | None
    frequencies: float | None
    inflation: tuple[float | None, ...]
    correlation: tuple[tuple[float | None, ...], ...]
    eigenvalues: tuple[float | None, ...]
    surprise: float
    most_surprise: float
    longest_run: int
    wait_autocorrelation: float
    why_not_estimable: str = ""

    def stored(self) -> dict[str, Any]:
        """Return the scores as JSON holds them."""
        return asdict(self)

    @property
    def worst_inflation(self) -> float | None:
        found = [each for each in self.inflation if each is not None]
        return max(found) if len(found) == len(self.inflation) and found else None


def of(told: Specification, order: Ticks, waits: Ticks) -> Scores:
    """Return the scores of one design: order and waits are (trials,)."""
    experiment = told.experiment
    evaluation = Evaluation(experiment)
    scores = evaluation.score(order[None], waits[None])
    alike = diagnostics.collinearity(evaluation, order, waits)
    seen = diagnostics.foresight(order, waits, len(experiment.conditions), experiment.runs)
    estimation, why = _estimation(evaluation, order, waits)
    return Scores(
        detection=_plain(scores.detection[0]),
        estimation=estimation,
        counterbalancing=_plain(scores.counterbalancing[0]),
        frequencies=_plain(scores.frequencies[0]),
        inflation=tuple(_plain(each) for each in alike.inflation),
        correlation=tuple(tuple(_plain(each) for each in row) for row in alike.correlation),
        eigenvalues=tuple(_plain(each) for each in alike.eigenvalues),
        surprise=seen.surprise,
        most_surprise=seen.most,
        longest_run=seen.longest_run,
        wait_autocorrelation=_plain(seen.wait_autocorrelation) or 0.0,
        why_not_estimable=why,
    )


def _estimation(evaluation: Evaluation, order: Ticks, waits: Ticks) -> tuple[float | None, str]:
    experiment = evaluation.experiment
    bins = experiment.bins[1] * len(experiment.columns)
    if bins > MOST_BINS or experiment.scans > MOST_SCANS_OF_BINS:
        return None, f"{bins} bins over {experiment.scans} scans take longer than a page waits."
    made = _plain(evaluation.estimation(order[None], waits[None])[0])
    if made:
        return made, ""
    return None, evaluation.why_not_estimable(order, waits)


def _plain(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def checked(told: Specification, order: Sequence[int], waits: Sequence[int]) -> tuple[Ticks, Ticks]:
    """Return an order and waits that somebody sent, if they are a design of the specification.

    Raises
    ------
    NotAPlan
        They are not, or the rules are broken.
    """
    experiment = told.experiment
    if not _are_whole(order, experiment.trials) or not _are_whole(waits, experiment.trials):
        raise NotAPlan("The design that came is not one of this plan. Optimise it again.")
    made, times = np.array(order, dtype=np.intp), np.array(waits, dtype=np.intp)
    is_known = int(made.max()) < len(experiment.conditions)
    by_run, wanted = (each.reshape(experiment.runs, -1) for each in (times, experiment.waits))
    if not is_known or by_run[:, 0].any() or (np.sort(by_run) != np.sort(wanted)).any():
        raise NotAPlan("The design that came has other conditions or waits than this plan.")
    try:
        rules = check(experiment, told.rules)
    except PlanningError as error:
        raise NotAPlan(str(error)) from None
    if not rules.keeps(made, times):
        raise NotAPlan("The design that came breaks the rules of the plan. Optimise it again.")
    return made, times


def _are_whole(told: Sequence[Any], count: int) -> bool:
    return len(told) == count and all(
        isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**31 for each in told
    )
