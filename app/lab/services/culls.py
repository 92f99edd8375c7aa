"""Culls: an animal's life ended by somebody's hand; written down, corrected, taken back."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab import permissions, recording
from lab.errors import DoesNotFit
from lab.models import Cull, Subject
from lab.models.deletion import throw_away
from lab.services import deaths, records
from lab.times import day_of

Values = Mapping[str, Any]


@transaction.atomic
def cull(
    *,
    by: User,
    subjects: Sequence[Subject],
    values: Values | None = None,
    reason: str = "",
    after_death: str = "",
) -> list[Cull]:
    """Write down that animals were culled, one or many: all of them or none.

    ``after_death`` says why what was done with them on later days is right all the same.

    ``values`` may have culled_on (today), user (``by``), reason, method, description. Each animal
    gets its death date; what only the living have ends: restrictions, housing, pairs.
    """
    given = {"user": by, **(values or {})}
    found = _locked(subjects)
    permissions.need_change_all(by, Cull, found)
    day = given.pop("culled_on", None) or day_of(now(), found[0].lab if found else None)
    _need_no_cull(found)
    for subject in found:
        _need_a_day_of_its_life(subject, day)
    with recording.by(by, reason=reason):
        made = [_cull(subject, day, given) for subject in found]
        records.keep_all(Cull, made)
        deaths.give_back(subjects=[each for each in found if each.ended_with_death])
        deaths.end(subjects=found, on=day, after_death=after_death)
    return made


@transaction.atomic
def change_cull(*, cull: Cull, by: User, values: Values, reason: str = "") -> Cull:
    """Change a cull; another date moves the animal's death, and what has ended with it."""
    if "subject" in values and values["subject"] != cull.subject:
        raise DoesNotFit(
            "A cull stays with its animal.",
            field="subject",
            remedy="Revive this animal and cull the other.",
        )
    before = cull.culled_on
    with recording.by(by, reason=reason):
        changed = records.change(record=cull, by=by, values=values)
        if changed.culled_on != before:
            _move_death(changed)
    return changed


@transaction.atomic
def revive(*, cull: Cull, by: User, reason: str = "") -> Subject:
    """Take a cull back: the animal lives, and what its death had ended goes on."""
    permissions.need_delete(by, cull)
    [subject] = _locked([cull.subject])
    with recording.by(by, reason=reason):
        throw_away(record=cull)
        subject.died_on = None
        deaths.give_back(subjects=[subject])
    return subject


@transaction.atomic
def revive_all(*, subjects: Sequence[Subject], by: User, reason: str = "") -> list[Subject]:
    """Take the deaths of animals back, whether or not somebody has culled them."""
    found = _locked(subjects)
    permissions.need_change_all(by, Cull, found)
    with recording.by(by, reason=reason):
        Cull.objects.filter(subject__in=found).delete()
        for subject in found:
            subject.died_on = None
        deaths.give_back(subjects=found)
    return found


def _locked(subjects: Sequence[Subject]) -> list[Subject]:
    """Return the animals as they are now, in an order that two at once cannot block."""
    keys = {subject.pk for subject in subjects}
    rows = Subject.objects.select_for_update(of=("self",)).select_related("lab")
    return list(rows.filter(pk__in=keys).order_by("pk"))


def _cull(subject: Subject, day: date, given: Values) -> Cull:
    return Cull(subject=subject, culled_on=day, **given)


def _need_no_cull(subjects: Sequence[Subject]) -> None:
    there = Cull.objects.filter(subject__in=subjects).select_related("subject").first()
    if there is not None:
        raise DoesNotFit(
            f"{there.subject} was culled on {there.culled_on}.",
            field="subject",
            remedy="Change that cull, or take it back.",
        )


def _need_a_day_of_its_life(subject: Subject, day: date) -> None:
    if subject.born_on and day < subject.born_on:
        raise DoesNotFit(f"{subject} was born on {subject.born_on}.", field="culled_on")
    if day > day_of(now(), subject.lab):
        raise DoesNotFit(
            f"{day} is not over yet.",
            field="culled_on",
            remedy="Mark the animal as to be culled until then.",
        )


def _move_death(cull: Cull) -> None:
    [subject] = _locked([cull.subject])
    _need_a_day_of_its_life(subject, cull.culled_on)
    deaths.give_back(subjects=[subject])
    deaths.end(subjects=[subject], on=cull.culled_on)
