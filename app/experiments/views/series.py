"""The page of somebody in a series: their waves by their clock, and the way into the open one."""

import zoneinfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from experiments.services import series


@never_cache
@csrf_exempt  # as in participant: who posts knows the token in the address
@require_http_methods(["GET", "HEAD", "POST"])
def waves(request: HttpRequest, token: str) -> HttpResponse:
    """Show the waves; a post says in which time zone they live."""
    enrolment = series.by_token(token)
    if request.method == "POST":
        series.live_in(enrolment=enrolment, time_zone=request.POST.get("time_zone", ""))
        return redirect("experiments:series", token=token)
    context = {
        "protocol": {"title": enrolment.series.title},
        "enrolment": enrolment,
        "waves": list(series.shown(enrolment)),
        "zones": sorted(zoneinfo.available_timezones()),
    }
    with override(series.zone_named(enrolment.time_zone)):
        return render(request, "experiments/series.html", context)
