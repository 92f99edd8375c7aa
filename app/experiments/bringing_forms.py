"""What somebody sends to bring a protocol in: by file, by pasting, or carried by another page."""

import zipfile
from typing import Any

from django import forms

from accounts.models import Project
from common.errors import StudiumError
from experiments.definition.protocol import Protocol as Words
from experiments.definition.protocol import read_protocol
from experiments.errors import NotAProtocol
from experiments.models import Protocol
from experiments.services import banks, bundles
from runs.rows import read

LARGEST = 20 * 2**20  # bytes of a JSON file


class BringForm(forms.Form):
    """Which project, and a protocol: by file, by pasting, or carried along by another page."""

    project = forms.ModelChoiceField(queryset=Project.objects.none())
    file = forms.FileField(
        required=False,
        help_text="A protocol as JSON, or as a ZIP archive with its code and stimuli.",
        widget=forms.FileInput(attrs={"accept": ".json,.zip"}),
    )
    words = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    publish = forms.BooleanField(
        required=False, label="Freeze and publish it at once", help_text="Links then lead to it."
    )
    replace = forms.BooleanField(required=False, label="Take the place of the draft that is there")
    read: Words
    known: Protocol | None = None

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Project.objects.editable_by(by).select_related("lab").order_by("lab__name", "name")
        self.fields["project"].queryset = rows  # type: ignore[attr-defined]

    @property
    def asked(self) -> list[Any]:
        """Return the fields that are shown: to replace is asked only where something is there."""
        needed = self.known is not None or self.cleaned_replace
        return [field for field in self if field.name != "replace" or needed]

    @property
    def cleaned_replace(self) -> bool:
        return bool(getattr(self, "cleaned_data", {}).get("replace"))

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.errors:
            return data
        try:
            data["protocol"] = self._words(data)
            self.read = read_protocol(banks.readable(data["project"], data["protocol"]))
        except StudiumError as error:
            self.add_error("file" if data.get("file") else "words", error.message)
            return data
        self._look(data)
        return data

    def _words(self, data: dict[str, Any]) -> Any:
        file = data.get("file")
        if file and zipfile.is_zipfile(file):
            return bundles.read(file)
        if file:
            file.seek(0)
        if file and file.size > LARGEST:
            raise NotAProtocol("", f"It is larger than {LARGEST / 2**20:.0f} MB.")
        return read(file.read() if file else data.get("words") or "")

    def _look(self, data: dict[str, Any]) -> None:
        """Refuse to write over another draft of the same name, unless that is meant."""
        rows = Protocol.objects.filter(project=data["project"], name=self.read.name)
        found: Protocol | None = rows.first()
        if found is None or found.draft == data["protocol"]:
            return
        self.known = found
        if not data.get("replace"):
            self.add_error(
                "replace",
                f"The project has a protocol {self.read.name!r} already, and it is another one. "
                "Say that this one takes its place, or give this one another name.",
            )
