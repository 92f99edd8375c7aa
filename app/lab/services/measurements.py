"""Weights and water, as they are measured and given; restrictions, as they begin and end."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab import recording
from lab.errors import DoesNotFit
from lab.models import Subject, WaterAdministration, WaterRestriction, WaterType, Weighing
from lab.services import records
from lab.services.sessions import need_life

REFERENCE_WITHIN = timedelta(days=7)
USUAL_WATER = "Water"
RESTRICTED = 3  # the protocol's number while an animal's water is measured


@transaction.atomic
def weigh(*, by: User, values: Mapping[str, Any], reason: str = "") -> Weighing:
    """Write down a weight in grams; whoever sends it has measured it, unless somebody is named."""
    given = {"at": now(), "user": by, **values}
    need_life(given["subject"], {**given, "began_at": given["at"]})
    return records.create(kind=Weighing, by=by, values=given, reason=reason)


@transaction.atomic
def give_water(*, by: User, values: Mapping[str, Any], reason: str = "") -> WaterAdministration:
    """Write down water in millilitres, of the kind of the animal's latest restriction."""
    given = {"at": now(), "user": by, **values}
    subject: Subject = given["subject"]
    need_life(subject, {**given, "began_at": given["at"]})
    given["water_type"] = given.get("water_type") or _usual_type(subject)
    session = given.get("session")
    if session is not None and session.subject_id != subject.pk:
        raise DoesNotFit(f"{session} is not a session of {subject}.", field="session")
    return records.create(kind=WaterAdministration, by=by, values=given, reason=reason)


@transaction.atomic
def restrict(*, by: User, values: Mapping[str, Any], reason: str = "") -> WaterRestriction:
    """Begin to measure an animal's water.

    Without a reference weight it is the last one measured, if that is less than seven days old.
    """
    given = {"began_at": now(), **values}
    subject: Subject = given["subject"]
    need_life(subject, given)
    given["lab"] = given.get("lab") or subject.lab
    given["reference_weight_g"] = given.get("reference_weight_g") or _last_weight(given)
    given["water_type"] = given.get("water_type") or _usual_type(subject)
    restriction = records.create(kind=WaterRestriction, by=by, values=given, reason=reason)
    if restriction.ended_at is None:
        with recording.by(by, reason=reason):
            Subject.objects.filter(pk=subject.pk).update(protocol_number=RESTRICTED)
    return restriction


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


def _usual_type(subject: Subject) -> WaterType | None:
    restricted = WaterRestriction.objects.filter(subject=subject).exclude(water_type=None)
    latest = restricted.select_related("water_type").order_by("-began_at").first()
    return latest.water_type if latest else WaterType.objects.filter(name=USUAL_WATER).first()
