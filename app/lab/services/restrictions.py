"""Times of measured water: one at once for an animal, each with a weight to refer to."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab.errors import DoesNotFit
from lab.models import Subject, WaterRestriction, WaterType, Weighing
from lab.services import life, records
from lab.services.plausibility import need_life, need_number

REFERENCE_WITHIN = timedelta(days=7)
USUAL_WATER = "Water"


@transaction.atomic
def restrict(*, by: User, values: Mapping[str, Any], reason: str = "") -> WaterRestriction:
    """Begin to measure an animal's water.

    Without a reference weight it is the last one measured, if that is less than seven days old.
    """
    given = {"began_at": now(), **values}
    subject = life.lock(given["subject"])
    given["subject"] = subject
    need_life(subject, given)
    _need_none_open(subject, given)
    given["lab"] = given.get("lab") or subject.lab
    if given.get("reference_weight_g") is None:
        given["reference_weight_g"] = _last_weight(given)
    _need_reference(given)
    given["water_type"] = given.get("water_type") or usual_type(subject)
    return records.create(kind=WaterRestriction, by=by, values=given, reason=reason)


@transaction.atomic
def end_restriction(
    *, restriction: WaterRestriction, by: User, ended_at: datetime | None = None, reason: str = ""
) -> WaterRestriction:
    """Give an animal water freely again, from now on or since the instant that is named."""
    if restriction.ended_at is not None:
        raise DoesNotFit(f"It ended at {restriction.ended_at} already.", field="end_time")
    values = {"ended_at": ended_at or now()}
    return change_restriction(restriction=restriction, by=by, values=values, reason=reason)


@transaction.atomic
def change_restriction(
    *, restriction: WaterRestriction, by: User, values: Mapping[str, Any], reason: str = ""
) -> WaterRestriction:
    """Change a restriction; what it says afterwards has to be as true as of a new one."""
    subject = life.lock(values.get("subject") or restriction.subject)
    held = WaterRestriction.objects.select_related("lab").get(pk=restriction.pk)
    kept = ("began_at", "ended_at", "reference_weight_g", "after_death", "confirmed")
    given = {name: getattr(held, name) for name in kept} | dict(values)
    if given["began_at"] is not None and {"began_at", "subject"} & set(values):
        need_life(subject, given)
    if "reference_weight_g" in values:
        _need_reference(given)
    _need_order(given)
    _need_none_open(subject, given, besides=held)
    return records.change(record=held, by=by, values=values, reason=reason)


def _need_order(given: Mapping[str, Any]) -> None:
    began, ended = given["began_at"], given["ended_at"]
    if began is not None and ended is not None and ended < began:
        raise DoesNotFit("It ends before it begins.", field="end_time")


def _need_none_open(
    subject: Subject, given: Mapping[str, Any], besides: WaterRestriction | None = None
) -> None:
    if given.get("ended_at") is not None or given.get("began_at") is None:
        return
    others = WaterRestriction.objects.filter(subject=subject).open()
    other = next((each for each in others[:2] if each != besides), None)
    if other:
        raise DoesNotFit(
            f"The water of {subject} is measured since {other.began_at:%Y-%m-%d}.",
            field="subject",
            remedy="End that restriction first.",
        )


def _need_reference(given: Mapping[str, Any]) -> None:
    if not need_number(given, "reference_weight_g", field="reference_weight"):
        raise DoesNotFit("A reference weight is more than 0 g.", field="reference_weight")


def _last_weight(given: Mapping[str, Any]) -> float:
    last = (
        Weighing.objects.filter(subject=given["subject"], at__lte=given["began_at"])
        .order_by("-at")
        .first()
    )
    if last is None or given["began_at"] - last.at >= REFERENCE_WITHIN:
        raise DoesNotFit(
            "Give a reference weight: the animal was not weighed in the seven days before.",
            field="reference_weight",
        )
    return last.weight_g


def usual_type(subject: Subject) -> WaterType | None:
    """Return the kind of water of an animal's latest restriction that names one."""
    return usual_types([subject])[subject.pk]


def usual_types(subjects: Iterable[Subject]) -> dict[Any, WaterType | None]:
    """Return the usual kind of water of each animal, by two questions for any number of them."""
    keys = [subject.pk for subject in subjects]
    restricted = WaterRestriction.objects.filter(subject__in=keys).exclude(water_type=None)
    found: dict[Any, WaterType | None] = {
        row.subject_id: row.water_type
        for row in restricted.select_related("water_type").order_by("began_at")
    }
    if len(found) == len(keys):
        return found
    usual = WaterType.objects.filter(name=USUAL_WATER).first()
    return {key: found.get(key, usual) for key in keys}
