"""Pages of plans: one of them, making and changing it, as a form or as text."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.project_choice import offer_projects
from common.errors import NotThere
from planning.errors import NotAPlan, PlanChanged
from planning.forms.design_fields import TextForm, revision_of
from planning.forms.designs import Planning
from planning.models import Plan
from planning.queries import design_facts
from planning.queries import designs as asked
from planning.services import designs

if TYPE_CHECKING:
    from accounts.models import User

HTTP_OK = 200
EXAMPLE = """\
trials = 60
tr_s = 2.0
tail_s = 10.0

[gaps]
model = "exponential"  # or "uniform" (min_s, max_s), "fixed" (mean_s)
min_s = 2
mean_s = 3
max_s = 8

[[conditions]]
name = "faces"
share = 0.5
shown_s = 1.0

[[conditions]]
name = "houses"
share = 0.5
shown_s = 1.0

[[contrasts]]
faces = 1
houses = -1

[rules]
exact_counts = true
"""


@require_safe
@login_required
@never_cache
def plan(request: HttpRequest, plan: UUID) -> HttpResponse:
    found = asked.visible(request.user, plan)
    read = asked.read(found.specification)
    context = {
        "plan": found,
        "read": read,
        "facts": design_facts.of(read.told) if read.told else None,
        "designs": asked.kept(found),
        "entries": asked.history(found),
        "may_change": asked.may_change(request.user, found),
    }
    return render(request, "planning/designs/plan.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def make(request: HttpRequest) -> HttpResponse:
    """Make a plan by the form."""
    planning = Planning(request.user, request.POST if request.method == "POST" else None)
    is_valid = request.method == "POST" and planning.is_valid()
    if is_valid and planning.told and "accept" in request.POST:
        data = planning.main.cleaned_data
        made = designs.create(
            project=data["project"], name=data["name"], told=planning.told, by=_person(request)
        )
        messages.success(request, f"{made} is there. Now find a good design of it.")
        return redirect("planning:design-lab", made.pk)
    return _form_page(request, planning, {})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit(request: HttpRequest, plan: UUID) -> HttpResponse:
    """Change a plan by the form."""
    found = _changeable(request, plan)
    read = asked.read(found.specification)
    if read.told is None or not _fits_the_form(read.told):
        return redirect("planning:plan-text", found.pk)
    posted = request.POST if request.method == "POST" else None
    planning = Planning(request.user, posted, base=read.told, name=found.name)
    revision = _revision(request, found)
    context = {"plan": found, "revision": revision}
    if posted and planning.is_valid() and planning.told and "accept" in posted:
        try:
            designs.change(
                plan=found,
                name=planning.main.cleaned_data["name"],
                told=planning.told,
                revision=revision,
                by=_person(request),
            )
        except PlanChanged as error:
            planning.main.add_error(None, f"{error.title}. {error.message} {error.remedy}")
            return _form_page(request, planning, context, status=error.status)
        return _changed(request, found)
    return _form_page(request, planning, context)


def _fits_the_form(told: Any) -> bool:
    """Return whether the form can say everything of a specification that it would change."""
    return not any(getattr(each, "parts", ()) for each in told.experiment.conditions)


def _form_page(
    request: HttpRequest, planning: Planning, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    if planning.is_wrong and status == HTTP_OK:
        status = NotAPlan.status
    facts = design_facts.of(planning.told) if planning.told else None
    context |= {"planning": planning, "facts": facts}
    return render(request, "planning/designs/form.html", context, status=status)


@login_required
@require_POST
@never_cache
def facts(request: HttpRequest) -> HttpResponse:
    """Answer what the form comes to as it is now, beside it; nothing is stored."""
    planning = Planning(request.user, request.POST)
    planning.main.fields.pop("project", None)
    planning.main.fields["name"].required = False
    is_valid = planning.is_valid()
    context = {
        "facts": design_facts.of(planning.told) if is_valid and planning.told else None,
        "planning": planning,
        "is_fragment": True,
    }
    return render(request, "planning/designs/_facts.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def make_text(request: HttpRequest) -> HttpResponse:
    """Make a plan from a specification in TOML."""
    form = TextForm(request.POST or None, initial={"text": EXAMPLE})
    offer_projects(form, request.user)
    told = _told(form)
    if told is not None:
        data = form.cleaned_data
        made = designs.create(
            project=data["project"], name=data["name"], told=told, text=data["text"],
            by=_person(request),
        )  # fmt: skip
        messages.success(request, f"{made} is there.")
        return redirect("planning:plan", made.pk)
    return _text_page(request, form, {})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit_text(request: HttpRequest, plan: UUID) -> HttpResponse:
    """Change a plan as text; what is wrong is named by its place."""
    found = _changeable(request, plan)
    initial = {"name": found.name, "text": found.specification}
    form = TextForm(request.POST or None, initial=initial)
    del form.fields["project"]
    revision = _revision(request, found)
    context = {"plan": found, "revision": revision}
    told = _told(form)
    if told is not None:
        data = form.cleaned_data
        try:
            designs.change(
                plan=found, name=data["name"], told=told, text=data["text"],
                revision=revision, by=_person(request),
            )  # fmt: skip
        except PlanChanged as error:
            form.add_error(None, f"{error.title}. {error.message} {error.remedy}")
            return _text_page(request, form, context, status=error.status)
        return _changed(request, found)
    return _text_page(request, form, context)


def _told(form: TextForm) -> Any:
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return designs.read(form.cleaned_data["text"])
    except NotAPlan as error:
        form.add_error("text", error.message)
        return None


def _text_page(
    request: HttpRequest, form: TextForm, context: dict[str, Any], *, status: int = HTTP_OK
) -> HttpResponse:
    if form.is_bound and form.errors and status == HTTP_OK:
        status = NotAPlan.status
    return render(request, "planning/designs/text.html", {"form": form, **context}, status=status)


@login_required
@require_POST
def copy(request: HttpRequest, plan: UUID) -> HttpResponse:
    made = designs.copy(plan=asked.visible(request.user, plan), by=_person(request))
    messages.success(request, f"{made} is there; change it as you like.")
    return redirect("planning:plan", made.pk)


@login_required
@require_POST
def archive(request: HttpRequest, plan: UUID) -> HttpResponse:
    """Put a plan away, or take it back."""
    found = asked.visible(request.user, plan)
    is_archived = request.POST.get("state") != "current"
    designs.archive(plan=found, by=_person(request), is_archived=is_archived)
    said = "is archived" if is_archived else "is current again"
    messages.success(request, f"{found} {said}.")
    return redirect("planning:plan", found.pk)


@require_safe
@login_required
@never_cache
def specification(request: HttpRequest, plan: UUID) -> HttpResponse:
    """Send the specification of a plan as a file."""
    found = asked.visible(request.user, plan)
    answer = HttpResponse(found.specification, content_type="application/toml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="specification.toml"'
    return answer


def _changeable(request: HttpRequest, key: UUID) -> Plan:
    found = asked.visible(request.user, key)
    if not asked.may_change(request.user, found):
        raise NotThere
    return found


def _revision(request: HttpRequest, plan: Plan) -> int:
    """Return the revision that somebody saw when they began to change a plan."""
    return revision_of(request.POST) if request.method == "POST" else plan.revision


def _changed(request: HttpRequest, plan: Plan) -> HttpResponse:
    messages.success(request, f"{plan} is changed.")
    return redirect("planning:plan", plan.pk)


def _person(request: HttpRequest) -> "User":
    return cast("User", request.user)
