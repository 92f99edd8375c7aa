"""The page on which stimuli are brought in: tables or archives, as the command `stimuli` takes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from accounts.models import Project
from common.errors import StudiumError
from experiments.services import stimuli, stimulus_files
from runs.admin.base import me

TITLE = "Bring stimuli in"


class Bringing(forms.Form):
    """Which collection of which project, and the file."""

    project = forms.ModelChoiceField(queryset=Project.objects.none())
    collection = forms.CharField(max_length=100, help_text="What protocols call them by.")
    file = forms.FileField(
        help_text="A table (CSV, UTF-8) of names, texts and tags, or a ZIP archive of such a "
        "table and its files, up to 2 GB. A name that is known gets the new file and tags.",
        widget=forms.FileInput(attrs={"accept": ".csv,.zip"}),
    )

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Project.objects.editable_by(by).select_related("lab").order_by("lab__name", "name")
        self.fields["project"].queryset = rows  # type: ignore[attr-defined]


def page(admin: Any, request: HttpRequest) -> HttpResponse:
    """Ask for a file, and keep what it holds: all of it, or nothing."""
    if not admin.has_add_permission(request):
        raise PermissionDenied
    is_sent = request.method == "POST"
    form = Bringing(request.POST if is_sent else None, request.FILES or None, by=me(request))
    said = _brought(form, request) if is_sent and form.is_valid() else ""
    if said:
        messages.success(request, said)
        return redirect("admin:experiments_stimulus_changelist")
    frame = admin.admin_site.each_context(request)
    context = {**frame, "title": TITLE, "opts": admin.opts, "form": form}
    return TemplateResponse(request, "admin/experiments/stimulus/bring.html", context)


def _brought(form: Bringing, request: HttpRequest) -> str:
    given = form.cleaned_data
    try:
        read = stimulus_files.read(given["file"], given["file"].name)
        done = stimuli.bring(
            project=given["project"], collection=given["collection"], by=me(request), stimuli=read
        )
    except StudiumError as error:
        form.add_error("file", f"{error.message} {error.remedy}")
        return ""
    return f"{done.new} new, {done.changed} changed, {done.same} as they were."
