"""Bringing a protocol in by its file, or by a form of another page that carries the file along."""

import json
import zipfile
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Project, User
from common.errors import NotThere, StudiumError
from experiments.definition.advice import advice
from experiments.definition.protocol import Protocol as Words
from experiments.definition.protocol import read_protocol
from experiments.models import Link, Protocol
from experiments.services import banks, bundles, links, protocols
from runs.rows import read

A_DAY = timedelta(days=1)
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
        return read(file.read(LARGEST) if file else data.get("words") or "")

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


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def bring(request: HttpRequest) -> HttpResponse:
    """Ask for a protocol, and keep it; one that is sent with ``publish`` can be run at once."""
    is_sent = request.method == "POST"
    form = BringForm(request.POST if is_sent else None, request.FILES or None, by=request.user)
    if is_sent and form.is_valid():
        return redirect("experiments:protocol", _brought(request, form).pk)
    status = 422 if is_sent else 200
    return render(request, "experiments/bring.html", {"form": form}, status=status)


def _brought(request: HttpRequest, form: BringForm) -> Protocol:
    data, by = form.cleaned_data, cast("User", request.user)
    kept = protocols.write(project=data["project"], by=by, words=data["protocol"])
    said = "It is a draft: freeze and publish it when it is as it shall be."
    if data["publish"]:
        protocols.publish(revision=protocols.freeze(protocol=kept, by=by), by=by)
        said = "It is published, and can be tried."
    looks = " ".join(advice(form.read))
    messages.success(request, f"{kept.title} was brought in. {said} {looks}".strip())
    return kept


@require_POST
@login_required
@never_cache
def attempt(request: HttpRequest, protocol: UUID) -> HttpResponse:
    """Lead to what is published, as a pilot."""
    found = Protocol.objects.visible_to(request.user).filter(pk=protocol).first()
    if found is None:
        raise NotThere
    by = cast("User", request.user)
    window = {"label": "Tried out", "closes_at": now() + A_DAY}
    made = links.make(protocol=found, by=by, kind=Link.Kind.PREVIEW, **window)
    return redirect("experiments:welcome", made.token)


@require_http_methods(["GET", "HEAD"])
@login_required
@never_cache
def draft(request: HttpRequest, protocol: UUID) -> HttpResponse:
    """Send the draft as the file that can be brought in again."""
    found = Protocol.objects.visible_to(request.user).filter(pk=protocol).first()
    if found is None:
        raise NotThere
    text = json.dumps(found.draft, indent=1, ensure_ascii=False)
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.name}.json"'
    return answer
