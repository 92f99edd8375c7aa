"""Runs of which nothing was heard for long: they have timed out."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from experiments.models import Link, Sitting
from runs.models import Event, Run
from runs.services import runs

USUAL = timedelta(days=30)
MOST_AT_ONCE = 1000  # the next tick goes on


def end_quiet() -> int:
    """End the runs of which nothing was heard for as long as their link says; return how many."""
    at = now()
    due = [key for _, key in zip(range(MOST_AT_ONCE), _due(at), strict=False)]
    return sum(_end(run, since, at) for run, since in due)


def _due(at: datetime) -> Iterator[tuple[object, datetime]]:
    hours = Link.objects.filter(quiet_h__gt=0).order_by("quiet_h")
    for number in [*hours.values_list("quiet_h", flat=True).distinct(), None]:
        since = at - (timedelta(hours=number) if number else USUAL)
        open_runs = Sitting.objects.filter(run__status__in=Run.OPEN)
        mine = open_runs.filter(Q(link__quiet_h=number) if number else _without_hours())
        for run in mine.filter(_quiet(since, "run__")).values_list("run", flat=True):
            yield run, since


def _without_hours() -> Q:
    return Q(link=None) | Q(link__quiet_h=None) | Q(link__quiet_h=0)


def _quiet(since: datetime, path: str = "") -> Q:
    never = Q(**{f"{path}seen_at": None, f"{path}created_at__lt": since})
    return Q(**{f"{path}seen_at__lt": since}) | never


@transaction.atomic
def _end(run: object, since: datetime, at: datetime) -> bool:
    """End a run, unless something was heard of it a moment ago."""
    still = Run.objects.select_for_update().filter(_quiet(since), pk=run, status__in=Run.OPEN)
    found = still.first()
    if found is None:
        return False
    runs.end(run=found, status=Run.Status.TIMED_OUT, at=at)
    Event.objects.create(run=found, kind="timed out", received_at=at)
    return True
