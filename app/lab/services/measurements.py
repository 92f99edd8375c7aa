"""Weights and water, as they are measured and given."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from lab import permissions
from lab.errors import DoesNotFit
from lab.models import Subject, WaterAdministration, Weighing
from lab.services import life, records, welfare
from lab.services.plausibility import Lately, need_life, need_likely_water, need_likely_weight
from lab.services.restrictions import restrict, usual_type, usual_types

__all__ = ["change_water", "change_water_many", "change_weighing", "change_weighing_many",
           "give_water", "give_water_many", "restrict", "weigh", "weigh_many"]  # fmt: skip

Values = Mapping[str, Any]


@transaction.atomic
def weigh(*, by: User, values: Values, reason: str = "") -> Weighing:
    """Write down a weight in grams; whoever sends it has measured it, unless somebody is named.

    A weight that is hardly possible is refused, unless ``confirmed`` says why it is right.
    """
    given = {"at": now(), "user": by, **values}
    given["subject"] = life.lock(given["subject"])
    need_life(given["subject"], {**given, "began_at": given["at"]}, field="date_time")
    need_likely_weight(given)
    weighing = records.create(kind=Weighing, by=by, values=given, reason=reason)
    welfare.look_at([weighing], by=by)
    return weighing


@transaction.atomic
def weigh_many(*, by: User, rows: Sequence[Values], reason: str = "") -> list[Weighing]:
    """Write down many weights as `weigh` does one after the other, by a fixed number of questions.

    Each is held against those before it in the list, too. People are told of an animal once, as it
    is after all of them.
    """
    moment = now()
    given: list[dict[str, Any]] = [{"at": moment, "user": by, **values} for values in rows]
    animals = life.lock_all(values["subject"] for values in given)
    for values in given:
        values["subject"] = animals[values["subject"].pk]
        need_life(values["subject"], {**values, "began_at": values["at"]}, field="date_time")
    lately = Lately.of(given)
    for values in given:
        lately.need_likely(values)
    with permissions.remembered():
        made = records.create_many(kind=Weighing, by=by, rows=given, reason=reason)
    welfare.look_at(made, by=by)
    return made


@transaction.atomic
def change_weighing(*, weighing: Weighing, by: User, values: Values, reason: str = "") -> Weighing:
    """Correct a weighing; it has to be as likely afterwards as a new one."""
    given = _together(weighing, values, ("weight_g",))
    need_life(given["subject"], {**given, "began_at": given["at"]}, field="date_time")
    need_likely_weight(given)
    return records.change(record=weighing, by=by, values=values, reason=reason)


@transaction.atomic
def change_weighing_many(
    *, by: User, pairs: Sequence[tuple[Weighing, Values]], reason: str = ""
) -> list[Weighing]:
    """Correct many weighings, by a fixed number of questions.

    Each is held against the one before it as that is corrected, so that a week of weights that
    were all sent in the wrong unit is mended by one call.
    """
    animals = life.lock_all(values.get("subject", weighing.subject) for weighing, values in pairs)
    given = [_together(weighing, values, ("weight_g",), animals) for weighing, values in pairs]
    for values in given:
        need_life(values["subject"], {**values, "began_at": values["at"]}, field="date_time")
    lately = Lately.of(given)
    for values in sorted(given, key=lambda values: values["at"]):
        lately.need_likely(values)
    return records.change_many(by=by, pairs=pairs, reason=reason)


@transaction.atomic
def give_water(*, by: User, values: Values, reason: str = "") -> WaterAdministration:
    """Write down water in millilitres, of the kind of the animal's latest restriction."""
    given = {"at": now(), "user": by, **values}
    subject = given["subject"] = life.lock(given["subject"])
    _need_likely_water(subject, given)
    given["water_type"] = given.get("water_type") or usual_type(subject)
    return records.create(kind=WaterAdministration, by=by, values=given, reason=reason)


@transaction.atomic
def give_water_many(
    *, by: User, rows: Sequence[Values], reason: str = ""
) -> list[WaterAdministration]:
    """Write down water for many as `give_water` does, by a fixed number of questions."""
    moment = now()
    given: list[dict[str, Any]] = [{"at": moment, "user": by, **values} for values in rows]
    animals = life.lock_all(values["subject"] for values in given)
    usual = usual_types(animals.values())
    for values in given:
        subject = values["subject"] = animals[values["subject"].pk]
        _need_likely_water(subject, values)
        values["water_type"] = values.get("water_type") or usual[subject.pk]
    with permissions.remembered():
        return records.create_many(kind=WaterAdministration, by=by, rows=given, reason=reason)


@transaction.atomic
def change_water(
    *, water: WaterAdministration, by: User, values: Values, reason: str = ""
) -> WaterAdministration:
    """Correct what was given."""
    given = _together(water, values, ("water_ml", "session"))
    _need_likely_water(given["subject"], given)
    return records.change(record=water, by=by, values=values, reason=reason)


@transaction.atomic
def change_water_many(
    *, by: User, pairs: Sequence[tuple[WaterAdministration, Values]], reason: str = ""
) -> list[WaterAdministration]:
    """Correct what was given to many as `change_water` does, by a fixed number of questions."""
    animals = life.lock_all(values.get("subject", water.subject) for water, values in pairs)
    for water, values in pairs:
        given = _together(water, values, ("water_ml", "session"), animals)
        _need_likely_water(given["subject"], given)
    return records.change_many(by=by, pairs=pairs, reason=reason)


def _together(
    record: Any, values: Values, names: tuple[str, ...], locked: Mapping[Any, Subject] | None = None
) -> dict[str, Any]:
    """Return what a record will say, with its animal locked."""
    kept = ("pk", "at", "after_death", "confirmed", "subject", *names)
    given = {name: getattr(record, name) for name in kept} | dict(values)
    subject = given["subject"]
    given["subject"] = locked[subject.pk] if locked else life.lock(subject)
    return given


def _need_likely_water(subject: Subject, given: Values) -> None:
    need_life(subject, {**given, "began_at": given["at"]}, field="date_time")
    need_likely_water(given)
    session = given.get("session")
    if session is not None and session.subject_id != subject.pk:
        raise DoesNotFit(f"{session} is not a session of {subject}.", field="session")
