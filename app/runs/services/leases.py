"""One writer at a time: each post renews the lease of the browser that sent it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

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
    if not renew(Run.objects.filter(pk=run.pk), holder=holder, at=at):
        run.refresh_from_db(fields=["status"])
        raise HeldElsewhere if run.is_open else RunIsOver


def renew(which: QuerySet[Any], *, holder: str, at: datetime) -> bool:
    """Return whether ``holder`` may write to a run, which is told of as a query of one row.

    Until the transaction ends, nobody else writes to it: the database keeps them waiting.
    """
    free = Q(holder__in=["", holder]) | Q(held_until=None) | Q(held_until__lte=at)
    mine = which.filter(free, status__in=Run.OPEN)
    return bool(
        mine.order_by().values("pk").update(holder=holder, held_until=at + HELD_FOR, seen_at=at)
    )


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
