"""What animals are and were called, whose they were and where they lived, as a dump tells it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Upper

from accounts import audit
from lab import recording
from lab.alyx import values
from lab.alyx.dump import Row
from lab.models import Subject, SubjectName
from lab.models.subjects import NICKNAME
from lab.services.moving_in import faults
from lab.times import instant_of

TOLD = {"nickname": "nickname", "responsible_user": "responsible_user", "cage": "cage_label"}
NOTHING = {"", "-", "None", "null"}


@dataclass(frozen=True)
class Former:
    """A value that a field had until a moment."""

    value: str
    until: datetime


def give(rows: list[Row], report: Any) -> None:
    """Give the animals that have no name yet theirs, the former ones too, and their history."""
    told = {row.key: row for row in rows}
    new = Subject.objects.filter(pk__in=list(told), names=None).select_related(
        "lab", "responsible_user"
    )
    animals = list(new)
    if not animals:
        return
    present = [_present(animal, told[str(animal.pk)]) for animal in animals]
    faults.keep(present, [told[str(animal.pk)] for animal in animals])
    for animal in animals:
        row = told[str(animal.pk)]
        with faults.named(row):
            _keep_former(animal, row, report)
            _tell(animal, row)


def _present(animal: Subject, row: Row) -> SubjectName:
    with faults.named(row):
        renamed = [each.until for each in former(row, "nickname", animal)]
    since = {"since": renamed[-1]} if renamed else {}
    return SubjectName(subject=animal, lab_id=animal.lab_id, name=animal.nickname, **since)


def former(row: Row, field: str, animal: Subject) -> list[Former]:
    """Return what a field was before, the oldest first; Alyx keeps it in the free data."""
    history = (row.fields.get("json") or {}).get("history") or {}
    found = []
    for each in history.get(field) or []:
        at = values.instant(each["date_time"])
        if at is not None:
            found.append(Former(str(each["value"]), instant_of(at, animal.lab)))
    return sorted(found, key=lambda each: each.until)


def _keep_former(animal: Subject, row: Row, report: Any) -> None:
    since = None
    for each in former(row, "nickname", animal):
        name = each.value
        if _is_name(name) and name.upper() != animal.nickname.upper():
            if _is_taken(animal, name):
                report.notes.append(f"{row}: its former name {name} is another animal's now.")
            else:
                SubjectName.objects.create(
                    subject=animal, lab_id=animal.lab_id, name=name,
                    kind=SubjectName.Kind.FORMER, since=since or each.until, until=each.until,
                )  # fmt: skip
        since = each.until


def _is_name(text: str) -> bool:
    try:
        NICKNAME(text)
    except ValidationError:
        return False
    return text not in NOTHING


def _is_taken(animal: Subject, name: str) -> bool:
    names = SubjectName.objects.filter(lab_id=animal.lab_id).annotate(upper=Upper("name"))
    return names.filter(upper=name.upper()).exists()


def _tell(animal: Subject, row: Row) -> None:
    """Write what Alyx knew of earlier names, people and cages into the animal's history."""
    hand = recording.hand()
    for theirs, ours in TOLD.items():
        for at, before, after in _steps(former(row, theirs, animal), _now(animal, ours)):
            audit.record_all(
                user=hand.user,
                reason=f"In Alyx, on {at:%Y-%m-%d}. {hand.reason}",
                told=[("subject.changed", animal, {ours: [before, after]})],
            )


def _steps(known: list[Former], present: str) -> Iterator[tuple[datetime, str, str]]:
    words = [*["" if each.value in NOTHING else each.value for each in known], present]
    for each, before, after in zip(known, words[:-1], words[1:], strict=True):
        if before != after:
            yield each.until, before, after


def _now(animal: Subject, field: str) -> str:
    value = getattr(animal, field)
    return value.username if field == "responsible_user" else str(value)
