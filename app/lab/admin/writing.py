"""The administration's writes: each goes through the service of its kind."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models

from accounts.models import User
from common.errors import StudiumError
from lab import models as records
from lab.models import Recorded
from lab.services import measurements, sessions, subjects
from lab.services import records as plain

Values = Mapping[str, Any]
CREATE: dict[type[models.Model], Callable[..., Recorded]] = {
    records.Subject: subjects.create_subject,
    records.Session: sessions.create_session,
    records.Weighing: measurements.weigh,
    records.WaterAdministration: measurements.give_water,
    records.WaterRestriction: measurements.restrict,
}
CHANGE: dict[type[models.Model], tuple[Callable[..., Recorded], str]] = {
    records.Subject: (subjects.change_subject, "subject"),
    records.Session: (sessions.change_session, "session"),
}
# What services call a field when they refuse it, where forms call it otherwise.
OTHER_NAMES = {
    "start_time": ("began_at", "at", "culled_on", "began_on"),
    "end_time": ("ended_at", "ended_on"),
    "date_time": ("at",),
    "weight": ("weight_g",),
    "reference_weight": ("reference_weight_g",),
    "water_administered": ("water_ml",),
    "implant_weight": ("implant_weight_g",),
    "birth_date": ("born_on",),
    "death_date": ("died_on",),
}


def create(*, kind: type[Recorded], by: User, values: Values, reason: str) -> Recorded:
    if service := CREATE.get(kind):
        return service(by=by, values=values, reason=reason)
    return plain.create(kind=kind, by=by, values=values, reason=reason)


def change(*, record: Recorded, by: User, values: Values, reason: str) -> Recorded:
    """Change a record that nobody has touched since it was read."""
    if found := CHANGE.get(type(record)):
        service, name = found
        return service(**{name: record}, by=by, values=values, reason=reason)
    return plain.change(record=record, by=by, values=values, reason=reason)


def delete(*, record: Recorded, by: User, reason: str) -> None:
    plain.delete(record=record, by=by, reason=reason)


def field_of(error: StudiumError, fields: Mapping[str, Any]) -> str | None:
    """Return the field of a form that a refusal speaks of; None if it speaks of the whole."""
    named = getattr(error, "field", "")
    names = (named, *OTHER_NAMES.get(named, ()))
    return next((name for name in names if name in fields), None)
