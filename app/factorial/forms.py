"""The shape of what people send to bring a design in, to make one, and to extend one."""

import base64
import binascii
import zlib
from typing import Any

from django import forms

from accounts.models import Project
from accounts.project_choice import offer_projects
from factorial.models import Design
from touchstone import design as plans
from touchstone import formats
from touchstone.decoding import LARGEST
from touchstone.errors import DesignError
from touchstone.recipe import MOST_RUNS

LARGEST_SEED = 2**53 - 1
FORMAT_CHOICES = [
    ("", "See for yourself"),
    ("xml", "TouchStone's XML"),
    ("tsl", "TSL of Touchstone2"),
    ("csv", "Table of trials (CSV)"),
]


def packed(document: bytes) -> str:
    """Return a document as a word that a page can carry to its own accepting."""
    return base64.b64encode(zlib.compress(document)).decode("ascii")


def unpacked(word: str) -> bytes:
    """Return the document of a word; nothing where it is none, or too large."""
    try:
        unpacking = zlib.decompressobj()
        found = unpacking.decompress(base64.b64decode(word, validate=True), LARGEST + 1)
    except (binascii.Error, ValueError, zlib.error):
        return b""
    return found


class DocumentForm(forms.Form):
    """A document by file, by pasting, or carried along from the preview."""

    file = forms.FileField(required=False, label="File", help_text="XML, TSL or CSV.")
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    form = forms.ChoiceField(required=False, label="Format", choices=FORMAT_CHOICES)
    packed = forms.CharField(required=False, widget=forms.HiddenInput)
    plan: plans.Design

    def document(self) -> bytes:
        data = self.cleaned_data
        if data.get("file"):
            content: bytes = data["file"].read(LARGEST + 1)
            return content
        return data.get("text", "").encode() or unpacked(data.get("packed", ""))

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        data["document"] = self.document()
        if not data["document"]:
            self.add_error("file", "Choose a file, or paste the design below.")
            return data
        data["form"] = data.get("form") or formats.format_of(data["document"])
        try:
            self.plan = self.read(data)
        except DesignError as error:
            self.add_error("file" if data.get("file") else "text", str(error))
        return data

    def read(self, data: dict[str, Any]) -> plans.Design:
        return formats.read(data["document"], form=data["form"])


class BringForm(DocumentForm):
    """A design to bring into a project."""

    project = forms.ModelChoiceField(Project.objects.none(), label="Project")
    code = forms.CharField(
        required=False,
        max_length=255,
        label="Id",
        help_text="Only where the file has none: for TSL, and for tables of TouchStone.",
    )
    participants = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_RUNS,
        label="Participants",
        help_text="Only for TSL, which says nothing of them; else as many as fill its squares.",
    )
    has_fixed_measures = forms.BooleanField(
        required=False, label="Flag values that the design does not declare"
    )
    is_pilot = forms.BooleanField(
        required=False, label="Pilot: anybody may take its runs, and they can be purged"
    )
    field_order = ("project", "file", "text", "form", "code", "participants")

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_projects(self, person)

    def read(self, data: dict[str, Any]) -> plans.Design:
        participants = data.get("participants") or 0
        return formats.read(
            data["document"],
            form=data["form"],
            participants=participants,
            code=data.get("code") or "",
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "project" in data and hasattr(self, "plan"):
            refuse_taken(self, data["project"], self.plan.id)
        return data

    @property
    def carried(self) -> list[tuple[str, str]]:
        """Return what the preview sends again when the design is accepted."""
        data = self.cleaned_data
        words = {name: data.get(name) for name in ("code", "participants", "form")}
        flags = {name: "on" for name in ("has_fixed_measures", "is_pilot") if data.get(name)}
        always = {"project": str(data["project"].pk), "packed": packed(data["document"])}
        said = {name: str(word) for name, word in words.items() if word}
        return list((always | said | flags).items())


class ExtendForm(DocumentForm):
    """A file that has the runs of a design, and more of them."""

    field_order = ("file", "text", "form")

    @property
    def carried(self) -> list[tuple[str, str]]:
        data = self.cleaned_data
        return [("packed", packed(data["document"])), ("form", data["form"])]


class MoreRunsForm(forms.Form):
    more = forms.IntegerField(
        min_value=1,
        max_value=MOST_RUNS,
        label="More runs",
        help_text="They go on where the recipe stopped; the runs that are there stay as they are.",
    )

    @property
    def carried(self) -> list[tuple[str, str]]:
        return [("more", str(self.cleaned_data["more"]))]


def refuse_taken(form: forms.Form, project: Project, code: str) -> None:
    if Design.objects.filter(lab=project.lab_id, code=code).exists():
        message = f"The lab has a design “{code}” already. Change the id, or extend that design."
        form.add_error(None, message)
