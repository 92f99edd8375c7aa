"""Animals and their names."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from lab.api.filters import Filter, keeping, truth
from lab.api.resource import Resource, taking, words
from lab.models import Subject, SubjectName
from lab.services import nicknames, subjects


def _alive(rows: Any, is_alive: Any) -> Any:
    return rows.alive() if is_alive else rows.dead()


def _restricted(rows: Any, is_restricted: Any) -> Any:
    restricted = rows.model.objects.water_restricted().values("pk")
    return rows.filter(pk__in=restricted) if is_restricted else rows.exclude(pk__in=restricted)


SUBJECTS = Resource(
    name="subjects",
    model=Subject,
    about="An animal.",
    fields=words(
        """
        nickname lab responsible_user projects species sex strain line litter source request
        born_on weaned_on genotyped_on died_on reduced_on cage_label ear_mark protocol_number
        description adverse_effects actual_severity to_be_genotyped to_be_culled json
        """
    ),
    read_only=("protocol_number",),
    computed={
        "is_alive": serializers.BooleanField(source="alive", read_only=True),
        "age_days": serializers.IntegerField(read_only=True),
    },
    optional=("nickname", "lab", "responsible_user"),
    filters=(
        Filter("alive", "true or false.", truth, _alive, {"type": "boolean"}),
        Filter(
            "water_restricted",
            "true or false: its water is measured now.",
            truth,
            _restricted,
            {"type": "boolean"},
        ),
        Filter(
            "also_called",
            "A present name, a former one or an alias.",
            str,
            keeping("names__name__iexact"),
        ),
    ),
    order=("nickname", "born_on", "died_on", "id"),
    create=subjects.create_subject,
    change=taking("subject", subjects.change_subject),
    example={
        "nickname": "KS014",
        "lab": "alder",
        "responsible_user": "alice",
        "sex": "F",
        "born_on": "2026-01-12",
    },
)


def _alias(*, by: User, values: Any, reason: str = "") -> Any:
    return nicknames.add_alias(subject=values["subject"], by=by, name=values["name"], reason=reason)


NAMES = Resource(
    name="subject-names",
    model=SubjectName,
    about="A name that an animal has, had, or answers to; what is created is an alias.",
    fields=words("subject lab name kind since until"),
    read_only=words("lab kind since until"),
    order=("-since", "name", "id"),
    create=_alias,
    change=None,
    delete=taking("name", nicknames.forget),
    example={"subject": "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a", "name": "Speedy"},
)

ALL = (SUBJECTS, NAMES)
