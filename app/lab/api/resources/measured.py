"""What is done with an animal and measured on it: sessions, weights, water."""

from typing import Any

from lab.api.resource import Resource, words
from lab.models import Session, WaterAdministration, Weighing
from lab.services import measurements, sessions


def _change_session(*, record: Any, **given: Any) -> Any:
    return sessions.change_session(session=record, **given)


ACTION = words(
    """
        subject lab name users location procedures narrative began_at ended_at after_death
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
    change=_change_session,
    example={
        "subject": "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a",
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
        subject at weight_g user after_death json
        """
    ),
    optional=("user",),
    order=("-at", "weight_g", "id"),
    create=measurements.weigh,
    example={
        "subject": "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a",
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
        subject at water_ml water_type is_adlib session user after_death json
        """
    ),
    optional=("user",),
    order=("-at", "water_ml", "id"),
    create=measurements.give_water,
    example={
        "subject": "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a",
        "at": "2026-03-02T10:00:00Z",
        "water_ml": 0.8,
    },
)

ALL = (SESSIONS, WEIGHINGS, WATER)
