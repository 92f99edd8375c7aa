"""Jobs for programs: read them, follow one, cancel one."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from common.errors import NotThere
from jobs import queries, services
from jobs.forms import FilterForm
from jobs.models import Job


class JobRow(serializers.ModelSerializer[Job]):
    """A job in a list: its state without what it printed and gave."""

    url = serializers.HyperlinkedIdentityField(
        view_name="jobs-api:job", lookup_field="pk", lookup_url_kwarg="job_id"
    )
    time_left_s = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id",
            "url",
            "name",
            "label",
            "status",
            "attempts",
            "max_attempts",
            "project",
            "created_at",
            "run_after",
            "started_at",
            "finished_at",
            "cancel_requested_at",
            "phase",
            "message",
            "done",
            "total",
            "fraction",
            "seconds",
            "time_left_s",
            "error",
        ]
        read_only_fields = fields

    def get_time_left_s(self, job: Job) -> float | None:
        return None if job.time_left is None else round(job.time_left.total_seconds(), 1)


class JobWhole(JobRow):
    """One job with its arguments, its result and the end of its log."""

    class Meta(JobRow.Meta):
        fields = [*JobRow.Meta.fields, "arguments", "result", "log_tail"]
        read_only_fields = fields


def _visible(request: Request, job_id: uuid.UUID) -> Job:
    job = Job.objects.visible_to(request.user).filter(pk=job_id).first()
    if job is None:
        raise NotThere
    return job


class Jobs(APIView):
    """`GET`: the jobs that you may see, newest first; `status`, `name`, `whose=me`, `after`."""

    def get(self, request: Request) -> Response:
        query = request.query_params
        found = queries.jobs_of(request.user, FilterForm.filters(query))
        page = queries.page(found, after=query.get("after", ""))
        rows = JobRow(page.jobs, many=True, context={"request": request})
        return Response({"results": rows.data, "next": _next(request, page.older)})


def _next(request: Request, older: str) -> str | None:
    if not older:
        return None
    query = request.query_params.copy()
    query["after"] = older
    address: str = reverse("jobs-api:list", request=request)
    return f"{address}?{query.urlencode()}"


class OneJob(APIView):
    """`GET`: one job with its progress, result and the end of its log."""

    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        return _whole(request, _visible(request, job_id))


class Cancel(APIView):
    """`POST`: end a job; answers with its state, which may be running for a little longer."""

    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        job = services.cancel(job=_visible(request, job_id), user=request.user)
        return _whole(request, job)


def _whole(request: Request, job: Job) -> Response:
    data: dict[str, Any] = JobWhole(job, context={"request": request}).data
    return Response(data)
