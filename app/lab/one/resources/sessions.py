"""Sessions, found by their identifier."""

from typing import Any, ClassVar

from django.db.models import F, FloatField, QuerySet
from django.db.models.functions import Cast
from rest_framework import serializers

from lab.models import Location, ProcedureType, Quality, Session, Subject
from lab.one import vocabulary
from lab.one.errors import FieldRefused
from lab.one.fields import LabelField, NameField, UrlField, WallClockField, address
from lab.one.filters import (
    alike,
    all_linked,
    between,
    equal,
    holds,
    linked,
    number,
    quality,
)
from lab.one.resources.people import labs, people, projects
from lab.one.views import Writes
from lab.services import sessions


def seen_subjects(user: Any) -> QuerySet[Any]:
    return Subject.objects.visible_to(user).select_related("lab")


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
    parent_session = serializers.PrimaryKeyRelatedField[Any](
        source="parent", queryset=Session.objects.all(), required=False, allow_null=True
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
        ]  # fmt: skip
        read_only_fields = ["id"]
        extra_kwargs: ClassVar = {"number": {"required": False}}
        validators: ClassVar[list[Any]] = []  # the service knows a session that is sent again

    def validate_parent_session(self, parent: Session | None) -> Session | None:
        user = self.context["request"].user
        if parent and not Session.objects.visible_to(user).filter(pk=parent.pk).exists():
            raise serializers.ValidationError("There is no such session that you can see.")
        return parent

    def to_representation(self, instance: Session) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if instance.parent_id:
            shown["parent_session"] = address(
                self.context["request"], "sessions", instance.parent_id
            )
        return shown


class Sessions(Writes):
    kind = Session
    vocabulary = vocabulary.sessions
    serializer_class = SessionShape
    list_serializer = SessionRow
    json_filters = ("json", "extended_qc")
    filters: ClassVar = {
        "id": equal("pk"),
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
        "performance_gte": lambda rows, text, _view: _performance(rows, "performance_gte", text),
        "performance_lte": lambda rows, text, _view: _performance(rows, "performance_lte", text),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("subject", "lab__profile", "location", "parent")
        return rows.prefetch_related("projects__profile", "users", "procedures").order_by(
            "-began_at", "pk"
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
