"""What people say of a pilot's map, and what they want of its analysis."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings as site

from accounts.models import Project
from accounts.project_choice import offer_projects
from fmriplan.errors import PlanningError
from fmriplan.power.analysis import HIGHEST_SCREENING, LARGEST_ALPHA, LOWEST_SCREENING, Settings
from fmriplan.power.bootstrap import RESAMPLES
from planning.errors import NotAMap
from planning.map_files import LARGEST
from planning.models import PilotMap
from planning.numbers import power as numbers
from planning.services import power_fetch
from planning.services.power import Brought
from planning.services.power_simulated import MAPS

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
        required=False,
        label="Map",
        help_text="The group's statistical map as NIfTI (.nii or .nii.gz), not thresholded.",
    )
    address = forms.URLField(
        required=False,
        max_length=500,
        assume_scheme="https",
        label="Or its address",
        help_text="",
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
        "map", "address", "mask", "name", "project", "kind", "participants", "groups", "screening",
    )  # fmt: skip

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted: list[Settings] = []
        self.may_fetch = power_fetch.fetcher()
        if not self.may_fetch.reaches:
            del self.fields["address"]
            self.fields["map"].required = True
        else:
            hosts = ", ".join(self.may_fetch.reaches)
            self.fields["address"].help_text = f"The site fetches it, from {hosts} alone."
        offer_projects(self, person)

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if address:
            try:
                self.may_fetch.need_allowed(address)
            except NotAMap as refusal:
                raise forms.ValidationError(refusal.message) from None
        return address

    def _need_one_source(self, data: dict[str, Any]) -> None:
        given = [bool(data.get(name)) for name in ("map", "address")]
        if sum(given) != 1 and not self.errors.keys() & {"map", "address"}:
            words = "a file or an address, not both" if all(given) else "the file of the map"
            self.add_error("map", f"Choose {words}.")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self._need_one_source(data)
        for name, most in (("map", LARGEST), ("mask", LARGEST_MASK)):
            if data.get(name) and data[name].size > most:
                self.add_error(name, f"The file is larger than {most // 10**6:,} MB.")
        if not self.errors:
            self.wanted = _wanted(self, data["participants"], data["groups"])
        return data

    def brought(self) -> Brought:
        data = self.cleaned_data
        address, file = data.get("address", ""), data["map"]
        from_web = PilotMap.Source.NEUROVAULT if self._is_neurovault() else PilotMap.Source.ADDRESS
        return Brought(
            name=data["name"] or _bare(file.name if file else address.rpartition("/")[2]),
            participants=data["participants"],
            kind=data["kind"],
            groups=data["groups"],
            source=from_web if address else PilotMap.Source.UPLOAD,
            address=address,
            pieces=file.chunks() if file else (),
            mask=_pieces(data["mask"]),
        )

    def _is_neurovault(self) -> bool:
        host = urlsplit(site.NEUROVAULT).netloc
        return bool(host) and urlsplit(self.cleaned_data.get("address", "")).netloc == host


class SimulatedForm(forms.Form):
    """A simulated map to try an analysis with."""

    simulated = forms.ChoiceField(
        choices=[(each.name, f"{each.name.title()}: {each.says}") for each in MAPS.values()],
        label="Simulated map",
    )
    project = forms.ModelChoiceField(Project.objects.none(), label="Project")

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "simulated_%s")  # the other form of the page has a project too
        super().__init__(*args, **kwargs)
        offer_projects(self, person)

    def brought(self) -> Brought:
        chosen = MAPS[self.cleaned_data["simulated"]]
        return Brought(
            name=f"Simulated: {chosen.name}",
            participants=chosen.truth.participants,
            source=PilotMap.Source.DEMO,
            address=chosen.name,
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
