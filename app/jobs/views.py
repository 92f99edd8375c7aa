"""Pages of jobs, and the fragment that keeps a job's card up to date."""

import csv
import uuid
from collections.abc import Iterator
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common import spreadsheets
from common.errors import NotThere
from jobs import queries, services
from jobs.chips import chips, total
from jobs.errors import OperatorsOnly
from jobs.forms import FilterForm
from jobs.models import Job, JobQuerySet

CSV_COLUMNS = (
    "id",
    "name",
    "label",
    "status",
    "attempts",
    "created_at",
    "started_at",
    "finished_at",
    "seconds",
    "error",
)
CSV_MOST = 10_000


@require_safe
@login_required
def jobs(request: HttpRequest) -> HttpResponse:
    filters = FilterForm.filters(request.GET)
    page = queries.page(queries.jobs_of(request.user, filters), after=request.GET.get("after", ""))
    tallies = queries.tally(request.user, filters)
    context = {
        "page": page,
        "groups": chips(request.GET, filters, tallies),
        "total": total(filters, tallies),
        "filters": filters,
        "query": _query(request),
    }
    return render(request, "jobs/list.html", context)


def _query(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    return query.urlencode()


@require_safe
@login_required
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Send the list as CSV, with the filters of its address."""
    found = queries.jobs_of(request.user, FilterForm.filters(request.GET))
    response = StreamingHttpResponse(_lines(found), content_type="text/csv; charset=utf-8")
    name = f"jobs-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class _Echo:
    """A file whose writes come back, as csv wants one to write to."""

    def write(self, line: str) -> str:
        return line


def _lines(found: JobQuerySet) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(CSV_COLUMNS)
    for job in queries.newest_first(found).defer(*queries.WIDE)[:CSV_MOST]:
        yield writer.writerow([spreadsheets.cell(getattr(job, column)) for column in CSV_COLUMNS])


def _visible(request: HttpRequest, job_id: uuid.UUID) -> Job:
    found = Job.objects.visible_to(request.user).select_related("created_by", "project")
    job = found.filter(pk=job_id).first()
    if job is None:
        raise NotThere
    return job


def _may_change(request: HttpRequest, job: Job) -> bool:
    return Job.objects.editable_by(request.user).filter(pk=job.pk).exists()


@require_safe
@login_required
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    found = _visible(request, job_id)
    context = {"job": found, "may_change": _may_change(request, found), "on_page": True}
    return render(request, "jobs/job.html", context)


@require_safe
@login_required
@never_cache
def card(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Show what moves on a card; the answer for a finished job asks for no further one."""
    return _state(request, _visible(request, job_id))


def _state(request: HttpRequest, found: Job) -> HttpResponse:
    on_page = "on_page" in request.GET
    context = {"job": found, "may_change": _may_change(request, found), "on_page": on_page}
    response = render(request, "jobs/_state.html", context | {"is_fragment": True})
    if found.finished and on_page:
        response["HX-Refresh"] = "true"  # the result appears around the card
    return response


@require_safe
@login_required
def log(request: HttpRequest, job_id: uuid.UUID) -> HttpResponseBase:
    file = _visible(request, job_id).log_file
    if not file.exists():
        raise NotThere("This job has printed nothing, or its log was cleared with age.")
    name = f"job-{job_id}.txt"
    return FileResponse(file.open("rb"), as_attachment=True, filename=name)


@require_POST
@login_required
def cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    changed = services.cancel(job=_visible(request, job_id), user=request.user)
    return _after_change(request, changed)


@require_POST
@login_required
def retry(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    changed = services.retry(job=_visible(request, job_id), user=request.user)
    return _after_change(request, changed)


def _after_change(request: HttpRequest, changed: Job) -> HttpResponse:
    if getattr(request, "htmx", False):
        return _state(request, changed)
    return redirect("jobs:job", changed.pk)


@require_POST
@login_required
def self_test(request: HttpRequest) -> HttpResponse:
    """Let an operator see that work begins, moves and ends."""
    if not cast("Any", request.user).is_staff:
        raise OperatorsOnly
    started = services.enqueue("jobs.self_test", arguments={"seconds": 10}, user=request.user)
    messages.success(request, "The test was started. It takes about ten seconds.")
    return redirect("jobs:job", started.pk)
