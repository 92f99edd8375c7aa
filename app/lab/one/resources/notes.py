"""Notes, with or without a picture, about any record; and the pictures."""

import json
import mimetypes
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse as path_of
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from common import protected
from common.errors import NotThere
from lab import models
from lab.alyx.kinds import KINDS
from lab.models import Note, Recorded
from lab.one.authentication import AUTHENTICATION
from lab.one.errors import FieldRefused
from lab.one.fields import NameField, WallClockField
from lab.one.files import BasicToken
from lab.one.filters import alike, between, key
from lab.one.resources.people import people
from lab.one.views import OneView, Writes
from lab.one.vocabulary import FREE, Relation, Vocabulary, instant, text
from lab.one.vocabulary import key as as_key
from lab.one.vocabulary import people as people_words
from lab.services import notes
from lab.times import wall_clock

AREAS = ("actions.", "subjects.", "experiments.", "data.dataset", "jobs.", "misc.housing")
UNSEEN = {"actions.notification", "actions.notificationrule"}


def _is_seen(model: type[Any]) -> bool:
    return issubclass(model, Recorded) and hasattr(model.objects.all(), "visible_to")


# What a note can be about, as Alyx calls it: actions.session.
ABOUT: dict[str, type[Recorded]] = {
    name: cast("type[Recorded]", kind.model)
    for name, kind in KINDS.items()
    if name.startswith(AREAS) and name not in UNSEEN and _is_seen(kind.model)
}
SHORT = {name.partition(".")[2]: name for name in ABOUT}
CALLED = {model: name for name, model in ABOUT.items()}


def kind_called(word: str) -> type[Recorded] | None:
    """Return the kind of record that ``session`` or ``actions.session`` stands for."""
    low = word.strip().lower()
    return ABOUT.get(SHORT.get(low, low))


def name_of_kind(note: Note) -> str:
    model = note.content_type.model_class()
    return CALLED.get(cast("Any", model), note.content_type.app_labeled_name)


@extend_schema_field(OpenApiTypes.STR)
class KindField(serializers.Field[Any, Any, Any, Any]):
    """A kind of record by Alyx's name."""

    default_error_messages = {
        "invalid": "There is no kind of record called {value!r}. There are: {known}."
    }

    def get_attribute(self, instance: Note) -> Note:
        return instance

    def to_representation(self, value: Note) -> str:
        return name_of_kind(value)

    def to_internal_value(self, data: Any) -> type[Recorded]:
        found = kind_called(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid", value=str(data)[:60], known=", ".join(sorted(SHORT)))
        return found


def picture_address(name: str, request: Any) -> str | None:
    """Return the absolute address of a picture."""
    if not name:
        return None
    return str(request.build_absolute_uri(path_of("one:uploaded", args=[name])))


def row(note: tuple[Any, ...], session: Any, request: Any) -> dict[str, Any]:
    """Return a note as its session shows it, from the texts of `sessions.beside`."""
    key_, user, words, image, free, at = note
    when = datetime.fromisoformat(at)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)  # SQLite keeps no zone
    return {
        "id": str(key_),
        "user": user,
        "date_time": wall_clock(when, session.lab),
        "content_type": "actions.session",
        "object_id": str(session.pk),
        "text": words,
        "image": picture_address(image, request),
        "json": json.loads(free) if free else None,
    }


class NoteShape(serializers.ModelSerializer[Note]):
    user = NameField("username", people, required=False)
    date_time = WallClockField(source="at", required=False)
    content_type = KindField()
    object_id = serializers.UUIDField()
    image = serializers.FileField(required=False, allow_null=True)
    width = serializers.CharField(required=False, allow_null=True, allow_blank=True,
                                  write_only=True)  # fmt: skip

    class Meta:
        model = Note
        fields = ["id", "user", "date_time", "content_type", "object_id", "text", "image", "json",
                  "width"]  # fmt: skip
        read_only_fields = ["id"]

    def to_representation(self, instance: Note) -> dict[str, Any]:
        image, instance.image = instance.image, None  # its own address is not the one to ask
        shown: dict[str, Any] = super().to_representation(instance)
        instance.image = image
        return shown | {"image": picture_address(str(image), self.context["request"])}


class Notes(Writes):
    kind = Note
    serializer_class = NoteShape
    vocabulary = Vocabulary(
        {"id": ("id", as_key), "pk": ("pk", as_key), "text": ("text", text),
         "object_id": ("object_id", as_key), "date_time": ("at", instant),
         "content_type__model": ("content_type__model", lambda word: _own_name(str(word)))},
        {"user": Relation("user", lambda: people_words)},
        free=FREE,
    )  # fmt: skip
    filters: ClassVar = {
        "user": alike("user__username"),
        "object_id": key("object_id", "object_id"),
        "content_type": lambda rows, word, _view: rows.filter(
            content_type__app_label="lab", content_type__model=_filter_name(word)
        ),
        "text": lambda rows, word, _view: rows.filter(text=word),
        "date_range": between("at__date"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("user", "lab", "content_type")
        return rows.order_by("at", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        width = notes.width_of(values.pop("width", None))
        about = self._about(values, record)
        picture = self._picture(values, width)
        if record is None:
            return notes.create_note(by=self.person, about=about, values=values, picture=picture)
        return notes.change_note(
            note=record, by=self.person, about=about, values=values, picture=picture
        )

    def _picture(self, values: dict[str, Any], width: int | None) -> notes.Sent | None:
        if not values.get("image"):
            if "image" in values:
                values["image"] = ""  # taken away
            return None
        file = values.pop("image")
        return notes.Sent(notes.read(file), width)

    def _about(self, values: dict[str, Any], record: Note | None) -> Any:
        """Return what the note is about, among what the person sees; None when it stays."""
        kind, key_ = values.pop("content_type", None), values.pop("object_id", None)
        if record is not None:
            if kind is None and key_ is None:
                return None
            kind = kind or record.content_type.model_class()
            key_ = key_ or record.object_id
        rows = cast("Any", kind).objects.visible_to(self.person)
        found = rows.filter(pk=key_).first()
        if found is None:
            name = CALLED.get(cast("Any", kind), "record")
            raise FieldRefused("object_id", f"There is no {name} {key_} that you can see.")
        return found

    def lab_of(self, values: Mapping[str, Any], record: Any) -> Any:
        """Return the lab of what the note is about: its clock is meant."""
        kind, key_ = values.get("content_type"), values.get("object_id")
        if kind is not None and key_ is not None:
            rows = cast("Any", kind).objects.visible_to(self.person)
            return getattr(rows.filter(pk=key_).first(), "lab", None)
        return record and record.lab


def _own_name(word: str) -> str:
    kind = kind_called(word)
    if kind is None:
        raise ValueError(word)
    return str(kind._meta.model_name)  # noqa: SLF001


def _filter_name(word: str) -> str:
    try:
        return _own_name(word)
    except ValueError:
        raise FieldRefused("content_type", f"Write one of {', '.join(sorted(SHORT))}.") from None


class Uploaded(OneView):
    """`GET`: a picture, for whoever sees the note that it belongs to."""

    authentication_classes = [BasicToken, *AUTHENTICATION]

    def get(self, request: Request, path: str) -> HttpResponseBase:
        if not models.Note.objects.visible_to(request.user).filter(image=path).exists():
            raise NotThere("There is no such picture that you can see.")
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return protected.sent(path, content_type=kind)
