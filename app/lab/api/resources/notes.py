"""Notes that people attach to records, and whose animals they want to hear of."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from accounts.models import User
from lab import models
from lab.api.filters import IDS, Filter, keeping, several
from lab.api.references import seen
from lab.api.resource import Resource, words
from lab.errors import DoesNotFit
from lab.services import news, notes

ABOUT: dict[str, type[models.Recorded]] = {
    "subject": models.Subject, "session": models.Session, "line": models.Line,
    "litter": models.Litter, "breeding pair": models.BreedingPair, "housing": models.Housing,
    "surgery": models.Surgery, "water restriction": models.WaterRestriction,
    "virus injection": models.VirusInjection, "chronic recording": models.ChronicRecording,
    "other action": models.OtherAction, "weighing": models.Weighing, "dataset": models.Dataset,
    "cull": models.Cull, "request": models.SubjectRequest, "task": models.Task,
    "water administration": models.WaterAdministration, "probe insertion": models.ProbeInsertion,
}  # fmt: skip
KINDS = {model._meta.label_lower: kind for kind, model in ABOUT.items()}  # noqa: SLF001


class KindField(serializers.ChoiceField):
    """What kind of record a note is about."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(ABOUT), source="*", **kwargs)

    def to_representation(self, value: Any) -> str:
        kind = value.content_type
        return KINDS.get(f"{kind.app_label}.{kind.model}", str(kind.model))

    def to_internal_value(self, data: Any) -> Any:
        return {"about_kind": super().to_internal_value(data)}


def _create(*, by: User, values: Any, reason: str = "") -> Any:
    given = dict(values)
    kind = ABOUT[given.pop("about_kind")]
    about = seen(kind, by).filter(pk=given.pop("object_id")).first()
    if about is None:
        name = kind._meta.verbose_name  # noqa: SLF001
        raise DoesNotFit(f"There is no such {name} that you can see.", field="about")
    return notes.create_note(by=by, about=about, values=given, reason=reason)


def _change(*, record: Any, by: User, values: Any, reason: str = "") -> Any:
    if {"about_kind", "object_id"} & set(values):
        raise DoesNotFit("A note stays with its record.", field="about")
    return notes.change_note(note=record, by=by, values=values, reason=reason)


NOTES = Resource(
    name="notes",
    model=models.Note,
    about="What somebody wrote about a record.",
    fields=words("user lab at text json"),
    read_only=words("user lab"),
    extra={
        "about_kind": KindField(),
        "about": serializers.UUIDField(source="object_id"),
    },
    filters=(
        Filter(
            "about",
            "Ids of records, parted by commas.",
            several(UUID),
            keeping("object_id__in"),
            IDS,
        ),
    ),
    related=("content_type",),
    order=("-at", "id"),
    create=_create,
    change=_change,
    example={
        "about_kind": "subject",
        "about": "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a",
        "text": "Curious.",
    },
)


def _choose(*, by: User, values: Any, reason: str = "") -> Any:  # noqa: ARG001  a choice needs none
    return news.choose(by=by, kind=values["kind"], scope=values["scope"])


def _choose_again(*, record: Any, by: User, values: Any, reason: str = "") -> Any:  # noqa: ARG001
    given = {"kind": record.kind, "scope": record.scope, **values}
    return news.change_choice(rule=record, by=by, **given)


def _forget(*, record: Any, by: User, reason: str = "") -> None:  # noqa: ARG001
    news.forget_choice(rule=record, by=by)


RULES = Resource(
    name="notification-rules",
    model=models.NotificationRule,
    about="Of whose animals you want to hear, for one kind of news.",
    fields=words("user kind scope"),
    read_only=("user",),
    order=("kind", "id"),
    create=_choose,
    change=_choose_again,
    delete=_forget,
    example={"kind": "mouse_underweight", "scope": "mine"},
)

ALL = (NOTES, RULES)
