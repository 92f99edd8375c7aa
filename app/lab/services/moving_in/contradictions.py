"""What old records say that cannot be: kept as it was, with the word that it came in so."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from lab.models import Action, Subject, WaterAdministration, WaterRestriction, Weighing
from lab.times import day_of

IMPORTED = "imported"


def admit(records: Sequence[Any]) -> None:
    """Let actions after a death and before a birth, and restrictions that overlap, come in."""
    if not isinstance(records[0], Action | Weighing | WaterAdministration):
        return
    keys = {record.subject_id for record in records}
    animals = Subject.objects.filter(pk__in=keys).select_related("lab").in_bulk()
    for record in records:
        _say_why(record, animals.get(record.subject_id))
    if isinstance(records[0], WaterRestriction):
        _end_overlapping(records)


def _say_why(record: Any, animal: Subject | None) -> None:
    at = record.began_at if isinstance(record, Action) else record.at
    if animal is None or at is None:
        return
    day = day_of(at, animal.lab)
    if animal.died_on and day > animal.died_on:
        record.after_death = IMPORTED
    if animal.born_on and day < animal.born_on:
        record.confirmed = IMPORTED


def _end_overlapping(records: Sequence[WaterRestriction]) -> None:
    """Let one restriction of an animal be open: each before the last ends where the next began."""
    of_animal: dict[Any, list[WaterRestriction]] = defaultdict(list)
    for record in records:
        if record.began_at is not None and record.ended_at is None:
            of_animal[record.subject_id].append(record)
    known = WaterRestriction.objects.filter(subject__in=list(of_animal)).open()
    taken = set(known.values_list("subject", flat=True))
    for key, rows in of_animal.items():
        rows.sort(key=lambda row: str(row.began_at))
        for row, following in pairwise(rows):
            row.ended_at, row.confirmed = following.began_at, IMPORTED
        if key in taken:
            rows[-1].ended_at, rows[-1].confirmed = rows[-1].began_at, IMPORTED
