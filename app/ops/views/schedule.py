"""The scheduled jobs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ops import rhythms
from ops.access import operators_only
from ops.queries import schedule


@require_safe
@operators_only
def schedule_page(request: HttpRequest) -> HttpResponse:
    job, bad = request.GET.get("job", ""), request.GET.get("show") == "bad"
    context = {
        "plans": schedule.plans(),
        "runs": schedule.recent_runs(job=job, bad=bad),
        "job": job,
        "bad": bad,
        "silence": schedule.silence(),
        "last_tick": rhythms.last_tick(),
    }
    return render(request, "ops/schedule.html", context)
