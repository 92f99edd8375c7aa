"""What our own client asks: a run to begin or to go on with, a place for its trials, an end.

A browser makes the key of its run and the token it writes with by itself, so that asking again for
a run that was begun is no second beginning: the answer may have been lost.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.timezone import now

from accounts.keys import digest
from factorial.errors import (
    NoSuchDesign,
    NoSuchRun,
    NotHeld,
    NotThrough,
    RunIsComplete,
    RunIsHeld,
    WrongToken,
)
from factorial.models import Design, PlannedRun
from factorial.services import hand_out, posting
from factorial.values import Sent, sent
from runs.errors import HeldElsewhere, RunIsOver, Unreadable
from runs.models import Event, Run
from runs.rows import Happening
from runs.services import runs

KEY = re.compile(r"[0-9a-f]{64}")
HOLDER = re.compile(r"[0-9a-zA-Z]{16,64}")
SALT = "factorial.link"
LINK_LASTS = 30 * 24 * 3600  # s
HANDOVER_LASTS = 15 * 60
GAP = 100  # numbers of events that an earlier page may still be sending
LONGEST_LABEL = 200
ABSENT = -1  # no number of a block or a trial


@dataclass(frozen=True)
class Wish:
    """Which run a browser wants, and what it calls itself."""

    key: str
    holder: str
    lab: str = ""
    design: str = ""
    link: str = ""
    run: str = ""
    participant: str = ""
    take_over: bool = False


@dataclass(frozen=True)
class Place:
    """A run, and where in it whoever holds it goes on."""

    planned: PlannedRun
    run: Run
    is_begun: bool
    next_event: int


# --- links --------------------------------------------------------------------------------------


def link_to(design: Design, *, run: str = "", hands_over: bool = False) -> str:
    """Return what a task's page is given to lead to a design, or to one run of it, for a while."""
    told = {"d": design.pk, "r": run, "o": int(hands_over)}
    return signing.dumps(told, salt=SALT)


def _followed(wish: Wish) -> tuple[Design, str, bool]:
    """Return the design that was meant, the run of it that was, and whether to take it over."""
    if not wish.link:
        return _named(wish), wish.run, False
    try:
        told = signing.loads(wish.link, salt=SALT, max_age=LINK_LASTS)
        if told["o"]:
            signing.loads(wish.link, salt=SALT, max_age=HANDOVER_LASTS)
    except signing.BadSignature:
        raise NoSuchDesign("The link is not complete, or it is too old.") from None
    found = Design.objects.select_related("project", "lab").filter(pk=told["d"]).first()
    if found is None:
        raise NoSuchDesign
    return found, told["r"] or wish.run, bool(told["o"])


def _named(wish: Wish) -> Design:
    named = Design.objects.select_related("project", "lab")
    found: Design | None = named.filter(lab__slug=wish.lab, code=wish.design).first()
    if found is None:
        raise NoSuchDesign
    return found


# --- beginning ----------------------------------------------------------------------------------


def begin(wish: Wish) -> Place:
    """Give a browser a run: the one that its key opens, else the one it names, else a free one.

    Raises
    ------
    NoSuchDesign, NoSuchRun
        Nothing is called so.
    HeldElsewhere, RunIsOver
        Somebody else is at it; it has been done.
    NoRunLeft, DesignIsClosed
        There is none to begin.
    """
    if not KEY.fullmatch(wish.key) or not HOLDER.fullmatch(wish.holder):
        raise Unreadable("Send the key of a run as 64 hexadecimal digits, and a holder.")
    return _known(wish) or _new(wish)


def _known(wish: Wish) -> Place | None:
    """Go on with the run that the key opens: this browser has begun it."""
    run = Run.objects.filter(key_digest=digest(wish.key), source=Run.Source.FACTORIAL).first()
    if run is None:
        return None
    planned = at_hand().filter(run=run).first()
    if planned is None or not run.is_open:
        raise RunIsOver
    held = _held(planned, wish, takes_over=wish.take_over or run.holder == wish.holder)
    return _place(planned, held.run, is_begun=True)


def _held(planned: PlannedRun, wish: Wish, *, takes_over: bool) -> hand_out.Held:
    external = {"participant": wish.participant[:LONGEST_LABEL]} if wish.participant else None
    try:
        return hand_out.hold(
            planned=planned,
            takes_over=takes_over,
            token=wish.holder,
            key=wish.key,
            external=external,
        )
    except RunIsHeld:
        raise HeldElsewhere from None
    except RunIsComplete:
        raise RunIsOver from None


def _new(wish: Wish) -> Place:
    design, code, hands_over = _followed(wish)
    planned = _called(design, code) if code else _at_hand(hand_out.offer(design=design))
    was = planned.run_id
    try:
        with transaction.atomic():
            held = _held(planned, wish, takes_over=hands_over)
            runs.open_again(run=held.run, key=wish.key)
    except IntegrityError:  # asked twice at once: the other one has begun it
        known = _known(wish)
        if known is None:
            raise
        return known
    return _place(planned, held.run, is_begun=held.run.pk == was)


def _called(design: Design, code: str) -> PlannedRun:
    found: PlannedRun | None = at_hand().filter(design=design, code=code).first()
    if found is None:
        raise NoSuchRun
    if found.put_aside_at:
        raise RunIsOver("The lab has put this run aside.")
    return found


def at_hand() -> Any:
    return PlannedRun.objects.at_hand().select_related("design__lab", "run__participant")


def _at_hand(planned: PlannedRun) -> PlannedRun:
    found: PlannedRun = at_hand().get(pk=planned.pk)
    return found


def _place(planned: PlannedRun, run: Run, *, is_begun: bool) -> Place:
    planned.run = run
    last = Event.objects.filter(run=run).aggregate(last=Max("number"))["last"]
    return Place(planned, run, is_begun, 0 if last is None else last + 1 + GAP)


# --- under way ----------------------------------------------------------------------------------


def by_key(key: str) -> PlannedRun:
    """Return the planned run whose attempt a key opens.

    Raises
    ------
    NoSuchRun
        The key opens none, or none any more.
    """
    found: PlannedRun | None = at_hand().filter(run__key_digest=digest(key)).first()
    if found is None:
        raise NoSuchRun
    return found


def trials_of(rows: Any) -> list[tuple[int, Sent]]:
    """Return the trials of a batch, each under the number that the client gave it."""
    if not isinstance(rows, list):
        raise Unreadable("Send a list of rows.")
    return [_trial(each, place) for place, each in enumerate(rows)]


def _trial(row: Any, place: int) -> tuple[int, Sent]:
    data = row.get("data") if isinstance(row, Mapping) else None
    index = row.get("index") if isinstance(row, Mapping) else None
    if not isinstance(data, Mapping) or type(index) is not int:
        raise Unreadable(f"Row {place} is not of the form {{index, data}}.")
    made = sent(
        block=data.get("block", ABSENT),
        trial=data.get("trial", ABSENT),
        values=data.get("measures", {}),
        events=data.get("events", []),
        began_at=data.get("began_at"),
        lasted_ms=data.get("lasted_ms"),
    )
    return index, made


def receive(
    *, key: str, holder: str, rows: Sequence[tuple[int, Sent]], happenings: Sequence[Happening]
) -> dict[str, Any]:
    """Store a batch, all of it or nothing; what is in the answer may be forgotten by the client.

    Raises
    ------
    NoSuchRun, HeldElsewhere, RunIsOver
        The key opens nothing; another browser writes; it has ended and some of it is new.
    """
    planned = by_key(key)
    try:
        receipt = _stored(planned, holder, [one for _, one in rows], happenings)
    except (WrongToken, NotHeld):
        raise HeldElsewhere from None
    except RunIsComplete:
        raise RunIsOver from None
    numbers = {(one.block, one.trial): index for index, one in rows}
    return {
        "stored": [
            numbers[place] for place in (*receipt.stored, *receipt.known, *receipt.disputed)
        ],
        "disputed": [numbers[place] for place in receipt.disputed],
        "done": receipt.done,
        "is_complete": receipt.is_complete,
    }


@transaction.atomic
def _stored(
    planned: PlannedRun, holder: str, trials: Sequence[Sent], happenings: Sequence[Happening]
) -> posting.Receipt:
    run = planned.run
    assert run is not None  # noqa: S101  it was found by its attempt
    if not trials and not run.is_open and run.holder == holder:
        receipt = posting.Receipt(done=planned.done, is_complete=True)  # its last events
    else:
        receipt = posting.receive(planned=planned, token=holder, trials=trials)
    _note(run, happenings)
    return receipt


def _note(run: Run, happenings: Sequence[Happening]) -> None:
    """Keep what happened around the trials; a number that is there already is that event again."""
    if not happenings:
        return
    numbers = {one.number: one for one in happenings}
    there = Event.objects.filter(run=run, number__in=numbers).values_list("number", flat=True)
    at, known = now(), set(there)
    Event.objects.bulk_create(
        Event(
            run=run,
            number=one.number,
            kind=one.kind,
            at_ms=one.at_ms,
            data=one.data,
            received_at=at,
        )
        for number, one in numbers.items()
        if number not in known
    )


def end(*, key: str, holder: str) -> PlannedRun:
    """Say that a run is through, which it is when its last trial is stored.

    Raises
    ------
    NoSuchRun, HeldElsewhere, NotThrough
        The key opens nothing; another browser writes; trials are missing.
    """
    planned = by_key(key)
    run = planned.run
    assert run is not None  # noqa: S101  it was found by its attempt
    if run.is_open and run.holder != holder:
        raise HeldElsewhere
    if planned.done < planned.trial_count:
        missing = planned.trial_count - planned.done
        raise NotThrough(f"{missing} of its trials are not stored yet.")
    return planned
