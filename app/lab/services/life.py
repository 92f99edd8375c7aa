"""An animal's life as its records tell it: what was done has to lie between birth and death."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.timezone import now

from lab.errors import DoesNotFit
from lab.models import (
    ChronicRecording,
    OtherAction,
    Session,
    Subject,
    Surgery,
    VirusInjection,
    WaterAdministration,
    WaterRestriction,
    Weighing,
)
from lab.times import day_of, instant_of

WHEN: dict[Any, str] = {
    Session: "began_at", Surgery: "began_at", VirusInjection: "began_at",
    ChronicRecording: "began_at", OtherAction: "began_at", WaterRestriction: "began_at",
    Weighing: "at", WaterAdministration: "at",
}  # fmt: skip
REMEDY = "Correct them, or say in after_death why they are right all the same."


def lock(subject: Subject) -> Subject:
    """Return the animal as it is now, and let nobody else change it until this is over."""
    rows = Subject.objects.select_for_update(of=("self",)).select_related("lab")
    return rows.get(pk=subject.pk)


def lock_all(subjects: Iterable[Subject]) -> dict[Any, Subject]:
    """Return animals by their keys, locked in one order, so that two calls never wait in a ring."""
    keys = {subject.pk for subject in subjects}
    rows = Subject.objects.select_for_update(of=("self",)).select_related("lab")
    found = {row.pk: row for row in rows.filter(pk__in=keys).order_by("pk")}
    if len(found) < len(keys):
        raise Subject.DoesNotExist
    return found


def make_way(subjects: Sequence[Subject], died_on: date, after_death: str = "") -> None:
    """See that nothing contradicts a death of animals on a day.

    What does is named in the refusal, or gets ``after_death`` as the word why it is right.
    """
    of_labs: dict[Any, list[Any]] = defaultdict(list)
    for subject in subjects:
        of_labs[subject.lab].append(subject.pk)
    for lab, keys in of_labs.items():
        if died_on > day_of(now(), lab):
            raise DoesNotFit(f"{died_on} is in the future.", field="death_date")
        midnight = instant_of(datetime.combine(died_on + timedelta(days=1), time.min), lab)
        later = {kind: rows for kind in WHEN if (rows := _later(kind, keys, midnight))}
        if later and not after_death:
            raise _contradicted(died_on, later)
        for kind, rows in later.items():
            mine = kind.objects.filter(pk__in=[row.pk for row in rows])
            mine.update(after_death=after_death)


def _later(kind: Any, keys: list[Any], midnight: datetime) -> list[Any]:
    rows = kind.objects.filter(subject__in=keys, after_death="")
    late = rows.filter(**{f"{WHEN[kind]}__gte": midnight})
    return list(late.select_related("subject__lab").order_by(WHEN[kind]))


def _contradicted(died_on: date, later: dict[Any, list[Any]]) -> DoesNotFit:
    rows = [(getattr(row, WHEN[kind]), row) for kind, found in later.items() for row in found]
    at, last = max(rows, key=lambda pair: pair[0])
    kind = last._meta.verbose_name  # noqa: SLF001
    day = day_of(at, last.subject.lab)
    return DoesNotFit(
        f"{last.subject} has a {kind} of {day}, after {died_on}. Later records: {len(rows)}.",
        field="death_date",
        remedy=REMEDY,
    )
