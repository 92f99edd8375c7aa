"""Sessions: one for an animal, a day and a number, however often it is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from lab import permissions, recording
from lab.errors import DoesNotFit, Taken
from lab.models import Session, Subject
from lab.services import life, records
from lab.services.plausibility import need_life
from lab.times import day_of

HIGHEST = 999  # its folder's name has three figures
MOVES = {"began_at", "subject", "lab"}


@transaction.atomic
def create_session(*, by: User, values: Mapping[str, Any], reason: str = "") -> Session:
    """Enter a session; sent again as it was, it is the one that is there already.

    The animal's row is locked meanwhile, so that of several at once one makes the session and the
    others find it. Without a number it gets the day's next one.
    """
    given = dict(values)
    subject = (
        Subject.objects.select_for_update(of=("self",))
        .select_related("lab")
        .get(pk=given["subject"].pk)
    )
    given["lab"] = given.get("lab") or subject.lab
    permissions.need_create(by, Session, given["lab"])
    need_life(subject, given)
    _need_number(given)
    day = day_of(given["began_at"], given["lab"])
    number = given.get("number")
    same = Session.objects.filter(subject=subject, day=day, number=number)
    if number is not None and (there := same.select_related("lab").first()):
        return _again(there, given, by)
    if number is None and "number" not in given:
        given["number"] = _next_number(subject, day)
    with recording.by(by, reason=reason):
        return records.create(kind=Session, by=by, values=given)


def _next_number(subject: Subject, day: Any) -> int:
    last = Session.objects.filter(subject=subject, day=day).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _need_number(given: Mapping[str, Any]) -> None:
    """Refuse a number that a session's folder has no place for."""
    number = given.get("number")
    if number is not None and not 0 <= number <= HIGHEST:
        raise DoesNotFit(f"A session's number is between 0 and {HIGHEST}.", field="number")


def _again(there: Session, given: dict[str, Any], by: User) -> Session:
    """Return the session that is there, if what was sent is the same, and seen by who sends it."""
    if not Session.objects.visible_to(by).filter(pk=there.pk).exists():
        raise Taken("The animal has another session of this day and number.", field="number")
    alike = ("began_at", "task_protocol", "type")
    if any(name in given and given[name] != getattr(there, name) for name in alike):
        raise DoesNotFit(
            f"{there} is there already, and it began at another time or is of another kind.",
            field="number",
        )
    return there


@transaction.atomic
def change_session(
    *, session: Session, by: User, values: Mapping[str, Any], reason: str = ""
) -> Session:
    """Change a session; what it says afterwards has to be as true as of a new one."""
    kept = ("began_at", "after_death", "confirmed")
    given = {name: getattr(session, name) for name in kept} | dict(values)
    _need_number(values)
    if {"began_at", "subject"} & set(values):
        need_life(values.get("subject", session.subject), given)
    return records.change(record=session, by=by, values=values, reason=reason)


@transaction.atomic
def change_session_many(
    *, by: User, pairs: Sequence[tuple[Session, Mapping[str, Any]]], reason: str = ""
) -> list[Session]:
    """Change many sessions as `change_session` does, by a fixed number of questions."""
    moved = [pair for pair in pairs if MOVES & set(pair[1])]
    animals = life.lock_all(values.get("subject", session.subject) for session, values in moved)
    changes = []
    for session, values in pairs:
        _need_number(values)
        placed = _placed(session, values, animals) if MOVES & set(values) else {}
        changes.append((session, {**values, **placed}))
    return records.change_many(by=by, pairs=changes, reason=reason)


def _placed(session: Session, values: Mapping[str, Any], animals: Mapping[Any, Subject]) -> Any:
    """Return the day of a session whose beginning, animal or lab changes, if its animal lived."""
    kept = ("began_at", "after_death", "confirmed")
    given = {name: getattr(session, name) for name in kept} | dict(values)
    if {"began_at", "subject"} & set(values):
        need_life(animals[values.get("subject", session.subject).pk], given)
    return {"day": day_of(given["began_at"], values.get("lab", session.lab))}
