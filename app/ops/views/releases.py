"""The ledger of releases."""

import csv

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common import spreadsheets
from common.errors import NotThere
from ops.access import operators_only
from ops.queries import releases

MOST_DIGITS = 9
CSV_HEAD = "number,outcome,kind,who,from,to,release,subject,commits,started,seconds,reason"


@require_safe
@operators_only
def release_list(request: HttpRequest) -> HttpResponse:
    outcome, kind = request.GET.get("outcome", ""), request.GET.get("kind", "")
    before = request.GET.get("before", "")
    older = int(before) if before.isdecimal() and len(before) <= MOST_DIGITS else None
    context = {
        "page": releases.page(outcome=outcome, kind=kind, before=older),
        "outcome": outcome,
        "kind": kind,
        "counts": releases.counts(),
        "faults": releases.faults(),
    }
    return render(request, "ops/releases.html", context)


@require_safe
@operators_only
def release_csv(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Every attempt as a table for other programs."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="releases.csv"'
    writer = csv.writer(response)
    writer.writerow(CSV_HEAD.split(","))
    for one in releases.attempts():
        cells = [one.outcome, one.kind, one.who, one.before, one.after, one.release, one.subject]
        times = [one.row.get("commits"), one.started, one.seconds]
        writer.writerow([one.number, *map(spreadsheets.cell, [*cells, *times, one.reason])])
    return response


@require_safe
@operators_only
def release_detail(request: HttpRequest, number: int) -> HttpResponse:
    attempt = releases.attempt_of(number)
    if attempt is None:
        raise NotThere("The ledger has no attempt with this number.")
    context = {"attempt": attempt, "log": attempt.log_tail(), "faults": releases.faults()}
    return render(request, "ops/release.html", context)
