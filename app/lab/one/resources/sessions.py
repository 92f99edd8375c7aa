"""Sessions, found by their identifier."""

from datetime import date
from typing import Any, ClassVar

from django.db.models import (
    Exists,
    F,
    FloatField,
    OuterRef,
    Prefetch,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from rest_framework import serializers

from lab.models import (
    Dataset,
    Location,
    Note,
    ProcedureType,
    Quality,
    Session,
    Subject,
    WaterAdministration,
)
from lab.one import vocabulary
from lab.one.addresses import download_address
from lab.one.bodies import REASONS, Former
from lab.one.errors import FieldRefused
from lab.one.fields import LabelField, NameField, UrlField, WallClockField, address
from lab.one.filters import (
    alike,
    all_linked,
    between,
    holds,
    key,
    linked,
    number,
    quality,
)
from lab.one.recording_filters import ATLAS, histology
from lab.one.resources import notes
from lab.one.resources.people import labs, people, projects, with_profiles
from lab.one.views import Writes
from lab.services import sessions

FORMER_PROJECT = Former("projects", date(2026, 11, 21), is_one_of_many=True)


def seen_subjects(user: Any) -> QuerySet[Any]:
    return Subject.objects.visible_to(user).select_related("lab")


def seen_sessions(user: Any) -> QuerySet[Any]:
    return Session.objects.visible_to(user).select_related("lab")


class SessionRow(serializers.ModelSerializer[Session]):
    """A session in a list."""

    subject = NameField("nickname")
    start_time = WallClockField(source="began_at", read_only=True)
    lab = NameField("profile__path_name")
    projects = NameField("profile__path_name", many=True)
    url = UrlField("sessions")

    class Meta:
        model = Session
        fields = ["id", "subject", "start_time", "number", "lab", "projects", "url",
                  "task_protocol"]  # fmt: skip


class SessionShape(serializers.ModelSerializer[Session]):
    """A session with all that belongs to it."""

    subject = NameField("nickname", seen_subjects)
    users = NameField("username", people, many=True, required=False)
    location = NameField("name", Location.objects.visible_to, required=False, allow_null=True)
    procedures = NameField(
        "name", lambda _u: ProcedureType.objects.all(), many=True, required=False
    )
    lab = NameField("profile__path_name", labs, required=False)
    projects = NameField("profile__path_name", projects, many=True, required=False)
    start_time = WallClockField(source="began_at")
    end_time = WallClockField(source="ended_at", required=False, allow_null=True)
    parent_session = NameField(
        "pk", Session.objects.visible_to, source="parent", required=False, allow_null=True
    )
    qc = LabelField(Quality, required=False)
    auto_datetime = WallClockField(source="changed_at", read_only=True)
    url = UrlField("sessions")

    class Meta:
        model = Session
        fields = [
            "id", "subject", "users", "location", "procedures", "lab", "projects", "type",
            "task_protocol", "number", "start_time", "end_time", "narrative", "parent_session",
            "n_correct_trials", "n_trials", "url", "extended_qc", "qc", "auto_datetime", "json",
            "after_death", "confirmed",
        ]  # fmt: skip
        read_only_fields = ["id"]
        extra_kwargs: ClassVar = {
            "number": {"required": False, "max_value": sessions.HIGHEST}
        } | REASONS
        validators: ClassVar[list[Any]] = []  # the service knows a session that is sent again

    def to_representation(self, instance: Session) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        shown |= related(instance, self.context["request"])
        if instance.parent:
            shown["parent_session"] = address(
                self.context["request"], "sessions", instance.parent.pk
            )
        return shown


def related(session: Session, request: Any) -> dict[str, Any]:
    """Return what belongs to a session, as ONE reads it."""
    small = beside(session)
    return {
        "data_dataset_session_related": [
            dataset_row(dataset, session, request) for dataset in session.datasets.all()
        ],
        "wateradmin_session_related": [
            {
                "id": str(water.pk),
                "name": str(water),
                "water_type": water.water_type.name if water.water_type else None,
                "water_administered": water.water_ml,
            }
            for water in session.water_administrations.all()
        ],
        "probe_insertion": [
            {"id": str(key), "name": name, "serial": serial}
            for key, name, serial, *_ in small["probe"]
        ],
        "field_of_view": [{"id": str(key), "name": name} for key, name, *_ in small["plane"]],
        "notes": [notes.row(note, session, request) for note in small["note"]],
    }


def beside(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Return the probes, planes and notes of a session, all by one question.

    The last text of each is what it is sorted by: a name, or for a note the time.
    """

    def rows(kind: str, found: Any, name: str, *texts: Any) -> Any:
        return found.order_by().values_list(
            Value(kind), "pk", name, *[Cast(each, TextField()) for each in texts]
        )

    nothing = Value("")
    probes = rows("probe", session.probe_insertions, "name", "serial", nothing, nothing, "name")
    planes = rows("plane", session.fields_of_view, "name", nothing, nothing, nothing, "name")
    of_session = Note.objects.filter(content_type__model="session", object_id=session.pk)
    noted = rows("note", of_session, "user__username", "text", "image", "json", "at")
    found: dict[str, list[tuple[Any, ...]]] = {"probe": [], "plane": [], "note": []}
    for kind, *told in sorted(probes.union(planes, noted, all=True), key=_place):
        found[kind].append(tuple(told))
    return found


def _place(row: tuple[Any, ...]) -> str:
    return str(row[-1])


def dataset_row(dataset: Any, session: Session, request: Any) -> dict[str, Any]:
    """Return one dataset of a session; ONE takes its path from ``data_url``, so it is never empty.

    ``default_revision`` is a text, as the client compares it with one.
    """
    return {
        "id": str(dataset.pk),
        "name": dataset.name,
        "dataset_type": dataset.type.name,
        "data_url": download_address(dataset, session, request),
        "url": address(request, "datasets", dataset.pk),
        "file_size": dataset.file_size,
        "hash": dataset.hash,
        "version": dataset.version,
        "collection": dataset.collection,
        "revision": dataset.revision.name if dataset.revision else "",
        "default_revision": str(dataset.is_default),
        "qc": Quality(dataset.qc).label,
    }


class Sessions(Writes):
    kind = Session
    vocabulary = vocabulary.sessions
    serializer_class = SessionShape
    list_serializer = SessionRow
    json_filters = ("json", "extended_qc")
    formers: ClassVar = {"project": FORMER_PROJECT}
    former_filters: ClassVar = {"project": FORMER_PROJECT}
    echoed = frozenset(
        {
            "data_dataset_session_related",
            "wateradmin_session_related",
            "probe_insertion",
            "field_of_view",
            "notes",
        }
    )
    filters: ClassVar = {
        "id": key("pk", "id"),
        "subject": alike("subject__nickname"),
        "nickname": alike("subject__nickname"),
        "date_range": between("day"),
        "number": number("number", "number"),
        "users": all_linked("users__username"),
        "lab": alike("lab__profile__path_name"),
        "location": alike("location__name"),
        "task_protocol": holds("task_protocol"),
        "project": linked("projects__profile__path_name", "icontains"),
        "projects": linked("projects__profile__path_name", "icontains"),
        "procedures": all_linked("procedures__name", "icontains"),
        "type": alike("type"),
        "qc": quality("qc"),
        "dataset_types": all_linked("datasets__type__name"),
        "datasets": lambda rows, text, _view: _with_files(rows, text),
        "dataset_qc_lte": lambda rows, text, _view: rows.filter(
            Exists(Dataset.objects.filter(session=OuterRef("pk"), qc__lte=_grade(text)))
        ),
        "tag": linked("datasets__tags__name"),
        "histology": histology,
        **ATLAS,
        "performance_gte": lambda rows, text, _view: _performance(rows, "performance_gte", text),
        "performance_lte": lambda rows, text, _view: _performance(rows, "performance_lte", text),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("subject", "lab__profile", "location")
        listed = rows.prefetch_related(with_profiles("projects", self.person)).order_by(
            "-began_at", "pk"
        )
        return listed if self.action == "list" else self._whole(listed)

    def _whole(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        datasets = Dataset.objects.select_related("type", "revision").order_by("collection", "name")
        water = WaterAdministration.objects.select_related("water_type", "subject")
        return (
            rows.prefetch_related("users", "procedures")
            .prefetch_related(Prefetch("parent", self.sight.of(Session)))
            .prefetch_related(Prefetch("datasets", datasets))
            .prefetch_related(Prefetch("water_administrations", water))
        )

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return sessions.create_session(by=self.person, values=values)
        return sessions.change_session(session=record, by=self.person, values=values)


def _performance(rows: Any, name: str, text: str) -> Any:
    try:
        bound = float(text)
    except ValueError:
        raise FieldRefused(name, f"Write a percentage, not {text[:40]!r}.") from None
    share = Cast(F("n_correct_trials"), FloatField()) * 100 / F("n_trials")
    return (
        rows.filter(n_trials__gt=0)
        .annotate(performance=share)
        .filter(**{f"performance__{name.rpartition('_')[2]}": bound})
    )


def _with_files(rows: Any, text: str) -> Any:
    """Keep the sessions that have every one of the files on a server."""
    for name in filter(None, (part.strip() for part in text.split(","))):
        there = Dataset.objects.filter(session=OuterRef("pk"), name=name, is_online=True)
        rows = rows.filter(Exists(there))
    return rows


def _grade(text: str) -> int:
    known = {kind.label: kind.value for kind in Quality}
    if text not in known and text not in {str(value) for value in Quality.values}:
        raise FieldRefused("dataset_qc_lte", f"Write one of {', '.join(known)}.")
    return known.get(text) or int(text if text.isdigit() else 0)
