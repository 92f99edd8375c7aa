"""The first page of the area: everything that a person plans."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from planning.queries import studies as asked


@require_safe
@login_required
@never_cache
def studies(request: HttpRequest) -> HttpResponse:
    is_archive = request.GET.get("state") == "archived"
    context = {
        "analyses": asked.analyses(request.user),
        "plans": asked.plans(request.user, archived=is_archive),
        "is_archive": is_archive,
        "may_plan": asked.may_plan(request.user),
    }
    return render(request, "planning/studies.html", context)
