"""Links that are shared: the list with its making and revoking, and the page that visitors see."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import addresses
from accounts.models import Project
from accounts.throttles import limit
from common.errors import NotThere
from planning.forms.power_asking import AskingForm
from planning.forms.sharing import ShareForm
from planning.models import Plan, PowerAnalysis
from planning.queries import power_results as results
from planning.queries import searches as scores
from planning.queries import sharing as asked
from planning.services import sharing


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def of_plan(request: HttpRequest, plan: uuid.UUID) -> HttpResponse:
    return _links(request, asked.plan(request.user, plan))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def of_analysis(request: HttpRequest, analysis: uuid.UUID) -> HttpResponse:
    return _links(request, asked.analysis(request.user, analysis))


def _links(request: HttpRequest, of: Plan | PowerAnalysis) -> HttpResponse:
    form, person = ShareForm(request.POST or None), _person(request)
    token = ""
    if request.method == "POST" and form.is_valid():
        made = sharing.share(of=of, by=person, **form.cleaned_data)
        token, form = made.token, ShareForm()
    is_plan = isinstance(of, Plan)
    project = of.project if isinstance(of, Plan) else of.pilot.project
    context = {
        "of": of,
        "plan": of if is_plan else None,
        "analysis": None if is_plan else of,
        "links": asked.links_to(of),
        "form": form,
        "address": _address(token) if token else "",
        "may_change": Project.objects.editable_by(person).filter(pk=project.pk).exists(),
    }
    return render(request, "planning/shared/links.html", context)


def _address(token: str) -> str:
    return settings.SITE_URL.rstrip("/") + reverse("planning:shared", args=[token])


@require_POST
@login_required
def revoke(request: HttpRequest, link: int) -> HttpResponse:
    found = asked.link(request.user, link)
    sharing.revoke(link=found, by=_person(request))
    messages.success(request, "The link leads nowhere from now on.")
    if found.plan_id:
        return redirect("planning:plan-links", found.plan_id)
    return redirect("planning:power-links", found.analysis_id)


@require_safe
@never_cache
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show a result to whoever has the link: without an account, a cookie or anybody's name."""
    limit("shared-address").need(addresses.neighbourhood(addresses.of(request)))
    link = sharing.opened(token)
    if link.plan is not None:
        page, context = "plan", _of_plan(link.plan)
    elif link.analysis is not None:
        page, context = "analysis", _of_analysis(link.analysis)
    else:
        raise NotThere
    response = render(request, f"planning/shared/{page}.html", context | {"link": link})
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _of_plan(plan: Plan) -> dict[str, Any]:
    designs = asked.kept_designs(plan)
    return {"plan": plan, "read": asked.read(plan), "designs": designs,
            "rows": scores.rows_of(designs)}  # fmt: skip


def _of_analysis(analysis: PowerAnalysis) -> dict[str, Any]:
    if not analysis.result or analysis.refusal:
        return {"analysis": analysis}
    made = results.analysis_of(analysis)
    wish = AskingForm.of(QueryDict(), made).wish
    return {"analysis": analysis, "made": made, "told": results.told(analysis, made, wish)}


def _person(request: HttpRequest) -> Any:
    return request.user
