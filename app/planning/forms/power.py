"""What people say of a pilot's map, and what they want of its analysis."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.models import Project
from fmriplan.errors import PlanningError
from fmriplan.power.analysis import HIGHEST_SCREENING, LARGEST_ALPHA, LOWEST_SCREENING, Settings
from fmriplan.power.bootstrap import RESAMPLES
from planning.map_files import LARGEST
from planning.models import PilotMap
from planning.numbers import power as numbers
from planning.services.power import Brought

FEWEST, MOST = 10, 10_000  # participants
WIDEST_MM = 60
MOST_RESAMPLES = 2000
LARGEST_MASK = 100_000_000  # bytes
DIRECTIONS = [
    ("positive", "Positive peaks: where the effect is above 0"),
    ("negative", "Negative peaks: where it is below 0"),
    ("both", "Both, as two analyses"),
]


def number(*, step: str = "any") -> forms.NumberInput:
    return forms.NumberInput(attrs={"step": step, "inputmode": "decimal"})


class SettingsForm(forms.Form):
    """The settings of an analysis. ``study`` is given where the map is known already."""

    screening = forms.FloatField(
        initial=0.001,
        min_value=1e-9,
        max_value=HIGHEST_SCREENING,
        label="Screening threshold",
        widget=number(),
        help_text="Peaks above it are looked at: a p value such as 0.001, or a Z value from "
        f"{LOWEST_SCREENING} to {HIGHEST_SCREENING:g}.",
    )
    alpha = forms.FloatField(
        initial=0.05,
        min_value=1e-9,
        max_value=LARGEST_ALPHA,
        label="Alpha",
        widget=number(),
        help_text="The error rate at which your study will test, before it is corrected.",
    )
    direction = forms.ChoiceField(choices=DIRECTIONS, initial="positive", label="Direction")
    fwhm_x, fwhm_y, fwhm_z = (
        forms.FloatField(
            required=False,
            min_value=0.1,
            max_value=WIDEST_MM,
            label=f"Smoothness along {axis}, in mm",
            widget=number(),
            help_text=text,
        )
        for axis, text in (
            ("x", "Full width at half maximum. Leave all three empty: the map itself tells it."),
            ("y", ""),
            ("z", ""),
        )
    )
    resamples = forms.IntegerField(
        initial=RESAMPLES,
        min_value=0,
        max_value=MOST_RESAMPLES,
        label="Resamples",
        help_text="How often the peaks are drawn anew for the intervals; 0 gives none.",
    )
    as_neuropower = forms.BooleanField(
        required=False,
        label="Compute as neuropower does",
        help_text="Its thresholds, and an answer also for maps that look like noise. "
        "Only for comparison with published results.",
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        width = [data.get(f"fwhm_{axis}") for axis in "xyz"]
        if any(width) and not all(width):
            self.add_error("fwhm_x", "Type the smoothness along x, y and z, or none of them.")
        return data

    def settings(self, *, participants: int, groups: int) -> list[Settings]:
        """Return what is to be analysed: one, or one for each direction.

        Raises
        ------
        PlanningError
            A setting is out of its range.
        """
        data = self.cleaned_data
        width = [data[f"fwhm_{axis}"] for axis in "xyz"]
        chosen = {
            "screening": data["screening"],
            "alpha": data["alpha"],
            "fwhm_mm": width if all(width) else None,
            "resamples": data["resamples"],
            "as_neuropower": data["as_neuropower"],
        }
        signs = {"positive": [False], "negative": [True], "both": [False, True]}
        return [
            numbers.settings_of(
                chosen | {"negative": sign}, participants=participants, groups=groups
            )
            for sign in signs[data["direction"]]
        ]


class AgainForm(SettingsForm):
    """Other settings for a map that is here."""

    def __init__(self, *args: Any, pilot: PilotMap, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pilot = pilot
        self.wanted: list[Settings] = []

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors:
            self.wanted = _wanted(self, self.pilot.participants, self.pilot.groups)
        return data


class NewForm(SettingsForm):
    """A map and the first settings for it."""

    name = forms.CharField(
        required=False, max_length=200, label="Name", help_text="Else that of the file."
    )
    project = forms.ModelChoiceField(Project.objects.none(), label="Project")
    map = forms.FileField(
        label="Map",
        help_text="The group's statistical map as NIfTI (.nii or .nii.gz), not thresholded.",
    )
    mask = forms.FileField(
        required=False, label="Mask", help_text="Else inside is what is not zero."
    )
    kind = forms.ChoiceField(
        choices=PilotMap.Kind, label="The map holds", widget=forms.RadioSelect, initial="z"
    )
    participants = forms.IntegerField(
        min_value=FEWEST,
        max_value=MOST,
        label="Participants of the pilot",
        help_text="Of both groups together where there are two.",
        error_messages={
            "min_value": "A pilot with fewer than 10 participants tells too little: "
            "scan more before you ask how many."
        },
    )
    groups = forms.TypedChoiceField(
        choices=[(1, "One group"), (2, "Two groups, compared")], coerce=int, label="Groups"
    )
    field_order = (
        "map", "mask", "name", "project", "kind", "participants", "groups", "screening",
    )  # fmt: skip
    source = PilotMap.Source.UPLOAD

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted: list[Settings] = []
        offer_projects(self, person)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for name, most in (("map", LARGEST), ("mask", LARGEST_MASK)):
            if data.get(name) and data[name].size > most:
                self.add_error(name, f"The file is larger than {most // 10**6:,} MB.")
        if not self.errors:
            self.wanted = _wanted(self, data["participants"], data["groups"])
        return data

    def brought(self) -> Brought:
        data = self.cleaned_data
        return Brought(
            name=data["name"] or _bare(data["map"].name),
            participants=data["participants"],
            kind=data["kind"],
            groups=data["groups"],
            pieces=data["map"].chunks(),
            mask=_pieces(data["mask"]),
        )


def _wanted(form: SettingsForm, participants: int, groups: int) -> list[Settings]:
    try:
        return form.settings(participants=participants, groups=groups)
    except PlanningError as error:
        form.add_error("screening", str(error))
        return []


def _pieces(file: Any) -> Iterable[bytes] | None:
    return file.chunks() if file else None


def _bare(name: str) -> str:
    """Return a file's name without what tells its format."""
    bare = name.removesuffix(".gz").removesuffix(".nii")
    return bare[:200] or "Map"


def offer_projects(form: forms.Form, person: Any) -> None:
    """Offer the projects in which somebody may plan; the only one is chosen."""
    rows = Project.objects.editable_by(person).select_related("lab").order_by("lab__name", "name")
    field = form.fields["project"]
    field.queryset = rows  # type: ignore[attr-defined]
    field.label_from_instance = _named  # type: ignore[attr-defined]
    if not form.is_bound and not form.initial.get("project"):
        few = list(rows[:2])
        form.initial["project"] = few[0].pk if len(few) == 1 else None


def _named(project: Project) -> str:
    return f"{project.name}, {project.lab.name}"
