"""The card of a job for the pages of other areas."""

from typing import Any

from django import template
from django.template.context import Context

from jobs.models import Job, Status

register = template.Library()
TONES = {
    Status.RUNNING: "badge-accent",
    Status.SUCCEEDED: "badge-good",
    Status.FAILED: "badge-harm",
    Status.CANCELLED: "badge-warning",
}


@register.inclusion_tag("jobs/_card.html", takes_context=True)
def job_card(context: Context, job: Job) -> dict[str, Any]:
    """Show phase, progress, time left, log and cancel; keeps itself up to date while it runs."""
    request = context["request"]
    may_change = Job.objects.editable_by(request.user).filter(pk=job.pk).exists()
    return {"job": job, "may_change": may_change, "request": request, "on_page": False}


@register.inclusion_tag("jobs/_badge.html")
def job_badge(job: Job) -> dict[str, Any]:
    """Show a job's state in a word."""
    return {"word": _word(job), "tone": TONES.get(Status(job.status), "")}


def _word(job: Job) -> str:
    if job.cancelling:
        return "being cancelled"
    if job.waits_for_retry:
        return "waits for another try"
    return str(job.get_status_display()).lower()
