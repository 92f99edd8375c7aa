"""The design lab: inputs beside the best design for them, found anew with each change."""

import json
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fmriplan.design.specification import Specification
from fmriplan.errors import PlanningError
from planning.errors import NotAPlan
from planning.forms.design_fields import revision_of
from planning.forms.design_lab import LabForm
from planning.models import Plan
from planning.pictures import designs as pictures
from planning.queries import design_facts, design_lab
from planning.queries import designs as asked
from planning.services import designs

if TYPE_CHECKING:
    from accounts.models import User


@require_safe
@login_required
@never_cache
def lab(request: HttpRequest, plan: UUID) -> HttpResponse:
    """Show the lab; htmx asks for the answer alone. The address holds what is tried."""
    found = asked.visible(request.user, plan)
    told = _plan_of(found)
    form = LabForm(request.GET, plan=told)
    context: dict[str, Any] = {
        "plan": found,
        "form": form,
        "settings": request.GET.urlencode(),
        "may_change": asked.may_change(request.user, found),
    }
    context |= _answered(form)
    is_fragment = "HX-Request" in request.headers
    template = "_answer.html" if is_fragment else "lab.html"
    return render(request, f"planning/designs/{template}", context)


def _answered(form: LabForm) -> dict[str, Any]:
    if not form.is_valid() or form.told is None:
        return {}
    told = form.told
    try:
        answer = design_lab.optimise(told)
    except PlanningError as error:
        return {"refusal": str(error), "facts": design_facts.of(told)}
    names = [each.name for each in told.experiment.conditions]
    return {
        "answer": answer,
        "facts": design_facts.of(told),
        "inflations": list(zip(pictures.columns(told), answer.scores.inflation, strict=True)),
        "strip": pictures.strip(told, answer.order, answer.waits),
        "order": json.dumps(answer.order.tolist()),
        "waits": json.dumps(answer.waits.tolist()),
        "names": names,
    }


@login_required
@require_POST
def keep(request: HttpRequest, plan: UUID) -> HttpResponse:
    """Keep the design that somebody sees, with the settings it was found for."""
    found = asked.visible(request.user, plan)
    told = _tried(found, request.POST)
    made = designs.keep(
        plan=found,
        told=told,
        order=_numbers(request.POST.get("order", "")),
        waits=_numbers(request.POST.get("waits", "")),
        label=request.POST.get("label", "")[:200],
        by=cast("User", request.user),
    )
    messages.success(request, "The design is kept. Download it below.")
    return redirect("planning:task-design", made.pk)


@login_required
@require_POST
def take(request: HttpRequest, plan: UUID) -> HttpResponse:
    """Take the settings that somebody tried into the plan."""
    found = asked.visible(request.user, plan)
    designs.change(
        plan=found,
        name=found.name,
        told=_tried(found, request.POST),
        revision=revision_of(request.POST),
        by=cast("User", request.user),
    )
    messages.success(request, f"{found} has these settings now.")
    return redirect("planning:design-lab", found.pk)


def _tried(plan: Plan, data: QueryDict) -> Specification:
    form = LabForm(QueryDict(data.get("settings", "")), plan=_plan_of(plan))
    if not form.is_valid() or form.told is None:
        said = [str(error) for errors in form.errors.values() for error in errors]
        raise NotAPlan(said[0] if said else "")
    return form.told


def _plan_of(plan: Plan) -> Specification:
    read = asked.read(plan.specification)
    if read.told is None:
        raise NotAPlan(read.refusal, remedy="Correct the plan as text.")
    return read.told


def _numbers(text: str) -> list[int]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise NotAPlan("No design came with it. Optimise again, and keep what you see.")
    return found
