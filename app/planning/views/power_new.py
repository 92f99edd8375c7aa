"""A new power analysis: a map, and the first question to it; and further questions."""

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.conf import settings as site
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common.errors import NotThere
from fmriplan.power.analysis import Settings
from fmriplan.power.curves import Study
from planning.errors import AddressSilent, NotAMap
from planning.forms.power import AgainForm, NewForm, SimulatedForm
from planning.models import PilotMap, PowerAnalysis
from planning.queries import power as asked
from planning.services import power, power_fetch, power_files

if TYPE_CHECKING:
    from accounts.models import User

LONGEST_NUMBER = 12


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Take a map in and begin its analysis."""
    if request.method != "POST":
        return _form(request, NewForm(person=request.user, initial=_initial(request)))
    form = NewForm(request.POST, request.FILES, person=request.user)
    if form.is_valid() and (pilot := _brought(request, form)):
        return _begun(request, pilot, form.wanted)
    return _form(request, form)


def _form(request: HttpRequest, form: NewForm, tried: SimulatedForm | None = None) -> HttpResponse:
    trial = tried or (SimulatedForm(person=request.user) if site.PLANNING_SIMULATED else None)
    context = {"form": form, "simulated": trial, "has_neurovault": bool(site.NEUROVAULT)}
    return render(request, "planning/power/new.html", context)


def _initial(request: HttpRequest) -> dict[str, object]:
    """Return what is known before somebody types: the project, and an image of NeuroVault."""
    known: dict[str, object] = {"project": request.GET.get("project")}
    number = request.GET.get("neurovault", "").strip()
    if not number or not site.NEUROVAULT:
        return known
    try:
        found = power_fetch.image(_image_number(number))
    except (NotAMap, AddressSilent) as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}")
        return known
    said = {"name": found.name, "kind": found.kind, "address": found.address}
    return known | said | {"participants": found.participants}


def _image_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise NotAMap("An image of NeuroVault is known by a number, such as 3884.")
    return int(text)


@login_required
@require_POST
def simulated(request: HttpRequest) -> HttpResponse:
    """Begin the analysis of a simulated map."""
    if not site.PLANNING_SIMULATED:
        raise NotThere
    form = SimulatedForm(request.POST, person=request.user)
    if not form.is_valid():
        return _form(request, NewForm(person=request.user), form)
    by, brought = cast("User", request.user), form.brought()
    pilot = power.bring(project=form.cleaned_data["project"], brought=brought, by=by)
    study = Study(brought.participants, brought.groups)
    return _begun(request, pilot, [Settings(study=study)])


@login_required
@require_POST
def remove_file(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Delete the file of a map; its results stay."""
    found = asked.visible(request.user, analysis, without=asked.HEAVY)
    if request.POST.get("typed", "").strip() != found.pilot.name:
        messages.error(request, "Type the name of the map to confirm. Nothing was deleted.")
    else:
        power_files.remove(pilot=found.pilot, by=cast("User", request.user))
        messages.success(request, "The file is deleted; what was computed from it stays.")
    return redirect("planning:power-settings", found.pk)


def _brought(request: HttpRequest, form: NewForm) -> PilotMap | None:
    """Return the map as it is kept; nothing where the form says why it is not."""
    try:
        return power.bring(
            project=form.cleaned_data["project"],
            brought=form.brought(),
            by=cast("User", request.user),
        )
    except NotAMap as refusal:
        form.add_error("map", refusal.message)
        return None


def _begun(request: HttpRequest, pilot: PilotMap, wanted: list[Settings]) -> HttpResponse:
    by = cast("User", request.user)
    begun = [power.ask(pilot=pilot, settings=settings, by=by) for settings in wanted]
    if all(one.finished_at for one in begun):
        messages.info(request, "This was asked before: here is its answer.")
    return redirect("planning:power", begun[0].pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def again(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Ask the same map with other settings, without another upload."""
    found = asked.visible(request.user, analysis, without=asked.HEAVY)
    if not asked.may_change(request.user, found):
        raise NotThere
    data = request.POST if request.method == "POST" else None
    form = AgainForm(data, pilot=found.pilot, initial=_as_initial(found))
    if form.is_valid():
        return _begun(request, found.pilot, form.wanted)
    return render(request, "planning/power/again.html", {"analysis": found, "form": form})


def _as_initial(analysis: PowerAnalysis) -> dict[str, object]:
    chosen: dict[str, object] = dict(analysis.chosen)
    width = analysis.chosen.get("fwhm_mm") or (None, None, None)
    chosen["direction"] = "negative" if chosen.get("negative") else "positive"
    return chosen | {f"fwhm_{axis}": each for axis, each in zip("xyz", width, strict=True)}
