"""The ledger of releases."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.errors import NotThere
from ops.access import operators_only
from ops.queries import releases


@require_safe
@operators_only
def release_list(request: HttpRequest) -> HttpResponse:
    outcome = request.GET.get("outcome", "")
    before = request.GET.get("before", "")
    page = releases.page(outcome=outcome, before=int(before) if before.isdecimal() else None)
    context = {
        "page": page,
        "outcome": outcome,
        "counts": releases.counts(),
        "faults": releases.faults(),
    }
    return render(request, "ops/releases.html", context)


@require_safe
@operators_only
def release_detail(request: HttpRequest, number: int) -> HttpResponse:
    attempt = releases.attempt_of(number)
    if attempt is None:
        raise NotThere("The ledger has no attempt with this number.")
    context = {"attempt": attempt, "log": attempt.log_tail(), "faults": releases.faults()}
    return render(request, "ops/release.html", context)
