"""The inputs of the design lab: what of a plan is tried otherwise, without changing the plan."""

from dataclasses import replace
from typing import Any

from django import forms

from fmriplan.design.experiment import MOST_TRIALS, Rest
from fmriplan.design.gaps import Exponential, Fixed, Gaps, Uniform
from fmriplan.design.orders import check
from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.forms.design_fields import LONGEST_S, Finite
from planning.forms.design_words import place_of

WEIGHTS = ("detection", "counterbalancing", "frequencies")
RANGES = {
    "trials": (10, 400, 1),
    "tr_s": (0.5, 4, 0.1),
    "gap_min_s": (0, 10, 0.1),
    "gap_mean_s": (0, 15, 0.1),
    "gap_max_s": (0, 30, 0.1),
    "rest_s": (0, 60, 1),
    "rho": (0, 0.9, 0.05),
    "detection": (0, 1, 0.05),
    "counterbalancing": (0, 1, 0.05),
    "frequencies": (0, 1, 0.05),
}


class Slider(forms.NumberInput):
    """A number beside a slider of its usual range; without JavaScript the number alone."""

    template_name = "planning/designs/slider.html"

    def __init__(self, low: float, high: float, step: float) -> None:
        super().__init__(attrs={"step": "any", "inputmode": "decimal"})
        self.range = {"low": low, "high": high, "step": step}

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"range": self.range}


def slid(name: str, label: str, **more: Any) -> Finite:
    more = {"min_value": 0, "max_value": LONGEST_S, **more}
    return Finite(label=label, widget=Slider(*RANGES[name]), **more)


class LabForm(forms.Form):
    """The settings that are tried; those of gaps and rests only where the plan has them."""

    trials = forms.IntegerField(
        min_value=2, max_value=MOST_TRIALS, label="Trials", widget=Slider(*RANGES["trials"])
    )
    tr_s = slid("tr_s", "Time of a scan (TR), s", max_value=60)
    gap_min_s = slid("gap_min_s", "Shortest wait, s")
    gap_mean_s = slid("gap_mean_s", "Mean wait, s")
    gap_max_s = slid("gap_max_s", "Longest wait, s")
    rest_after = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_TRIALS, label="Rest after so many trials"
    )
    rest_s = slid("rest_s", "A rest lasts, s", required=False)
    rho = slid("rho", "Autocorrelation of the noise", min_value=-1, max_value=1)
    detection = slid("detection", "Weight of detection", max_value=1)
    counterbalancing = slid("counterbalancing", "Weight of counterbalancing", max_value=1)
    frequencies = slid("frequencies", "Weight of frequencies", max_value=1)

    def __init__(self, data: Any, *, plan: Specification) -> None:
        self.plan = plan
        self.told: Specification | None = None
        begin = beginnings(plan)
        super().__init__({**begin, **_given(data)})
        for name in set(self.fields) - set(begin) - {"rest_after", "rest_s"}:
            del self.fields[name]
        if not plan.experiment.rest:
            del self.fields["rest_after"], self.fields["rest_s"]

    @property
    def weights(self) -> list[forms.BoundField]:
        return [self[name] for name in WEIGHTS]

    @property
    def others(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in WEIGHTS]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not self.errors:
            try:
                self.told = self._changed(data)
                check(self.told.experiment, self.told.rules)
            except PlanningError as error:
                self.told = None
                self.add_error(place_of(str(error), set(self.fields)), str(error))
        return data

    def _changed(self, data: dict[str, Any]) -> Specification:
        experiment = self.plan.experiment
        rest = experiment.rest
        if rest and data.get("rest_after"):
            rest = Rest(data["rest_after"], data.get("rest_s") or 0.0)
        elif rest:
            rest = None
        tried = replace(
            experiment,
            trials=data["trials"],
            tr_s=data["tr_s"],
            gaps=_gaps(experiment.gaps, data),
            rest=rest,
            rho=data["rho"],
        )
        return replace(
            self.plan,
            experiment=tried,
            goal=replace(self.plan.goal, **{name: data[name] for name in WEIGHTS}),
        )


def _given(data: Any) -> dict[str, Any]:
    return {name: data[name] for name in LabForm.base_fields if name in data}


def _gaps(gaps: Gaps, data: dict[str, Any]) -> Gaps:
    if isinstance(gaps, Fixed):
        return Fixed(data["gap_mean_s"])
    if isinstance(gaps, Uniform):
        return Uniform(data["gap_min_s"], data["gap_max_s"])
    return Exponential(data["gap_min_s"], data["gap_mean_s"], data["gap_max_s"])


def beginnings(plan: Specification) -> dict[str, Any]:
    """Return the inputs as the plan has them."""
    experiment, gaps = plan.experiment, plan.experiment.gaps
    made: dict[str, Any] = {name: getattr(experiment, name) for name in ("trials", "tr_s", "rho")}
    if not isinstance(gaps, Uniform):
        made["gap_mean_s"] = gaps.mean_s
    if not isinstance(gaps, Fixed):
        made |= {"gap_min_s": gaps.min_s, "gap_max_s": gaps.max_s}
    if experiment.rest:
        made |= {"rest_after": experiment.rest.after_trials, "rest_s": experiment.rest.lasts_s}
    return made | {name: getattr(plan.goal, name) for name in WEIGHTS}
