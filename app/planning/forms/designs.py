"""The form of a plan: its three parts together make a specification, or say what is wrong."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django import forms

from accounts.project_choice import offer_projects
from fmriplan.design.experiment import Condition, Experiment, Rest
from fmriplan.design.gaps import Exponential, Fixed, Gaps, Uniform
from fmriplan.design.goal import Goal
from fmriplan.design.orders import Rules, check
from fmriplan.design.specification import Specification
from fmriplan.errors import NotAnOption, PlanningError
from planning.forms.design_fields import ConditionForms, PlanForm
from planning.forms.design_words import (
    contrasts_of,
    pairs_of,
    place_of,
    waits_of,
    words_of_contrasts,
)

SPARE_ROWS = 2
WEIGHTS = ("detection", "counterbalancing", "frequencies", "estimation")
SHARES_OFF = 0.02  # people write 0.33 for a third


class Planning:
    """The whole form: what a plan is called, and its specification."""

    def __init__(
        self, person: Any, data: Any = None, *, base: Specification | None = None, name: str = ""
    ) -> None:
        self.base = base
        initial, rows = _said(base) if base else ({}, _example())
        self.main = PlanForm(data, initial={**initial, "name": name})
        if base is None:
            offer_projects(self.main, person)
        else:
            del self.main.fields["project"]
        spare: list[dict[str, Any]] = [{}] * SPARE_ROWS
        self.conditions = ConditionForms(
            data, prefix="c", initial=[*rows, *spare], form_kwargs={"empty_permitted": False}
        )
        self.told: Specification | None = None

    # --- the page ---------------------------------------------------------------------------------
    @property
    def is_wrong(self) -> bool:
        return bool(self.faults or self.main.errors)

    @property
    def faults(self) -> list[str]:
        """Return what is wrong where no field of the list says it."""
        said = [
            f"Condition {number}: {error}"
            for number, form in enumerate(self.conditions.forms, 1)
            for errors in form.errors.values()
            for error in errors
        ]
        said += [str(error) for error in self.main.non_field_errors()]
        return said + [str(error) for error in self.conditions.non_form_errors()]

    def part(self, *names: str) -> list[forms.BoundField]:
        return [self.main[name] for name in names if name in self.main.fields]

    @property
    def first(self) -> list[forms.BoundField]:
        return self.part("project", "name")

    @property
    def length(self) -> list[forms.BoundField]:
        return self.part("trials", "minutes", "runs", "tr_s")

    @property
    def gaps(self) -> list[forms.BoundField]:
        return self.part("gaps", "gap_mean_s", "gap_min_s", "gap_max_s")

    @property
    def questions(self) -> list[forms.BoundField]:
        return self.part("compare", "contrasts")

    @property
    def goal(self) -> list[forms.BoundField]:
        return self.part(*WEIGHTS)

    @property
    def rules(self) -> list[forms.BoundField]:
        return self.part(
            "exact_counts", "exact_in_runs", "longest_run", "apart", "forbidden", "least_waits",
            "first", "last", "depth",
        )  # fmt: skip

    @property
    def more(self) -> list[forms.BoundField]:
        return self.part(
            "before_s", "after_s", "rest_after", "rest_s", "lead_in_s", "tail_s", "rho",
            "high_pass_s", "tick_s",
        )  # fmt: skip

    # --- what it says -----------------------------------------------------------------------------
    def is_valid(self) -> bool:
        """Make `told`; False where the form says why there is none."""
        parts = [self.main.is_valid(), self.conditions.is_valid()]
        if not all(parts):
            return False
        try:
            self.told = self._specification()
            check(self.told.experiment, self.told.rules)
        except PlanningError as error:
            self.main.add_error(place_of(str(error), set(self.main.fields)), str(error))
            self.told = None
        return self.told is not None

    def _specification(self) -> Specification:
        data = self.main.cleaned_data
        conditions = tuple(self._conditions())
        names = [each.name for each in conditions]
        facts: dict[str, Any] = {
            "conditions": conditions,
            "tr_s": data["tr_s"],
            "gaps": _gaps(data),
            "contrasts": contrasts_of(data["compare"], data["contrasts"], names),
            "tick_s": data["tick_s"],
            "before_s": data["before_s"] or 0.0,
            "after_s": data["after_s"] or 0.0,
            "rest": _rest(data),
            "lead_in_s": data["lead_in_s"] or 0.0,
            "tail_s": data["tail_s"] or 0.0,
            "rho": data["rho"],
            "high_pass_s": data["high_pass_s"],
            "depth": data["depth"],
            "runs": data["runs"],
        }
        experiment = self._experiment(facts, data["trials"], data["minutes"])
        weights = {name: data[name] for name in WEIGHTS}
        goal = replace(self.base.goal, **weights) if self.base else Goal(**weights)
        rules = self._rules(data)
        if self.base:
            return replace(self.base, experiment=experiment, goal=goal, rules=rules)
        return Specification(experiment, goal, rules)

    def _rules(self, data: dict[str, Any]) -> Rules:
        told = {
            "exact_counts": data["exact_counts"],
            "longest_run": data["longest_run"] or 0,
            "forbidden": frozenset(pairs_of(data["forbidden"])),
            "first": data["first"].strip(),
            "last": data["last"].strip(),
            "exact_in_runs": data["exact_in_runs"],
            "apart": data["apart"] or 0,
            "least_waits": tuple(waits_of(data["least_waits"])),
        }
        return replace(self.base.rules, **told) if self.base else Rules(**told)

    def _experiment(
        self, facts: dict[str, Any], trials: int | None, minutes: float | None
    ) -> Experiment:
        if trials is None:
            trials = _that_fit(facts, minutes or 0.0)
        facts["trials"] = trials
        return replace(self.base.experiment, **facts) if self.base else Experiment(**facts)

    def _conditions(self) -> Iterator[Condition]:
        rows = [form.cleaned_data for form in self.conditions.forms]
        rows = [row for row in rows if row.get("name")]
        shares = _shares([row["share"] for row in rows])
        for row, share in zip(rows, shares, strict=True):
            yield Condition(row["name"].strip(), share, row["shown_s"])


def _shares(told: list[float | None]) -> list[float]:
    """Return probabilities; without any, each condition is as likely as any other."""
    if told and all(share is None for share in told):
        return [1 / len(told)] * len(told)
    made = [0.0 if share is None else share for share in told]
    total = sum(made)
    if total and abs(total - 1) <= SHARES_OFF:
        return [share / total for share in made]
    return made


def _gaps(data: dict[str, Any]) -> Gaps:
    least, mean, most = (data[f"gap_{each}_s"] for each in ("min", "mean", "max"))
    needed = {"fixed": (mean,), "uniform": (least, most), "exponential": (least, mean, most)}
    if None in needed[data["gaps"]]:
        raise NotAnOption("A wait is missing: give the shortest, the mean and the longest.")
    if data["gaps"] == "fixed":
        return Fixed(mean)
    return Uniform(least, most) if data["gaps"] == "uniform" else Exponential(least, mean, most)


def _rest(data: dict[str, Any]) -> Rest | None:
    if data["rest_after"] is None and not data["rest_s"]:
        return None
    return Rest(data["rest_after"] or 0, data["rest_s"] or 0.0)


def _that_fit(facts: dict[str, Any], minutes: float) -> int:
    """Return how many trials a scan of so many minutes has room for."""
    conditions, rest, gaps = facts["conditions"], facts["rest"], facts["gaps"]
    runs = facts["runs"]
    free = minutes * 60 - runs * (facts["lead_in_s"] + facts["tail_s"])
    trial = sum(each.share * each.shown_s for each in conditions)
    trial += facts["before_s"] + facts["after_s"]
    trial += gaps.mean_s + (rest.lasts_s / rest.after_trials if rest and rest.after_trials else 0)
    count = int(free / trial / runs) if trial > 0 else 0
    while count > 1 and _run_lasts(facts, count) * runs > minutes * 60:
        count -= 1
    count = count * int(runs)
    if count < len(conditions):
        raise NotAnOption(
            f"{minutes:g} min of scanning have room for {max(0, count)} trials: fewer than there "
            "are conditions. Scan longer, or make trials and waits shorter."
        )
    return count


def _run_lasts(facts: dict[str, Any], trials: int) -> float:
    """Return how long a run of so many trials takes at least, in s."""
    counts = sum(each.share * each.shown_s for each in facts["conditions"]) * trials
    around = (facts["before_s"] + facts["after_s"]) * trials + facts["lead_in_s"] + facts["tail_s"]
    rest = facts["rest"]
    pauses = (trials - 1) // rest.after_trials * rest.lasts_s if rest and rest.after_trials else 0
    return float(counts + around + pauses + facts["gaps"].mean_s * (trials - 1))


def _example() -> list[dict[str, Any]]:
    return [{"name": "faces", "shown_s": 1.0}, {"name": "houses", "shown_s": 1.0}]


def _said(told: Specification) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the beginnings of the fields, and of the rows of conditions."""
    experiment, rules = told.experiment, told.rules
    names = [each.name for each in experiment.conditions]
    gaps = experiment.gaps
    model = {Fixed: "fixed", Uniform: "uniform", Exponential: "exponential"}[type(gaps)]
    compare, words = words_of_contrasts(experiment.contrasts, names)
    same = (
        "trials", "tr_s", "tick_s", "before_s", "after_s", "lead_in_s", "tail_s", "rho",
        "high_pass_s", "depth", "runs",
    )  # fmt: skip
    main = {name: getattr(experiment, name) for name in same}
    main |= {"gaps": model, "gap_mean_s": gaps.mean_s}
    main |= {f"gap_{each}_s": getattr(gaps, f"{each}_s", None) for each in ("min", "max")}
    main |= {"compare": compare, "contrasts": words}
    if experiment.rest:
        main |= {"rest_after": experiment.rest.after_trials, "rest_s": experiment.rest.lasts_s}
    main |= {name: getattr(told.goal, name) for name in WEIGHTS}
    plain = ("exact_counts", "exact_in_runs", "first", "last")
    main |= {name: getattr(rules, name) for name in plain}
    main |= {name: getattr(rules, name) or None for name in ("longest_run", "apart")}
    main["least_waits"] = "\n".join(f"{a} > {b}: {s:g}" for a, b, s in rules.least_waits)
    main["forbidden"] = "\n".join(f"{a} > {b}" for a, b in sorted(rules.forbidden))
    rows = [
        {"name": each.name, "share": round(each.share, 6), "shown_s": each.shown_s}
        for each in experiment.conditions
    ]
    return main, rows
