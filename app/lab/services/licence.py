"""An animal's step on the licence and its severity, reckoned anew whenever something was done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Q

from lab import licence
from lab.models import LabProfile, Subject, Surgery, WaterRestriction


def settle(*, subjects: Iterable[Any]) -> list[Subject]:
    """Bring animals, named by their ids, to the step and severity that follow from their records.

    Return those that changed. Whoever calls writes: it happens inside of their `recording.by`.
    Five questions for any number.
    """
    animals = list(Subject.objects.filter(pk__in=list(subjects)).select_related("lab"))
    rules = dict(
        LabProfile.objects.filter(lab__in={animal.lab_id for animal in animals}).values_list(
            "lab", "protocol_rule"
        )
    )
    facts = _facts(animals)
    changed = []
    for animal in animals:
        found, known = facts[animal.pk], (animal.protocol_number, animal.actual_severity)
        step = licence.step(rules.get(animal.lab_id, ""), found)
        animal.protocol_number = step or animal.protocol_number
        animal.actual_severity = licence.severity(animal.actual_severity, found)
        if (animal.protocol_number, animal.actual_severity) != known:
            changed.append(animal)
    if changed:
        rows = Subject.objects.select_related("lab")
        rows.bulk_update(changed, ["protocol_number", "actual_severity"])
    return changed


def _facts(animals: Sequence[Subject]) -> dict[Any, licence.Facts]:
    keys = [animal.pk for animal in animals]
    begun = WaterRestriction.objects.filter(subject__in=keys).exclude(began_at=None)
    rows = begun.order_by().values("subject").annotate(open=Count("pk", filter=Q(ended_at=None)))
    is_open = {row["subject"]: bool(row["open"]) for row in rows}
    outcomes: dict[Any, list[str]] = defaultdict(list)
    surgeries = Surgery.objects.filter(subject__in=keys)
    for key, outcome in surgeries.order_by().values_list("subject", "outcome"):
        outcomes[key].append(outcome)
    return {
        animal.pk: licence.Facts(
            outcomes=outcomes[animal.pk],
            is_restricted=animal.is_alive() and is_open.get(animal.pk, False),
            was_restricted=animal.pk in is_open,
            is_dead=not animal.is_alive(),
        )
        for animal in animals
    }
