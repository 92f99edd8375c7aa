"""Animals and their names."""

from typing import Any

from rest_framework import serializers

from lab.api.filters import Filter, keeping, truth
from lab.api.resource import Resource, words
from lab.models import Subject
from lab.services import subjects


def _change(*, record: Any, **given: Any) -> Any:
    return subjects.change_subject(subject=record, **given)


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
    change=_change,
    example={
        "nickname": "KS014",
        "lab": "alder",
        "responsible_user": "alice",
        "sex": "F",
        "born_on": "2026-01-12",
    },
)

ALL = (SUBJECTS,)
