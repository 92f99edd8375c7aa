"""What somebody asks of a finished analysis: a power, or a number of participants."""

from dataclasses import dataclass
from typing import Any, Self

from django import forms

from fmriplan.power.analysis import Analysis
from fmriplan.power.curves import LARGEST
from fmriplan.power.thresholds import Correction
from planning.numbers.power_answers import CORRECTIONS, USUAL, smallest

USUAL_POWER = 0.8
NAMES = {
    Correction.NONE: "None",
    Correction.BONFERRONI: "Bonferroni",
    Correction.RANDOM_FIELD: "Random field theory",
    Correction.FALSE_DISCOVERY: "False discovery rate",
}


@dataclass(frozen=True)
class Wish:
    """Which power, which number of participants, under which correction."""

    power: float
    participants: int
    correction: Correction


class AskingForm(forms.Form):
    """Both directions at once; what is left out is the usual."""

    power = forms.FloatField(
        min_value=0.01,
        max_value=0.999,
        label="Wanted power",
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )
    participants = forms.IntegerField(max_value=LARGEST, label="Participants that you can scan")
    correction = forms.ChoiceField(
        choices=[(each.name.lower(), NAMES[each]) for each in CORRECTIONS],
        label="Correction that your study will use",
    )

    def __init__(self, *args: Any, made: Analysis, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fewest = smallest(made)
        self.usual = Wish(USUAL_POWER, made.settings.study.participants, USUAL)
        self.fields["participants"] = forms.IntegerField(
            min_value=fewest, max_value=LARGEST, label="Participants that you can scan"
        )

    @classmethod
    def of(cls, given: Any, made: Analysis) -> Self:
        """Return the form with what an address asks, and the usual for the rest."""
        form = cls(made=made)
        usual = {
            "power": form.usual.power,
            "participants": form.usual.participants,
            "correction": form.usual.correction.name.lower(),
        }
        asked = {name: given[name] for name in usual if given.get(name)}
        return cls({**usual, **asked}, made=made)

    @property
    def wish(self) -> Wish:
        if not self.is_valid():
            return self.usual
        data = self.cleaned_data
        correction = Correction[data["correction"].upper()]
        return Wish(data["power"], data["participants"], correction)
