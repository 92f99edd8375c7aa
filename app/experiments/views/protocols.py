"""What people of a project see of a protocol: what its functions report, and where they fail."""

import csv
import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Project
from common.errors import NotThere
from common.spreadsheets import cell
from experiments.models import Protocol
from experiments.services import reports
from experiments.services.scripts import FAILED
from runs.models import Event

MOST_FAULTS = 50


@require_safe
@login_required
def protocols(request: HttpRequest) -> HttpResponse:
    seen = Protocol.objects.visible_to(request.user).filter(archived_at=None)
    rows = seen.select_related("project__lab").order_by("project__lab__name", "title")
    may_bring = Project.objects.editable_by(request.user).exists()
    context = {"protocols": rows, "may_bring": may_bring}
    return render(request, "experiments/protocols.html", context)


@require_safe
@login_required
@never_cache
def protocol(request: HttpRequest, protocol: uuid.UUID) -> HttpResponse:
    found = _protocol(request, protocol)
    told = reports.lines(found)
    columns = reports.columns(told)
    faults = Event.objects.filter(kind=FAILED, run__sitting__revision__protocol=found)
    context: dict[str, Any] = {
        "protocol": found,
        "columns": columns,
        "lines": [(line, [line.values.get(name, "") for name in columns]) for line in told],
        "faults": faults.select_related("run__participant").order_by("-pk")[:MOST_FAULTS],
        "may_try": _may_try(request, found),
    }
    return render(request, "experiments/protocol.html", context)


def _may_try(request: HttpRequest, found: Protocol) -> bool:
    """Return whether there is something to try, for somebody who may make links to it."""
    rows = Project.objects.editable_by(request.user).filter(pk=found.project_id)
    return found.revisions.published().exists() and rows.exists()


@require_safe
@login_required
@never_cache
def report(request: HttpRequest, protocol: uuid.UUID) -> HttpResponse:
    """Send what is reported as a table."""
    found = _protocol(request, protocol)
    told = reports.lines(found)
    columns = reports.columns(told)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.name}-report.csv"'
    table = csv.writer(answer)
    table.writerow(["participant", "run", "status", "began_at", *map(cell, columns)])
    for line in told:
        run = line.run
        who = run.participant.pseudonym if run.participant else ""
        began = run.began_at.isoformat() if run.began_at else ""
        values = [cell(line.values.get(name, "")) for name in columns]
        table.writerow([who, run.pk, run.status, began, *values])
    return answer


def _protocol(request: HttpRequest, key: uuid.UUID) -> Protocol:
    found: Protocol | None = (
        Protocol.objects.visible_to(request.user).select_related("project__lab").filter(pk=key)
    ).first()
    if found is None:
        raise NotThere
    return found
