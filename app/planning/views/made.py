"""What is made of a design or an analysis, as files to take away."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Project
from planning.errors import NotAPlan
from planning.queries import found_designs as found
from planning.reports import design as designs
from planning.reports import html, task
from planning.reports import power as analyses
from planning.reports.paper import Paper


@require_safe
@login_required
@never_cache
def design(request: HttpRequest, design: UUID) -> HttpResponse:
    """Show what can be made of a design."""
    one = found.design(request.user, design)
    may = Project.objects.editable_by(request.user).filter(pk=one.plan.project_id).exists()
    return render(request, "planning/made/design.html", {"design": one, "may_change": may})


@require_safe
@login_required
@never_cache
def design_task(request: HttpRequest, design: UUID) -> HttpResponse:
    """Send a design as a protocol, which experiments can bring in."""
    one = found.design(request.user, design)
    return _file(task.file(one), "application/json; charset=utf-8", task.file_name(one))


@require_safe
@login_required
@never_cache
def design_report(request: HttpRequest, design: UUID, form: str) -> HttpResponse:
    """Send the report of a design."""
    one = found.design(request.user, design)
    paper = designs.paper(one, release=settings.RELEASE)
    return _report(paper, f"design-{paper.mark[:12]}", form)


@require_safe
@login_required
@never_cache
def power_report(request: HttpRequest, analysis: UUID, form: str) -> HttpResponse:
    """Send the report of an analysis, for the power that the address asks for."""
    one = found.analysis(request.user, analysis)
    paper = analyses.paper(one, release=settings.RELEASE, power=_power(request))
    return _report(paper, f"power-{paper.mark[:12]}", form)


def _power(request: HttpRequest) -> float:
    try:
        wanted = float(request.GET.get("power") or analyses.USUAL_POWER)
    except ValueError:
        raise NotAPlan("The wanted power is a number, such as 0.8.") from None
    if not 0 < wanted < 1:
        raise NotAPlan("The wanted power is between 0 and 1, such as 0.8.")
    return wanted


def _report(paper: Paper, name: str, form: str) -> HttpResponse:
    if form == "pdf":
        write = import_string("planning.reports.pdf.write")  # takes a second: not at each start
        return _file(write(paper), "application/pdf", f"{name}.pdf")
    return _file(html.write(paper), "text/html; charset=utf-8", f"{name}.html")


def _file(content: str | bytes, media_type: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=media_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
