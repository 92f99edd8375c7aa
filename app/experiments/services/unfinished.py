"""Going on with a run that was begun before, for somebody who has just signed in in another one."""

from dataclasses import dataclass
from datetime import datetime

from django.core import signing
from django.db import transaction
from django.utils.timezone import now

from accounts.keys import new_link
from experiments.errors import OfferIsOver
from experiments.models import Sitting
from runs.models import Event, Run
from runs.services import leases, runs

SALT, LASTS_S = "experiments.unfinished", 1800


@dataclass(frozen=True)
class Offer:
    """What was begun before, and the ticket that leads there; a ticket is of use to one run."""

    began_at: datetime
    percent: int
    ticket: str


def ticket_of(sitting: Sitting) -> str:
    """Return what offers somebody who has just signed in their unfinished run; empty: has none.

    A run that a recruiter sent, or that a group waits for, is gone on with where it was begun.
    """
    there = Sitting.objects.filter(
        revision__protocol=sitting.revision.protocol_id,
        run__participant=sitting.run.participant_id,
        run__status__in=Run.OPEN,
        run__is_pilot=sitting.run.is_pilot,
        run__member=None,
        link__recruiter=None,
    ).exclude(pk=sitting.pk)
    is_sent = sitting.link is not None and sitting.link.recruiter_id is not None
    earlier = None if is_sent else there.order_by("-run__created_at").first()
    return _signed(sitting.run, earlier) if earlier else ""


def _signed(here: Run, there: Sitting) -> str:
    return signing.dumps([str(here.pk), str(there.pk)], salt=SALT)


def offered(*, ticket: str, run: Run) -> Offer | None:
    """Return what a ticket offers; None where it is not of this run, too old, or used."""
    found = _led_to(ticket, run)
    if found is None:
        return None
    began_at = found.run.began_at or found.run.created_at
    return Offer(began_at, round(found.progress * 100), ticket)


def _led_to(ticket: str, run: Run) -> Sitting | None:
    try:
        here, there = signing.loads(ticket, salt=SALT, max_age=LASTS_S)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    rows = Sitting.objects.select_related("run").filter(run__participant=run.participant_id)
    mine = rows.filter(pk=there, run__status__in=Run.OPEN) if here == str(run.pk) else rows.none()
    return mine.first()


@transaction.atomic
def go_back(*, ticket: str, run: Run, holder: str) -> str:
    """Let a browser go on with the earlier run; return its new key, the one before is worthless.

    Raises
    ------
    OfferIsOver
        The ticket is too old, or the earlier run has ended.
    """
    found = _led_to(ticket, run)
    if found is None:
        raise OfferIsOver
    key, at = new_link(), now()
    runs.open_again(run=found.run, key=key)
    leases.take_over(run=found.run, holder=holder, at=at)
    data = {"instead_of": str(run.pk)}
    Event.objects.create(run=found.run, kind="gone on with", received_at=at, data=data)
    return key
