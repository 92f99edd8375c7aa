"""Who does which run: offered for a moment, held under a lease, handed over, given back.

The database settles every race. A token is what a holder writes with: once another one has been
given, the old one writes nothing any more.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import now

from accounts import audit
from accounts.models import User
from factorial.errors import (
    DesignIsClosed,
    NoRunLeft,
    NotHeld,
    RunIsComplete,
    RunIsHeld,
    WrongToken,
)
from factorial.models import Design, PlannedRun
from factorial.models.designs import left_runs
from factorial.services.access import need_editable
from runs.models import Event, Run
from runs.services import runs

OFFERED_FOR = timedelta(seconds=20)
LONGEST_CELL = 100


@dataclass(frozen=True)
class Held:
    """A run that somebody may write to.

    ``key`` opens its address, and is known at its beginning alone.
    """

    run: Run
    token: str
    key: str = ""


def new_token() -> str:
    return str(uuid.uuid4())


# --- offering -----------------------------------------------------------------------------------


def offer(*, design: Design, at: datetime | None = None) -> PlannedRun:
    """Return the first run that is free, and keep it for whoever asked for a moment.

    Raises
    ------
    DesignIsClosed
        The design takes nobody in.
    NoRunLeft
        Every run has been begun or is being offered.
    """
    at = at or now()
    if not design.is_open or design.archived_at:
        raise DesignIsClosed
    found = _offered(design, at) or (_tried_out(design, at) if design.is_pilot else None)
    if found is None:
        raise NoRunLeft
    return found


@transaction.atomic
def _offered(design: Design, at: datetime) -> PlannedRun | None:
    """Tell two who ask at once of two runs: a row that one is at is passed over by the other."""
    free = PlannedRun.objects.free(at).filter(design=design).order_by("position")
    found: PlannedRun | None = free.select_for_update(skip_locked=True).first()
    if found is None:
        return None
    found.offered_at, found.offered_until = at, at + OFFERED_FOR
    found.save(update_fields=["offered_at", "offered_until"])
    if found.run_id and not _ended(found, found.run_id, at):
        return _offered(design, at)
    return found


def _ended(planned: PlannedRun, run_id: uuid.UUID, at: datetime) -> bool:
    """End the attempt of somebody who has gone; say no where they come back at this moment."""
    gone = left_runs(at).filter(pk=run_id).select_for_update(skip_locked=True, of=("self",))
    left = gone.first()
    if left is None:
        return False
    runs.end(run=left, status=Run.Status.TIMED_OUT, at=at)
    until = planned.offered_until
    free_again(planned)
    PlannedRun.objects.filter(pk=planned.pk).update(offered_until=until)
    planned.offered_until = until
    return True


def _tried_out(design: Design, at: datetime) -> PlannedRun | None:
    """Return a run of a pilot that was done before: pilots may be done again and again."""
    done = PlannedRun.objects.filter(design=design, run__is_pilot=True, put_aside_at=None)
    found: PlannedRun | None = done.order_by(F("offered_at").asc(nulls_first=True)).first()
    if found:
        PlannedRun.objects.filter(pk=found.pk).update(offered_at=at)
    return found


# --- holding ------------------------------------------------------------------------------------


@transaction.atomic
def hold(  # noqa: PLR0913  who takes it, and how
    *,
    planned: PlannedRun,
    at: datetime | None = None,
    takes_over: bool = False,
    token: str = "",
    key: str = "",
    external: Mapping[str, Any] | None = None,
) -> Held:
    """Give a run to whoever asks: a new attempt, or the open one once its holder has been quiet.

    ``takes_over`` asks nobody. A pilot is given to anybody, and begun anew when it was done.

    Raises
    ------
    RunIsHeld
        Somebody is at it.
    RunIsComplete
        It has been done, or plans nothing to do.
    DesignIsClosed
        It was not begun, and the design takes nobody in.
    """
    at, token = at or now(), token or new_token()
    if not planned.trial_count:
        raise RunIsComplete
    run = planned.run
    if run is None or (run.is_pilot and not run.is_open and planned.design.is_pilot):
        return _begin(planned, at, token, key, external)
    if not run.is_open:
        raise RunIsComplete
    if not _take(run, at, token, planned.design.lease_seconds, asks=not _is_free(run, takes_over)):
        raise RunIsHeld
    _note_handover(run, token, at)
    run.holder, run.held_until = token, at + timedelta(seconds=planned.design.lease_seconds)
    return Held(run, token)


def _is_free(run: Run, takes_over: bool) -> bool:
    return takes_over or run.is_pilot


def _begin(
    planned: PlannedRun, at: datetime, token: str, key: str, external: Mapping[str, Any] | None
) -> Held:
    """Make an attempt, unless somebody else made one meanwhile: then all of this is undone."""
    design = planned.design
    if not design.is_open or design.archived_at:
        raise DesignIsClosed
    frozen = runs.Design(Run.Source.FACTORIAL, design.digest, design.name or design.code)
    begun = runs.begin(
        project=design.project,
        design=frozen,
        external=external,
        is_pilot=design.is_pilot,
        key=key,
    )
    until = at + timedelta(seconds=design.lease_seconds)
    values = {
        "status": Run.Status.ACTIVE,
        "cell": planned.code[:LONGEST_CELL],
        "began_at": at,
        "seen_at": at,
        "holder": token,
        "held_until": until,
    }
    Run.objects.filter(pk=begun.run.pk).update(**values)
    for name, value in values.items():
        setattr(begun.run, name, value)
    mine = PlannedRun.objects.filter(pk=planned.pk, run=planned.run_id, put_aside_at=None)
    if not mine.update(run=begun.run, done=0, offered_until=None):
        raise RunIsHeld
    planned.run, planned.done, planned.offered_until = begun.run, 0, None
    return Held(begun.run, token, begun.key)


def _take(run: Run, at: datetime, token: str, lease: int, *, asks: bool) -> bool:
    """Give the lease to a token; who asks gets it only when nobody has it."""
    mine = Run.objects.filter(pk=run.pk, status__in=Run.OPEN)
    if asks:
        mine = mine.filter(Q(holder="") | Q(held_until=None) | Q(held_until__lte=at))
    until = at + timedelta(seconds=lease)
    return bool(mine.order_by().update(holder=token, held_until=until, seen_at=at))


def _note_handover(run: Run, token: str, at: datetime) -> None:
    if run.holder and run.holder != token:
        data = {"from": run.holder[:8], "to": token[:8]}
        Event.objects.create(run=run, kind="taken over", received_at=at, data=data)


def renew(*, run: Run, token: str, lease_seconds: int, at: datetime) -> None:
    """Let a holder go on; until the transaction ends, nobody else writes to the run.

    Raises
    ------
    WrongToken, NotHeld, RunIsComplete
        Another token was given since; nobody holds it; the run is over.
    """
    mine = Run.objects.filter(pk=run.pk, status__in=Run.OPEN, holder=token).exclude(holder="")
    until = at + timedelta(seconds=lease_seconds)
    if mine.order_by().update(held_until=until, seen_at=at):
        return
    _read_again(run)
    if not run.is_open:
        raise RunIsComplete
    raise WrongToken if run.holder else NotHeld


def _read_again(run: Run) -> None:
    """Read who holds a run; one that was deleted meanwhile is held by nobody."""
    try:
        run.refresh_from_db(fields=["status", "holder"])
    except Run.DoesNotExist:
        raise NotHeld from None


# --- letting go ---------------------------------------------------------------------------------


@transaction.atomic
def release(*, run: Run, token: str, at: datetime | None = None) -> None:
    """Let a holder give the run out of the hand; it stays begun.

    Raises
    ------
    NotHeld, WrongToken
        Nobody holds it, or another token does.
    """
    mine = Run.objects.filter(pk=run.pk, holder=token).exclude(holder="")
    if not mine.order_by().update(holder="", held_until=None):
        _read_again(run)
        raise WrongToken if run.holder else NotHeld
    _let_go(run, token, at or now())


@transaction.atomic
def unlock(*, planned: PlannedRun, by: User, reason: str = "") -> None:
    """Take a run out of its holder's hand, for the lab; what they send afterwards is refused.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    NotHeld
        Nobody holds it.
    """
    need_editable(planned.design.project_id, by)
    run = Run.objects.select_for_update().filter(planned_run=planned).exclude(holder="").first()
    if run is None:
        raise NotHeld
    holder = run.holder
    Run.objects.filter(pk=run.pk).update(holder="", held_until=None)
    _let_go(run, holder, now())
    audit.record(action="run.unlocked", user=by, on=run, reason=reason)


def _let_go(run: Run, token: str, at: datetime) -> None:
    run.holder, run.held_until = "", None
    data = {"from": token[:8]}
    Event.objects.create(run=run, kind="let go", received_at=at, data=data)


@transaction.atomic
def give_back(
    *, planned: PlannedRun, by: User, reason: str, at: datetime | None = None
) -> None:  # fmt: skip
    """Let a planned run be done anew; the attempt that there was is kept, and counts no more.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    NotHeld
        Nobody has begun it.
    """
    need_editable(planned.design.project_id, by)
    run = Run.objects.select_for_update().filter(planned_run=planned).first()
    if run is None:
        raise NotHeld
    if run.is_open:
        runs.end(run=run, status=Run.Status.TIMED_OUT, at=at)
    free_again(planned)
    audit.record(action="run.given-back", user=by, on=run, reason=reason)


def free_again(planned: PlannedRun) -> None:
    """Empty the place of the attempt, so that somebody else is offered the run."""
    after = {"run": None, "done": 0, "offered_until": None}
    PlannedRun.objects.filter(pk=planned.pk).update(**after)
    planned.run, planned.done, planned.offered_until = None, 0, None
