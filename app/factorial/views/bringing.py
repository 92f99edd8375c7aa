"""Bringing a design in, making one, extending one: first a preview, written only when accepted."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import NotThere
from factorial import previews
from factorial.forms import BringForm, ExtendForm, MoreRunsForm
from factorial.models import Design
from factorial.queries import designs as asked
from factorial.queries.whole_designs import plan_of
from factorial.recipe_forms import Making
from factorial.services import designs
from touchstone import design as plans
from touchstone import generator, recipe_json, xml
from touchstone.errors import DesignError
from touchstone.recipe import Recipe

if TYPE_CHECKING:
    from accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def bring(request: HttpRequest) -> HttpResponse:
    """Bring a design in from a file."""
    if request.method != "POST":
        form = BringForm(person=request.user, initial={"project": request.GET.get("project")})
        return render(request, "factorial/bring.html", {"form": form})
    form = BringForm(request.POST, request.FILES, person=request.user)
    if not form.is_valid():
        return render(request, "factorial/bring.html", {"form": form})
    if "accept" in request.POST:
        return _accepted(request, _brought(form, request.user))
    context = {"form": form, "preview": previews.of(form.plan), "carried": form.carried}
    return render(request, "factorial/preview.html", context)


def _brought(form: BringForm, person: Any) -> Design:
    data = form.cleaned_data
    return designs.add_design(
        project=data["project"],
        plan=form.plan,
        by=person,
        format=data["form"],
        document=designs.text_of(data["document"]),
        has_fixed_measures=data["has_fixed_measures"],
        is_pilot=data["is_pilot"],
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def make(request: HttpRequest) -> HttpResponse:
    """Make a design from a recipe; the form stays on the page, with what comes of it below."""
    making = Making(request.user, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"making": making}
    made = making.result() if request.method == "POST" else None
    if made and "accept" in request.POST:
        return _accepted(request, _made(making, *made, by=request.user))
    if made:
        recipe, plan = made
        context["preview"] = previews.of(plan, recipe=recipe)
    return render(request, "factorial/make.html", context)


def _made(making: Making, recipe: Recipe, plan: plans.Design, *, by: Any) -> Design:
    return designs.add_design(
        project=making.main.cleaned_data["project"],
        plan=plan,
        by=by,
        format=Design.Format.GENERATED,
        document=xml.write(plan),
        recipe=recipe_json.to_json(recipe),
    )


def _accepted(request: HttpRequest, design: Design) -> HttpResponse:
    messages.success(request, f"{design} is there.")
    return redirect("factorial:design", design.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def extend(request: HttpRequest, design: int) -> HttpResponse:
    """Add runs, by the recipe of the design or by a file that has more of them."""
    found = asked.visible(request.user, design)
    if not asked.may_change(request.user, found):
        raise NotThere
    by_recipe = "more" in request.POST
    more = MoreRunsForm(request.POST if by_recipe else None) if found.recipe else None
    form = ExtendForm(request.POST, request.FILES) if _is_file(request) else ExtendForm()
    asked_of = more if by_recipe and more else form
    context: dict[str, Any] = {"design": found, "form": form, "more": more}
    if asked_of.is_bound and asked_of.is_valid():
        plan = _extended(found, asked_of)
        if plan is not None and "accept" in request.POST:
            return _grown(request, found, plan, asked_of)
        if plan is not None:
            return render(
                request, "factorial/preview.html", context | _growth(found, plan, asked_of)
            )
    return render(request, "factorial/extend.html", context)


def _is_file(request: HttpRequest) -> bool:
    return request.method == "POST" and "more" not in request.POST


def _extended(design: Design, form: ExtendForm | MoreRunsForm) -> plans.Design | None:
    """Return the design with its new runs; nothing where the form says why not."""
    if isinstance(form, ExtendForm):
        return form.plan
    recipe = recipe_json.from_json(design.recipe)
    try:
        return generator.extend(plan_of(design), recipe, form.cleaned_data["more"])
    except DesignError as error:
        form.add_error("more", error.message)
        return None


def _growth(design: Design, plan: plans.Design, form: Any) -> dict[str, Any]:
    there = set(design.planned_runs.values_list("code", flat=True))
    new = [place for place, run in enumerate(plan.runs) if run.id not in there]
    recipe = recipe_json.from_json(design.recipe) if design.recipe else None
    preview = previews.of(plan, recipe=recipe, first_run=new[0] if new else 0)
    return {"preview": preview, "carried": form.carried, "new": len(new)}


def _grown(request: HttpRequest, design: Design, plan: plans.Design, form: Any) -> HttpResponse:
    person = cast("User", request.user)
    document = form.cleaned_data.get("document")
    text = designs.text_of(document) if document else ""
    count = designs.extend(design=design, plan=plan, by=person, document=text)
    messages.success(request, f"{count} run{'' if count == 1 else 's'} added.")
    return redirect("factorial:design", design.pk)
