"""The fields of the forms of plans."""

import math
from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms import formset_factory

from accounts.models import Project
from fmriplan.design.experiment import MOST_CONDITIONS, MOST_TRIALS
from planning.forms.design_words import COMPARISONS, PAIRS

MODELS = [
    ("exponential", "Mostly short, some long (exponential)"),
    ("uniform", "Any length as likely (uniform)"),
    ("fixed", "Always the same"),
]
LONGEST_S, MOST_MINUTES = 100_000, 600
LONG_NUMBER = 9  # digits that no revision has


def in_cell(label: str, **more: Any) -> dict[str, Any]:
    """Return the attributes of an input that a table's head labels for the eye."""
    return {"aria-label": label, **more}


def number(label: str, help_text: str = "", **more: Any) -> forms.FloatField:
    """Return a field of a number of s or of a weight; empty where it is not required."""
    more = {"required": False, "min_value": 0, "max_value": LONGEST_S, **more}
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
    return Finite(label=label, help_text=help_text, widget=widget, **more)


class Finite(forms.FloatField):
    """A number that is neither NaN nor infinite: Django lets a range pass NaN."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not math.isfinite(value):
            raise forms.ValidationError("Enter a number.")


class ConditionForm(forms.Form):
    """One condition; a row without a name is left out."""

    name = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput(attrs=in_cell("Condition"))
    )
    share = Finite(
        required=False,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs=in_cell("Share of the trials", step="any")),
    )
    shown_s = Finite(
        required=False,
        min_value=0,
        max_value=LONGEST_S,
        widget=forms.NumberInput(attrs=in_cell("Shown for, in s", step="any")),
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("name") and data.get("shown_s") is None and "shown_s" in data:
            self.add_error("shown_s", "Say for how many seconds it is shown.")
        if not data.get("name") and (data.get("share") is not None):
            self.add_error("name", "Name the condition, or leave the row empty.")
        return data


ConditionForms = formset_factory(
    ConditionForm, extra=0, max_num=MOST_CONDITIONS, absolute_max=MOST_CONDITIONS
)


class PlanForm(forms.Form):
    """All of a plan but its conditions."""

    project = forms.ModelChoiceField(Project.objects.none(), label="Project")
    name = forms.CharField(max_length=200, label="Name")
    trials = forms.IntegerField(
        required=False,
        min_value=2,
        max_value=MOST_TRIALS,
        label="Trials",
        help_text="Of all conditions together; or leave it empty and say how long to scan.",
    )
    minutes = number(
        "Or minutes of scanning",
        "As many trials as fit; only where no number of trials is given.",
        max_value=MOST_MINUTES,
    )
    runs = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=1,
        label="Runs",
        help_text="The trials are shared out among them; the scanner stops in between.",
    )
    tr_s = number("Time of a scan (TR), s", required=True, initial=2.0, max_value=60)
    gaps = forms.ChoiceField(choices=MODELS, label="Waits between trials", initial="exponential")
    gap_mean_s = number("Mean wait, s", "Not asked of a uniform wait.", initial=3.0)
    gap_min_s = number("Shortest wait, s", "Not asked of a wait that never varies.", initial=2.0)
    gap_max_s = number("Longest wait, s", "Not asked of a wait that never varies.", initial=8.0)
    compare = forms.ChoiceField(choices=COMPARISONS, label="What is compared?", initial=PAIRS)
    contrasts = forms.CharField(
        required=False,
        max_length=20_000,
        label="Contrasts of your own",
        help_text="One in a line, as: faces=1, houses=-1",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    detection = number(
        "Find the effect (detection)", "Weights: only their proportions count.", initial=0.5,
        required=True, max_value=1,
    )  # fmt: skip
    counterbalancing = number(
        "Balance what follows what (counterbalancing)", initial=0.25, required=True, max_value=1
    )
    frequencies = number(
        "Keep the shares of the conditions (frequencies)", initial=0.25, required=True, max_value=1
    )
    estimation = number(
        "Tell the course of the response (estimation)", "0 makes the search fastest.",
        initial=0, required=True, max_value=1,
    )  # fmt: skip
    exact_counts = forms.BooleanField(
        required=False,
        initial=True,
        label="Each condition comes exactly as often as its share says",
    )
    longest_run = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_TRIALS,
        label="Longest run",
        help_text="How often a condition may come in a row at most; empty for any number.",
    )
    exact_in_runs = forms.BooleanField(required=False, label="The same in each run")
    apart = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_TRIALS,
        label="Trials between two of the same condition",
        help_text="At least so many; empty for any number.",
    )
    least_waits = forms.CharField(
        required=False,
        max_length=20_000,
        label="Shortest waits between conditions",
        help_text="As faces &gt; houses: 4, one in a line, in s. Without a name, any condition.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    forbidden = forms.CharField(
        required=False,
        max_length=20_000,
        label="Forbidden transitions",
        help_text="As faces &gt; houses, one in a line: houses never come right after faces.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    first = forms.CharField(required=False, max_length=100, label="Condition of the first trial")
    last = forms.CharField(required=False, max_length=100, label="Condition of the last trial")
    depth = forms.IntegerField(
        min_value=0,
        max_value=20,
        initial=3,
        label="Balanced over",
        help_text="How many trials back the order is balanced.",
    )
    before_s = number("Before the stimulus, s", "Such as a cue, in each trial.", initial=0)
    after_s = number("After the stimulus, s", "Such as a response, in each trial.", initial=0)
    rest_after = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_TRIALS,
        label="Rest after so many trials",
        help_text="Empty for no rests.",
    )
    rest_s = number("A rest lasts, s")
    lead_in_s = number("Scanning before the first trial, s", initial=0)
    tail_s = number(
        "Scanning after the last trial, s", "Long enough for the last response.", initial=10.0
    )
    rho = number(
        "Autocorrelation of the noise", "Of neighbouring scans.", required=True, initial=0.3,
        min_value=-1, max_value=1,
    )  # fmt: skip
    high_pass_s = number(
        "High-pass filter, s", "Its period; empty for a slow drift of order 2.", initial=128.0
    )
    tick_s = number(
        "Tick, s", "Every time is a whole number of these.", required=True, initial=0.1,
        min_value=0.001, max_value=60,
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if {"trials", "minutes"} <= set(data):
            if data["trials"] is None and not data["minutes"]:
                self.add_error("trials", "Say how many trials there are, or how long to scan.")
            elif data["trials"] is not None and data["minutes"]:
                self.add_error("minutes", "Give the trials or the minutes, not both.")
        return data


class TextForm(forms.Form):
    """A plan as the TOML that it is stored as."""

    project = forms.ModelChoiceField(Project.objects.none(), label="Project")
    name = forms.CharField(max_length=200, label="Name")
    text = forms.CharField(
        max_length=200_000,
        strip=False,
        label="Specification (TOML)",
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "code"}),
    )


def revision_of(data: Mapping[str, Any]) -> int:
    """Return the revision that a page says it changes; 0, which none is, where it says none."""
    told = str(data.get("revision", ""))
    return int(told) if told.isascii() and told.isdigit() and len(told) < LONG_NUMBER else 0
