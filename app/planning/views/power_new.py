"""A new power analysis: a map, and the first question to it; and further questions."""

from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import NotThere
from fmriplan.power.analysis import Settings
from planning.errors import NotAMap
from planning.forms.power import AgainForm, NewForm
from planning.models import PilotMap, PowerAnalysis
from planning.queries import power as asked
from planning.services import power

if TYPE_CHECKING:
    from accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Take a map in and begin its analysis."""
    if request.method != "POST":
        form = NewForm(person=request.user, initial={"project": request.GET.get("project")})
        return render(request, "planning/power/new.html", {"form": form})
    form = NewForm(request.POST, request.FILES, person=request.user)
    if form.is_valid() and (pilot := _brought(request, form)):
        return _begun(request, pilot, form.wanted)
    return render(request, "planning/power/new.html", {"form": form})


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
