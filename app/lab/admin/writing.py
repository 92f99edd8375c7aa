"""The administration's writes: each goes through the service of its kind."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from django.db import models

from accounts.models import User
from common.errors import StudiumError
from lab import models as records
from lab import recording
from lab.models import Recorded
from lab.services import (
    colony,
    culls,
    datasets,
    genetics,
    housing,
    measurements,
    news,
    nicknames,
    procedures,
    profiles,
    recordings,
    requests,
    restrictions,
    sessions,
    subjects,
    tasks,
)
from lab.services import records as plain

Values = Mapping[str, Any]
Service = Callable[..., Any]
DECISIONS = ("died_on", "lives_because")  # what a surgery that ends a life asks for besides


def _cull(*, by: User, values: Values, reason: str) -> Recorded:
    given = dict(values)
    return culls.cull(by=by, subjects=[given.pop("subject")], values=given, reason=reason)[0]


def _channel(*, by: User, values: Values, reason: str) -> Recorded:
    return recordings.create_channels(by=by, rows=[values], reason=reason)[0]


def _rule(*, by: User, values: Values, reason: str) -> Recorded:
    rule, _ = genetics.create_rule(by=by, values=values, reason=reason)
    return rule


def _changed_rule(*, rule: Any, by: User, values: Values, reason: str) -> Recorded:
    changed, _ = genetics.change_rule(rule=rule, by=by, values=values, reason=reason)
    return changed


def _test(*, by: User, values: Values, reason: str) -> Recorded:
    genetics.record_tests(by=by, results=[values], reason=reason)
    tests = records.GenotypeTest.objects.filter(sequence=values["sequence"])
    found: Recorded = tests.get(subject=values["subject"])
    return found


def _changed_test(*, test: Any, by: User, values: Values, reason: str) -> Recorded:
    if {"subject", "sequence"} & set(values):
        return plain.change(record=cast("Recorded", test), by=by, values=values, reason=reason)
    facts = {"subject": test.subject, "sequence": test.sequence, **values}
    return _test(by=by, values=facts, reason=reason)


def _zygosity(*, by: User, values: Values, reason: str) -> Recorded:
    said = {name: values[name] for name in ("subject", "allele", "value")}
    genetics.state_zygosity(by=by, **said, reason=reason)
    alleles = records.Zygosity.objects.filter(allele=said["allele"])
    found: Recorded = alleles.get(subject=said["subject"])
    return found


def _changed_zygosity(*, zygosity: Any, by: User, values: Values, reason: str) -> Recorded:
    if {"subject", "allele"} & set(values):
        return plain.change(record=cast("Recorded", zygosity), by=by, values=values, reason=reason)
    facts = {"subject": zygosity.subject, "allele": zygosity.allele, "value": zygosity.value}
    return _zygosity(by=by, values=facts | dict(values), reason=reason)


def _surgery(*, by: User, values: Values, reason: str) -> Recorded:
    own, decisions = _parted(values)
    own.setdefault("implant_weight_g", 0.0)
    return procedures.create_surgery(by=by, values=own, **decisions, reason=reason)


def _changed_surgery(*, surgery: Any, by: User, values: Values, reason: str) -> Recorded:
    own, decisions = _parted(values)
    return procedures.change_surgery(surgery=surgery, by=by, values=own, **decisions, reason=reason)


def _parted(values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    decisions = {name: values[name] for name in DECISIONS if values.get(name)}
    return {name: value for name, value in values.items() if name not in DECISIONS}, decisions


def _done(kind: type[Any]) -> Service:
    return partial(procedures.create_action, kind=kind)


def _alias(*, by: User, values: Values, reason: str) -> Recorded:
    return nicknames.add_alias(subject=values["subject"], name=values["name"], by=by, reason=reason)


def _choice(*, by: User, values: Values, reason: str) -> Recorded:
    with recording.by(by, reason=reason):
        return news.choose(by=by, kind=values["kind"], scope=values["scope"])


def _changed_choice(*, rule: Any, by: User, values: Values, reason: str) -> Recorded:
    given = {"kind": rule.kind, "scope": rule.scope, **values}
    with recording.by(by, reason=reason):
        return news.change_choice(rule=rule, by=by, **given)


def _forgotten_choice(*, rule: Any, by: User, reason: str) -> None:
    with recording.by(by, reason=reason):
        news.forget_choice(rule=rule, by=by)


CREATE: dict[type[models.Model], Service] = {
    records.Subject: subjects.create_subject,
    records.Session: sessions.create_session,
    records.Surgery: _surgery,
    records.VirusInjection: _done(records.VirusInjection),
    records.ChronicRecording: _done(records.ChronicRecording),
    records.OtherAction: _done(records.OtherAction),
    records.Weighing: measurements.weigh,
    records.WaterAdministration: measurements.give_water,
    records.WaterRestriction: restrictions.restrict,
    records.Line: colony.create_line,
    records.BreedingPair: colony.create_pair,
    records.Litter: colony.create_litter,
    records.Cull: _cull,
    records.SubjectName: _alias,
    records.SubjectRequest: requests.create_request,
    records.Housing: housing.create_housing,
    records.HousingPeriod: housing.add_period,
    records.GenotypeTest: _test,
    records.Zygosity: _zygosity,
    records.ZygosityRule: _rule,
    records.Dataset: datasets.create_dataset,
    records.Task: tasks.create_task,
    records.ProbeInsertion: recordings.create_insertion,
    records.TrajectoryEstimate: recordings.create_trajectory,
    records.Channel: _channel,
    records.FieldOfView: recordings.create_field_of_view,
    records.FieldOfViewLocation: recordings.create_location,
    records.NotificationRule: _choice,
}
# With the name by which each service takes the record.
CHANGE: dict[type[models.Model], tuple[Service, str]] = {
    records.Subject: (subjects.change_subject, "subject"),
    records.Session: (sessions.change_session, "session"),
    records.Surgery: (_changed_surgery, "surgery"),
    records.VirusInjection: (procedures.change_action, "action"),
    records.ChronicRecording: (procedures.change_action, "action"),
    records.OtherAction: (procedures.change_action, "action"),
    records.Weighing: (measurements.change_weighing, "weighing"),
    records.WaterAdministration: (measurements.change_water, "water"),
    records.WaterRestriction: (restrictions.change_restriction, "restriction"),
    records.Line: (colony.change_line, "line"),
    records.BreedingPair: (colony.change_pair, "pair"),
    records.Litter: (colony.change_litter, "litter"),
    records.Cull: (culls.change_cull, "cull"),
    records.SubjectRequest: (requests.change_request, "request"),
    records.Housing: (housing.change_housing, "housing"),
    records.HousingPeriod: (housing.change_period, "period"),
    records.GenotypeTest: (_changed_test, "test"),
    records.Zygosity: (_changed_zygosity, "zygosity"),
    records.ZygosityRule: (_changed_rule, "rule"),
    records.Task: (tasks.change_task, "task"),
    records.ProbeInsertion: (recordings.change_insertion, "insertion"),
    records.TrajectoryEstimate: (recordings.change_trajectory, "trajectory"),
    records.Channel: (recordings.change_channel, "channel"),
    records.FieldOfView: (recordings.change_field_of_view, "plane"),
    records.FieldOfViewLocation: (recordings.change_location, "location"),
    records.PersonProfile: (profiles.change_person, "profile"),
    records.NotificationRule: (_changed_choice, "rule"),
}
# What is taken back rather than thrown away, or from which something follows.
DELETE: dict[type[models.Model], tuple[Service, str]] = {
    records.Cull: (culls.revive, "cull"),
    records.SubjectName: (nicknames.forget, "name"),
    records.GenotypeTest: (
        lambda *, test, by, reason: genetics.remove_tests(by=by, tests=[test], reason=reason),
        "test",
    ),
    records.Zygosity: (genetics.withdraw_zygosity, "zygosity"),
    records.ZygosityRule: (genetics.delete_rule, "rule"),
    records.ChronicInsertion: (recordings.delete_chronic_insertion, "insertion"),
    records.NotificationRule: (_forgotten_choice, "rule"),
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
    "outcome_type": ("outcome",),
    "result": ("result0",),
    "axial": ("axial_um",),
}


def create(*, kind: type[Recorded], by: User, values: Values, reason: str) -> Recorded:
    if service := CREATE.get(kind):
        made: Recorded = service(by=by, values=values, reason=reason)
        return made
    return plain.create(kind=kind, by=by, values=values, reason=reason)


def change(*, record: Recorded, by: User, values: Values, reason: str) -> Recorded:
    """Change a record that nobody has touched since it was read."""
    if found := CHANGE.get(type(record)):
        service, name = found
        changed: Recorded = service(**{name: record}, by=by, values=values, reason=reason)
        return changed
    return plain.change(record=record, by=by, values=values, reason=reason)


def delete(*, record: Recorded, by: User, reason: str) -> None:
    if found := DELETE.get(type(record)):
        service, name = found
        service(**{name: record}, by=by, reason=reason)
    else:
        plain.delete(record=record, by=by, reason=reason)


def move(*, animals: list[Any], cage: records.Housing, by: User, reason: str) -> None:
    """Let animals live in a cage from now on."""
    housing.move(by=by, subjects=animals, housing=cage, reason=reason)


def field_of(error: StudiumError, fields: Mapping[str, Any]) -> str | None:
    """Return the field of a form that a refusal speaks of; None if it speaks of the whole."""
    named = getattr(error, "field", "")
    names = (named, *OTHER_NAMES.get(named, ()))
    return next((name for name in names if name in fields), None)
