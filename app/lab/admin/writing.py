"""The administration's writes: each goes through the service of its kind."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.timezone import now

from accounts.models import User
from common.errors import StudiumError
from lab import models as records
from lab.models import Recorded
from lab.services import colony, culls, measurements, sessions, subjects
from lab.services import records as plain

Values = Mapping[str, Any]
CREATE: dict[type[models.Model], Callable[..., Recorded]] = {
    records.Subject: subjects.create_subject,
    records.Session: sessions.create_session,
    records.Weighing: measurements.weigh,
    records.WaterAdministration: measurements.give_water,
    records.WaterRestriction: measurements.restrict,
    records.Line: colony.create_line,
    records.BreedingPair: colony.create_pair,
    records.Litter: colony.create_litter,
    records.Cull: lambda *, by, values, reason: _cull(by, dict(values), reason),
}
# With the name by which each service takes the record.
CHANGE: dict[type[models.Model], tuple[Callable[..., Recorded], str]] = {
    records.Subject: (subjects.change_subject, "subject"),
    records.Session: (sessions.change_session, "session"),
    records.Line: (colony.change_line, "line"),
    records.BreedingPair: (colony.change_pair, "pair"),
    records.Litter: (colony.change_litter, "litter"),
    records.Cull: (culls.change_cull, "cull"),
}
# What is taken back rather than thrown away.
DELETE: dict[type[models.Model], tuple[Callable[..., Any], str]] = {
    records.Cull: (culls.revive, "cull"),
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
    if found := DELETE.get(type(record)):
        service, name = found
        service(**{name: record}, by=by, reason=reason)
    else:
        plain.delete(record=record, by=by, reason=reason)


def _cull(by: User, values: dict[str, Any], reason: str) -> Recorded:
    subject = values.pop("subject")
    return culls.cull(by=by, subjects=[subject], values=values, reason=reason)[0]


def move(*, animal: records.Subject, cage: records.Housing, by: User, reason: str) -> None:
    """Let an animal live in another cage from now on."""
    moment = now()
    values = {"subject": animal, "housing": cage, "began_at": moment}
    here = records.HousingPeriod.objects.filter(subject=animal, ended_at=None).first()
    if here is not None and here.housing_id == cage.pk:
        return
    if here is not None:
        plain.change(record=here, by=by, values={"ended_at": moment}, reason=reason)
    plain.create(kind=records.HousingPeriod, by=by, values=values, reason=reason)


def field_of(error: StudiumError, fields: Mapping[str, Any]) -> str | None:
    """Return the field of a form that a refusal speaks of; None if it speaks of the whole."""
    named = getattr(error, "field", "")
    names = (named, *OTHER_NAMES.get(named, ()))
    return next((name for name in names if name in fields), None)
