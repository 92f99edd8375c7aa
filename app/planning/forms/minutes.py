"""The shape of the question how many participants, and how many minutes of each."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms

from fmriplan.errors import PlanningError
from fmriplan.minutes import Costs, Criterion, Limits
from planning.queries import minutes as asked
from planning.queries.minutes import Question, Told

MOST_LENGTHS = 400
USUAL = {
    "d": "", "pilot_minutes": "10", "within": "0.5", "power": "0.8", "alpha": "0.05", "sides": "1",
    "groups": "1", "hour": "500", "recruit": "50", "setup": "15", "shortest": "5",
    "longest": "60", "step": "1", "most": "500", "contrast": "1",
}  # fmt: skip
LEADING = ("analysis", "d", "pilot_minutes", "design", "power")


def _number(label: str, low: float, high: float, help_text: str = "", **more: Any) -> Any:
    return forms.FloatField(
        label=label, min_value=low, max_value=high, help_text=help_text,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}), **more,
    )  # fmt: skip


class MinutesForm(forms.Form):
    """All of it comes with the address, so that the address is the study."""

    analysis = forms.ChoiceField(
        required=False, label="Power analysis", help_text="Its effect is the pilot's Cohen's d."
    )
    d = _number(
        "Cohen's d of the pilot", -20, 20, "Leave it empty to take the analysis's.", required=False
    )
    pilot_minutes = _number(
        "Minutes of scanning in the pilot", 0.1, 1000, "Of each participant, for this task."
    )
    design = forms.ChoiceField(
        required=False, label="Design of the new study", help_text="What its minutes consist of."
    )
    pilot_design = forms.ChoiceField(
        required=False, label="Design of the pilot", help_text="Empty: as the new study's."
    )
    contrast = forms.IntegerField(
        label="Contrast of the designs", min_value=1, max_value=1000, help_text="By its place."
    )
    within = _number(
        "Share of scanner noise", 0, 1,
        "Of the pilot's variance over participants, 0 to 1. Not needed with signal and noise.",
    )  # fmt: skip
    signal = _number(
        "Signal change in %", -20, 20, "The average effect, as that of a long block.",
        required=False,
    )  # fmt: skip
    noise = _number(
        "Noise of a scan in %", 0, 100, "Its standard deviation, such as 1. With the signal and a "
        "design it replaces the share.", required=False,
    )  # fmt: skip
    gain = _number(
        "Gain of the new design", 0.01, 100, "How many times as much a minute tells as in the "
        "pilot. Empty: what the two designs say, or 1.", required=False,
    )  # fmt: skip
    power = _number("Wanted power", 0.01, 0.999, "A number between 0 and 1, such as 0.8.")
    alpha = _number("Alpha", 0.000001, 0.499, "Of the test; smaller where many tests are made.")
    sides = forms.TypedChoiceField(
        coerce=int, label="Test", choices=[("1", "one side"), ("2", "two sides")]
    )
    groups = forms.TypedChoiceField(
        coerce=int, label="Groups", choices=[("1", "one group"), ("2", "two groups, compared")]
    )
    hour = _number("Cost of an hour of scanner", 0, 1e7, "In any currency.")
    recruit = _number("Cost of a participant", 0, 1e7, "Recruiting and payment, in the same.")
    setup = _number("Minutes of setting up", 0, 600, "Paid in each visit, but not scanned.")
    shortest = _number("Shortest scan in minutes", 0.5, 600)
    longest = _number("Longest scan in minutes", 0.5, 600)
    step = _number("Steps between them in minutes", 0.1, 120)
    most = forms.IntegerField(label="Participants that can be had", min_value=2, max_value=100_000)
    question: Question

    def __init__(self, given: Mapping[str, Any], *, person: Any) -> None:
        told = {name: given.get(name, usual) for name, usual in USUAL.items()}
        chosen = {
            name: _known(given.get(name, "")) for name in ("analysis", "design", "pilot_design")
        }
        self.analyses = asked.analyses(person, chosen["analysis"])
        self.designs = asked.designs(person, chosen["design"], chosen["pilot_design"])
        super().__init__({**_plain(given), **told})
        listed = [("", "typed in by hand"), *((str(a.pk), str(a)) for a in self.analyses)]
        self._choose("analysis", listed)
        named = [(str(each.pk), f"{each.plan}: {each}") for each in self.designs]
        self._choose("design", [("", "none"), *named])
        self._choose("pilot_design", [("", "as the new study's"), *named])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def leading(self) -> list[Any]:
        """Return what is asked first."""
        return [self[name] for name in LEADING]

    @property
    def further(self) -> list[Any]:
        return [field for field in self if field.name not in LEADING]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.errors:
            return data
        try:
            self.question = self._question(data)
        except PlanningError as error:
            self.add_error(None, str(error))
        return data

    def _question(self, data: dict[str, Any]) -> Question:
        limits = self._limits(data)
        told = Told(
            d=self._d(data),
            pilot_minutes=data["pilot_minutes"],
            within=data["within"],
            gain=data["gain"],
            signal=data["signal"],
            noise=data["noise"],
        )
        effect = asked.effect_of(
            told,
            design=_of(self.designs, data["design"]),
            pilot_design=_of(self.designs, data["pilot_design"]),
            contrast=data["contrast"],
        )
        criterion = Criterion(data["alpha"], data["sides"], data["groups"])
        costs = Costs(data["hour"], data["recruit"], data["setup"])
        return Question(effect, data["power"], criterion, limits, costs)

    def _limits(self, data: dict[str, Any]) -> Limits:
        limits = Limits(data["most"], data["shortest"], data["longest"], data["step"])
        if len(limits.minutes) > MOST_LENGTHS:
            raise PlanningError(f"At most {MOST_LENGTHS} lengths are shown: take a larger step.")
        return limits

    def _d(self, data: dict[str, Any]) -> float:
        if data["d"] is not None:
            return float(data["d"])
        analysis = _of(self.analyses, data["analysis"])
        found = asked.d_of(analysis) if analysis else None
        if found is None:
            raise PlanningError("Choose a power analysis with an effect, or type Cohen's d in.")
        return found


def _known(word: Any) -> str:
    """Return the id that a word is; nothing where it is none."""
    try:
        return str(uuid.UUID(str(word)))
    except ValueError:
        return ""


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given.get(name, "") for name in given}


def _of(rows: list[Any], chosen: str) -> Any:
    return next((each for each in rows if str(each.pk) == chosen), None)
