"""The state of the site at one look."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common import maintenance
from jobs.queries import worker_heartbeats
from ops import health
from ops.access import operators_only
from ops.home import place_of
from ops.queries import backups, errors, releases, schedule
from ops.services import take_in_errors

SHOWN = 5


@require_safe
@operators_only
def overview(request: HttpRequest) -> HttpResponse:
    take_in_errors()
    attempts, state = releases.attempts(), health.examine()
    context = {
        "health": state,
        "checks": [(name, check, place_of(name)) for name, check in state.checks.items()],
        "faults": releases.faults(),
        "live": next((found for found in attempts if found.is_live), None),
        "release": settings.RELEASE,
        "commit": settings.COMMIT,
        "attempts": attempts[:SHOWN],
        "plans": schedule.plans(),
        "errors": errors.reports()[:SHOWN],
        "open_errors": errors.open_count(),
        "backups": backups.state(),
        "workers": worker_heartbeats(),
        "maintenance": maintenance.current(),
        "site_name": settings.SITE_NAME,
    }
    return render(request, "ops/overview.html", context)
