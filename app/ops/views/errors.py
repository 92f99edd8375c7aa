"""The recent errors."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from ops import services
from ops.access import operators_only
from ops.models import ErrorReport
from ops.queries import errors


@require_safe
@operators_only
def error_list(request: HttpRequest) -> HttpResponse:
    services.take_in_errors()
    state = request.GET.get("state", "open")
    request_id = request.GET.get("request", "").strip()
    context = {
        "page": errors.page(
            state=state, request_id=request_id, before=request.GET.get("before", "")
        ),
        "counts": errors.counts(),
        "state": state,
        "request_id": request_id,
    }
    return render(request, "ops/errors.html", context)


@require_safe
@operators_only
def error_detail(request: HttpRequest, pk: int) -> HttpResponse:
    report = get_object_or_404(ErrorReport.objects.select_related("resolved_by"), pk=pk)
    context = {"report": report, "occurrences": errors.occurrences(report)}
    return render(request, "ops/error.html", context)


@require_POST
@operators_only
def error_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    report = get_object_or_404(ErrorReport, pk=pk)
    services.resolve_error(report=report, user=request.user)
    messages.success(request, "Marked as resolved. It opens again by itself if it happens again.")
    return redirect("ops:errors")


@require_POST
@operators_only
def error_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    report = get_object_or_404(ErrorReport, pk=pk)
    services.reopen_error(report=report, user=request.user)
    return redirect("ops:error", pk=pk)
