"""Participants and minutes: what an analysis and a design say together, and what follows of it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fmriplan import minutes as study
from fmriplan.design import specification
from fmriplan.design.evaluation import Evaluation
from fmriplan.errors import NotAnOption
from fmriplan.minutes import Cheapest, Costs, Criterion, Effect, IsoPower, Limits, OutOfReach
from planning.models import PowerAnalysis, TaskDesign

TO_CHOOSE = 50
USUAL_POWERS = (0.6, 0.8, 0.9)


@dataclass(frozen=True)
class Told:
    """What a person says of the pilot and of its scanner; None where the rest shall tell it.

    ``signal`` and ``noise`` are in % signal change: a long block's, and the standard deviation
    of one scan's noise.
    """

    d: float
    pilot_minutes: float
    within: float = 0.5
    gain: float | None = None
    signal: float | None = None
    noise: float | None = None


@dataclass(frozen=True)
class Question:
    """Which studies of an effect have enough power, and what they cost."""

    effect: Effect
    wanted: float
    criterion: Criterion
    limits: Limits
    costs: Costs


class Length(NamedTuple):
    """One length of scan: how many participants each power needs (0: none suffice), the price."""

    minutes: float
    participants: tuple[int, ...]
    cost: float | None
    is_cheapest: bool


@dataclass(frozen=True, eq=False)
class Reply:
    """Curves of equal power; ``best`` is None where `reason` says why no study will do."""

    question: Question
    curves: tuple[IsoPower, ...]
    best: Cheapest | None
    reason: str = ""

    @property
    def powers(self) -> tuple[float, ...]:
        return tuple(each.wanted for each in self.curves)

    @property
    def wanted(self) -> IsoPower:
        """Return the curve of the power that was asked for."""
        return next(each for each in self.curves if each.wanted == self.question.wanted)

    @property
    def lengths(self) -> list[Length]:
        """Return all lengths of scan, the shortest first."""
        cost = self.wanted.cost
        return [
            Length(
                float(minutes),
                tuple(int(each.participants[at]) for each in self.curves),
                None if cost is None or np.isnan(cost[at]) else float(cost[at]),
                self.best is not None and float(minutes) == self.best.minutes,
            )
            for at, minutes in enumerate(self.wanted.minutes)
        ]


def answer(question: Question) -> Reply:
    """Return the curves of usual powers and of the wanted one, and the cheapest study."""
    asked = question.effect, question.criterion, question.limits, question.costs
    curves = tuple(
        study.iso_power(asked[0], power, *asked[1:])
        for power in sorted({*USUAL_POWERS, question.wanted})
    )
    try:
        best = study.cheapest(asked[0], question.wanted, *asked[1:])
    except OutOfReach as error:
        return Reply(question, curves, None, str(error))
    return Reply(question, curves, best)


# --- an effect, from what there is ----------------------------------------------------------------
def effect_of(
    told: Told, *, design: TaskDesign | None, pilot_design: TaskDesign | None, contrast: int
) -> Effect:
    """Return the effect under the new design.

    With the signal and the noise of a scan, what a design tells says how much a participant's
    estimate varies; else the share of the pilot's spread says so, and designs only compare.

    Raises
    ------
    NotAnOption
        Something that was told contradicts the rest, or a design cannot tell the contrast.
    """
    old = pilot_design or design
    if told.signal is not None and told.noise is not None:
        if old is None:
            raise NotAnOption("Signal and noise tell something only with a design: choose one.")
        rho = specification.read(old.specification).experiment.rho
        base = study.of_signal(
            told.d,
            mean=told.signal,
            minutes=told.pilot_minutes,
            noise=told.noise,
            rho=rho,
            per_minute=precision(old, contrast),
        )
    else:
        base = study.of_pilot(told.d, minutes=told.pilot_minutes, within_share=told.within)
    return base.with_design(_gain(told, design, pilot_design, contrast))


def _gain(
    told: Told, design: TaskDesign | None, pilot_design: TaskDesign | None, contrast: int
) -> float:
    if told.gain is not None:
        return told.gain
    if design is None or pilot_design is None:
        return 1.0
    return precision(design, contrast) / precision(pilot_design, contrast)


def precision(design: TaskDesign, contrast: int) -> float:
    """Return how much a minute of a design tells about one of its contrasts, from 1."""
    experiment = specification.read(design.specification).experiment
    if not 1 <= contrast <= len(experiment.contrasts):
        raise NotAnOption(f"{design} has contrasts 1 to {len(experiment.contrasts)}.")
    told = study.precision_per_minute(
        Evaluation(experiment),
        np.array(design.order, dtype=np.intp),
        np.array(design.waits, dtype=np.intp),
        np.array(experiment.contrasts[contrast - 1]),
    )
    if not told > 0:
        raise NotAnOption(f"{design} cannot tell contrast {contrast} at all. Choose another.")
    return told


def d_of(analysis: PowerAnalysis) -> float | None:
    """Return Cohen's d of an analysis; None where its map supports none."""
    found = (analysis.result or {}).get("effect")
    return float(found) if isinstance(found, int | float) else None


# --- what may be chosen ---------------------------------------------------------------------------
def analyses(person: Any, chosen: str = "") -> list[PowerAnalysis]:
    """Return the newest analyses that found an effect, and the chosen one."""
    rows = PowerAnalysis.objects.visible_to(person).filter(refusal="", result__isnull=False)
    rows = rows.select_related("pilot").defer("peaks")
    return _with_chosen(rows.order_by("-created_at"), chosen)


def designs(person: Any, *chosen: str) -> list[TaskDesign]:
    """Return the newest designs that are kept or the best of a search, and the chosen ones."""
    rows = TaskDesign.objects.visible_to(person).select_related("plan").order_by("-created_at")
    listed = list((rows.filter(is_kept=True) | rows.filter(position=0))[:TO_CHOOSE])
    known = {str(each.pk) for each in listed}
    return [*listed, *rows.filter(pk__in=[each for each in chosen if each and each not in known])]


def _with_chosen(rows: Any, chosen: str) -> list[Any]:
    listed = list(rows[:TO_CHOOSE])
    if chosen and chosen not in {str(each.pk) for each in listed}:
        listed += rows.filter(pk=chosen)
    return listed
