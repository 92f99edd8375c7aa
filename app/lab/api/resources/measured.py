"""What is done with an animal and measured on it: sessions, weights, water."""

from typing import Any

from rest_framework import serializers

from lab import models
from lab.api.fields import Day
from lab.api.filters import Filter, truth
from lab.api.resource import Resource, taking, words
from lab.models import Session, WaterAdministration, Weighing
from lab.services import measurements, procedures, restrictions, sessions

SUBJECT = "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a"


def _open(rows: Any, is_open: Any) -> Any:
    return rows.filter(ended_at=None) if is_open else rows.exclude(ended_at=None)


def _act(kind: Any) -> Any:
    def create(**given: Any) -> Any:
        return procedures.create_action(kind=kind, **given)

    return create


def _parted(values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a surgery's values, and what was decided of the animal's life."""
    given = dict(values)
    names = [name for name in ("died_on", "lives_because") if name in given]
    return given, {name: given.pop(name) for name in names}


def _operate(*, values: Any, **given: Any) -> Any:
    told, decided = _parted(values)
    return procedures.create_surgery(values=told, **decided, **given)


def _change_surgery(*, record: Any, values: Any, **given: Any) -> Any:
    told, decided = _parted(values)
    return procedures.change_surgery(surgery=record, values=told, **decided, **given)


ACTION = words(
    """
        subject lab name users location procedures narrative began_at ended_at after_death confirmed
        """
)

SESSIONS = Resource(
    name="sessions",
    model=Session,
    about="A recording or training session: an animal, a day, a number.",
    fields=ACTION
    + words(
        """
        parent projects day number type task_protocol n_trials n_correct_trials qc extended_qc
        json
        """
    ),
    read_only=("day",),
    optional=("lab",),
    order=("-began_at", "day", "id"),
    create=sessions.create_session,
    change=taking("session", sessions.change_session),
    change_many=sessions.change_session_many,
    example={
        "subject": SUBJECT,
        "began_at": "2026-03-02T09:00:00Z",
        "number": 1,
        "task_protocol": "choice_world",
    },
)

WEIGHINGS = Resource(
    name="weighings",
    model=Weighing,
    about="An animal's weight in grams at an instant.",
    fields=words(
        """
        subject at weight_g user after_death confirmed json
        """
    ),
    optional=("user",),
    order=("-at", "weight_g", "id"),
    create=measurements.weigh,
    create_many=measurements.weigh_many,
    change=taking("weighing", measurements.change_weighing),
    change_many=measurements.change_weighing_many,
    example={
        "subject": SUBJECT,
        "at": "2026-03-02T09:00:00Z",
        "weight_g": 23.4,
    },
)

WATER = Resource(
    name="water-administrations",
    model=WaterAdministration,
    about="Water that an animal got, in millilitres; with a session it was a reward.",
    fields=words(
        """
        subject at water_ml water_type is_adlib session user after_death confirmed json
        """
    ),
    optional=("user",),
    order=("-at", "water_ml", "id"),
    create=measurements.give_water,
    create_many=measurements.give_water_many,
    change=taking("water", measurements.change_water),
    change_many=measurements.change_water_many,
    example={
        "subject": SUBJECT,
        "at": "2026-03-02T10:00:00Z",
        "water_ml": 0.8,
    },
)

SURGERIES = Resource(
    name="surgeries",
    model=models.Surgery,
    about="An operation; acute and without recovery it ends the animal's life.",
    fields=(*ACTION, "outcome", "implant_weight_g", "json"),
    optional=("lab",),
    order=("-began_at", "id"),
    extra={
        "died_on": Day(required=False, write_only=True),
        "lives_because": serializers.CharField(required=False, write_only=True, max_length=255),
    },
    create=_operate,
    change=_change_surgery,
    example={"subject": SUBJECT, "began_at": "2026-03-02T09:00:00Z", "outcome": "r"},
)
INJECTIONS = Resource(
    name="virus-injections",
    model=models.VirusInjection,
    about="A virus brought into an animal's brain.",
    fields=(*ACTION, "virus_batch", "volume_nl", "rate_nl_per_min", "kind", "json"),
    optional=("lab",),
    order=("-began_at", "id"),
    create=_act(models.VirusInjection),
    change=taking("action", procedures.change_action),
    example={"subject": SUBJECT, "began_at": "2026-03-02T09:00:00Z", "volume_nl": 200},
)
IMPLANTS = Resource(
    name="chronic-recordings",
    model=models.ChronicRecording,
    about="A device that stays in an animal.",
    fields=(*ACTION, "json"),
    optional=("lab",),
    order=("-began_at", "id"),
    create=_act(models.ChronicRecording),
    change=taking("action", procedures.change_action),
    example={"subject": SUBJECT, "began_at": "2026-03-02T09:00:00Z"},
)
OTHERS = Resource(
    name="other-actions",
    model=models.OtherAction,
    about="Anything else that is done with an animal.",
    fields=(*ACTION, "json"),
    optional=("lab",),
    order=("-began_at", "id"),
    create=_act(models.OtherAction),
    change=taking("action", procedures.change_action),
    example={"subject": SUBJECT, "began_at": "2026-03-02T09:00:00Z", "narrative": "Handled."},
)
RESTRICTIONS = Resource(
    name="water-restrictions",
    model=models.WaterRestriction,
    about="A time in which an animal gets measured water; open while it lasts.",
    fields=(*ACTION, "reference_weight_g", "water_type", "json"),
    optional=("lab",),
    filters=(
        Filter("open", "true or false: it has not ended.", truth, _open, {"type": "boolean"}),
    ),
    order=("-began_at", "ended_at", "id"),
    create=restrictions.restrict,
    change=taking("restriction", restrictions.change_restriction),
    example={"subject": SUBJECT, "began_at": "2026-03-02T09:00:00Z", "reference_weight_g": 25},
)

ALL = (
    SESSIONS,
    WEIGHINGS,
    WATER,
    SURGERIES,
    INJECTIONS,
    IMPLANTS,
    OTHERS,
    RESTRICTIONS,
)
