"""What is made of a design or an analysis, as files to take away."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Project
from planning.queries import found_designs as found
from planning.reports import task


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


def _file(content: str | bytes, media_type: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=media_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
