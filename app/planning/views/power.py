"""One power analysis, its steps as pages: the answer, the peaks, the settings."""

import csv
import io
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from common.charts import svg
from common.errors import NotThere
from common.spreadsheets import cell
from planning.forms.power_asking import AskingForm
from planning.models import PowerAnalysis
from planning.numbers import power_answers
from planning.pictures import power as pictures
from planning.queries import power as asked
from planning.queries import power_results as results
from planning.services import power_files

NO_CONTENT = 204


@require_safe
@login_required
@never_cache
def answer(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Show how many participants a study needs, how far the work is, or why there is none."""
    found = asked.visible(request.user, analysis)
    if request.headers.get("HX-Request") and "waiting" in request.GET:
        return _tick(found)
    context = _about(request, found, "answer")
    if found.result and not found.refusal:
        context |= _answers(request, found)
    return render(request, "planning/power/answer.html", context)


def _tick(found: PowerAnalysis) -> HttpResponse:
    """Tell a page that waits to show itself anew, once there is an answer."""
    answer = HttpResponse(status=NO_CONTENT)
    if found.finished_at:
        answer["HX-Refresh"] = "true"
    return answer


def _answers(request: HttpRequest, found: PowerAnalysis) -> dict[str, Any]:
    made = results.analysis_of(found)
    form = AskingForm.of(request.GET, made)
    told = results.told(found, made, form.wish)
    drawn = pictures.of_power(made, form.wish.power)
    return {"form": form, "told": told, "made": made, "power_chart": drawn}


def _about(request: HttpRequest, found: PowerAnalysis, tab: str) -> dict[str, Any]:
    return {
        "analysis": found,
        "tab": tab,
        "others": asked.others(found),
        "may_change": asked.may_change(request.user, found),
    }


def _with_result(request: HttpRequest, key: UUID) -> PowerAnalysis:
    found = asked.visible(request.user, key)
    if not found.result:
        raise NotThere
    return found


@require_safe
@login_required
@never_cache
def peaks(request: HttpRequest, analysis: UUID) -> HttpResponse:
    found = _with_result(request, analysis)
    order = request.GET.get("sort", "")
    context = _about(request, found, "peaks") | results.peaks_shown(
        found, order, request.GET.get("page", "")
    )
    return render(request, "planning/power/peaks.html", context)


@require_safe
@login_required
@never_cache
def peaks_table(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Send all peaks as a table of values."""
    found = _with_result(request, analysis)
    return _csv(results.peaks_as_table(found), f"peaks-{found.mark[:12]}.csv")


@require_safe
@login_required
@never_cache
def curves_table(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Send power by number of participants as a table of values."""
    found = _with_result(request, analysis)
    if found.refusal:
        raise NotThere
    return _csv(power_answers.table(results.analysis_of(found)), f"power-{found.mark[:12]}.csv")


@require_safe
@login_required
@never_cache
def fit(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Show what the model makes of the peaks."""
    found = _with_result(request, analysis)
    made = results.analysis_of(found)
    charts = {"p_chart": pictures.of_p(made), "heights_chart": pictures.of_heights(made)}
    context = _about(request, found, "fit") | charts | {"made": made}
    return render(request, "planning/power/fit.html", context)


@require_safe
@login_required
@never_cache
def picture(request: HttpRequest, analysis: UUID, name: str) -> HttpResponse:
    """Send a chart as a file."""
    found = _with_result(request, analysis)
    draw = pictures.PICTURES.get(name)
    if draw is None or (name == "power" and found.refusal):
        raise NotThere
    answer = HttpResponse(svg.file(draw(results.analysis_of(found))), content_type="image/svg+xml")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{found.mark[:12]}.svg"'
    return answer


@require_safe
@login_required
@never_cache
def viewer(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Show the map in three planes, with its peaks."""
    found = _with_result(request, analysis)
    context = _about(request, found, "viewer") | results.viewed(found, request.GET.get("peak", ""))
    return render(request, "planning/power/viewer.html", context)


@require_safe
@login_required
@cache_control(private=True, max_age=3600)
def volume(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """Send the map as the viewer reads it."""
    found = asked.visible(request.user, analysis, without=asked.HEAVY)
    content = results.volume_of(found)
    if content is None:
        raise NotThere
    answer = HttpResponse(content, content_type="application/octet-stream")
    answer["Content-Encoding"] = "gzip"
    return answer


@require_safe
@login_required
@never_cache
def settings_used(request: HttpRequest, analysis: UUID) -> HttpResponse:
    found = asked.visible(request.user, analysis)
    context = _about(request, found, "settings") | {"used": results.settings_used(found)}
    context["may_remove"] = bool(
        found.pilot.digest
        and not found.pilot.removed_at
        and context["may_change"]
        and power_files.may_remove(request.user, found.pilot)
    )
    return render(request, "planning/power/settings.html", context)


def _csv(rows: Iterable[Iterable[object]], name: str) -> HttpResponse:
    text = io.StringIO()
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
