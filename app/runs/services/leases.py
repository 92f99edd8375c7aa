"""One writer at a time: each post renews the lease of the browser that sent it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from runs.errors import HeldElsewhere, RunIsOver
from runs.models import Event, Run

HELD_FOR = timedelta(seconds=90)


def hold(*, run: Run, holder: str, at: datetime) -> None:
    """Let ``holder`` write for a while, unless somebody else does; the database decides.

    Raises
    ------
    RunIsOver
        The run has ended.
    HeldElsewhere
        Another browser holds it.
    """
    free = Q(holder__in=["", holder]) | Q(held_until=None) | Q(held_until__lte=at)
    mine = Run.objects.filter(free, pk=run.pk, status__in=Run.OPEN)
    if not mine.update(holder=holder, held_until=at + HELD_FOR, seen_at=at):
        run.refresh_from_db(fields=["status"])
        raise HeldElsewhere if run.is_open else RunIsOver


@transaction.atomic
def take_over(*, run: Run, holder: str, at: datetime) -> None:
    """Let ``holder`` go on with a run that another browser holds; the run's events tell of it.

    Raises
    ------
    RunIsOver
        The run has ended.
    """
    before = Run.objects.select_for_update().get(pk=run.pk)
    if not before.is_open:
        raise RunIsOver
    Run.objects.filter(pk=run.pk).update(holder=holder, held_until=at + HELD_FOR, seen_at=at)
    if before.holder not in {"", holder}:
        data = {"from": before.holder[:8], "to": holder[:8]}
        Event.objects.create(run=run, kind="taken over", received_at=at, data=data)
