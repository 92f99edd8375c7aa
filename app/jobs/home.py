"""What jobs have to tell on the home page: which failed, and what ran lately."""

from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import Truncator

from common.home import Need, Panel, Share
from jobs import queries
from jobs.models import Job

SHOWN = 5
NAMED = 3
DETAIL = 160


def share(request: HttpRequest) -> Share:
    recent = queries.page(Job.objects.visible_to(request.user), size=SHOWN).jobs
    panel = Panel(template="jobs/_home.html", facts=recent)
    return Share(needs=needs(request), panels=[panel] if recent else [])


def needs(request: HttpRequest) -> list[Need]:
    """Name the newest failures; say how many more there are."""
    newest = queries.newest_first(queries.failed_lately(request.user)).defer(*queries.WIDE)
    failed = list(newest[: NAMED + 1])
    named = [
        Need(
            title=f"“{job.label}” failed",
            detail=Truncator(job.error).chars(DETAIL),
            url=reverse("jobs:job", args=[job.pk]),
            verb="Look at the job",
        )
        for job in failed[:NAMED]
    ]
    return named + [_others()] * (len(failed) > NAMED)


def _others() -> Need:
    days = queries.FAILURE_COUNTS // timedelta(days=1)
    return Need(
        title=f"More jobs failed in the last {days} days",
        url=f"{reverse('jobs:list')}?status=failed",
        verb="Show them",
    )
