"""Probes: of one session, and those that stay in an animal."""

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from lab.models import ChronicInsertion, Dataset, ProbeInsertion, ProbeModel
from lab.one import vocabulary
from lab.one.fields import NameField, WallClockField, placed
from lab.one.filters import alike, equal, key
from lab.one.recording_filters import ATLAS, of_datasets, of_session
from lab.one.resources.people import labs, with_profiles
from lab.one.resources.sessions import SessionRow, seen_sessions, seen_subjects
from lab.one.views import Writes
from lab.services import recordings


class SessionInfo(SessionRow):
    """What ONE wants to know of the session that a probe or a track belongs to."""

    url = None  # type: ignore[assignment]  # taken out of what is inherited

    class Meta(SessionRow.Meta):
        fields = ["id", "subject", "start_time", "number", "lab", "projects", "task_protocol"]


def with_session_info(rows: QuerySet[Any], session: str, user: Any) -> QuerySet[Any]:
    """Fetch what `SessionInfo` shows ``user`` of the session at the end of the path ``session``."""
    whole = rows.select_related(f"{session}__subject", f"{session}__lab__profile")
    return whole.prefetch_related(with_profiles(f"{session}__projects", user))


class ModelField(NameField):
    """A probe's model, by what its maker calls it (3B2) or by its name here (Neuropixels 1.0)."""

    def __init__(self) -> None:
        super().__init__(
            "model", lambda _user: ProbeModel.objects.all(), required=False, allow_null=True
        )

    def to_internal_value(self, data: Any) -> Any:
        named = self.get_queryset().filter(name=data).first() if isinstance(data, str) else None
        return named or super().to_internal_value(data)

    def to_representation(self, obj: Any) -> Any:
        return obj.model or obj.name


def of_model(rows: QuerySet[Any], text: str, _view: Any) -> QuerySet[Any]:
    return rows.filter(model__model=text) | rows.filter(model__name=text)


class InsertionShape(serializers.ModelSerializer[ProbeInsertion]):
    """A probe in a session; its datasets by their ids."""

    session = NameField("pk", seen_sessions)
    model = ModelField()
    chronic_insertion = NameField(
        "pk", ChronicInsertion.objects.visible_to, required=False, allow_null=True
    )
    datasets = NameField("pk", Dataset.objects.visible_to, many=True, required=False)
    auto_datetime = WallClockField(source="changed_at", read_only=True)
    session_info = SessionInfo(source="session", read_only=True)

    class Meta:
        model = ProbeInsertion
        fields = ["id", "session", "model", "name", "serial", "json", "auto_datetime",
                  "chronic_insertion", "datasets", "session_info"]  # fmt: skip
        read_only_fields = ["id"]
        extra_kwargs: ClassVar = {"name": {"required": True, "allow_blank": False}}
        validators: ClassVar[list[Any]] = []  # the service says it, in our words


class Insertions(Writes):
    kind = ProbeInsertion
    vocabulary = vocabulary.insertions
    serializer_class = InsertionShape
    filters: ClassVar = {
        **of_session("session"),
        **of_datasets("probe_insertions"),
        **ATLAS,
        "id": key("pk", "id"),
        "name": equal("name"),
        "serial": equal("serial"),
        "model": of_model,
        "chronic_insertion": key("chronic_insertion", "chronic_insertion"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = with_session_info(self.seen(), "session", self.person).select_related(
            "model", "chronic_insertion"
        )
        whole = rows.prefetch_related(Prefetch("datasets", self.sight.of(Dataset).only("pk")))
        return whole.order_by("-session__began_at", "name", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return recordings.create_insertion(by=self.person, values=values)
        return recordings.change_insertion(insertion=record, by=self.person, values=values)


class ProbeOfChronic(serializers.ModelSerializer[ProbeInsertion]):
    model = ModelField()
    session_info = SessionInfo(source="session", read_only=True)

    class Meta:
        model = ProbeInsertion
        fields = ["id", "name", "model", "serial", "session_info"]


class ChronicInsertionShape(serializers.ModelSerializer[ChronicInsertion]):
    """A probe that stays in an animal; it is an action, so most of it is said there."""

    name = serializers.CharField(
        source="recording.name", required=False, allow_blank=True, max_length=255
    )
    subject = NameField("nickname", seen_subjects, source="recording.subject")
    lab = NameField("profile__path_name", labs, required=False)
    model = ModelField()
    start_time = WallClockField(source="recording.began_at", required=False, allow_null=True)
    json = serializers.JSONField(source="recording.json", required=False, allow_null=True)
    probe_insertion = ProbeOfChronic(source="probe_insertions", many=True, read_only=True)

    class Meta:
        model = ChronicInsertion
        fields = ["id", "name", "subject", "lab", "model", "start_time", "serial", "json",
                  "probe_insertion"]  # fmt: skip
        read_only_fields = ["id"]


class ChronicInsertions(Writes):
    kind = ChronicInsertion
    vocabulary = vocabulary.chronic_insertions
    serializer_class = ChronicInsertionShape
    json_filters = ()
    filters: ClassVar = {
        **ATLAS,
        "id": key("pk", "id"),
        "name": equal("recording__name"),
        "subject": alike("recording__subject__nickname"),
        "lab": alike("recording__lab__profile__path_name"),
        "model": of_model,
        "serial": equal("serial"),
        "probe": key("probe_insertions__pk", "probe"),
        "session": key("probe_insertions__session__pk", "session"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        probes = ProbeInsertion.objects.visible_to(self.person).select_related("model")
        of_sessions = with_session_info(probes, "session", self.person)
        rows = self.seen().select_related(
            "model", "recording__subject__lab", "recording__lab__profile"
        )
        whole = rows.prefetch_related(Prefetch("probe_insertions", of_sessions))
        return whole.order_by("recording__subject__nickname", "serial", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        action = values.get("recording", {})
        lab = values.get("lab") or getattr(action.get("subject", record), "lab", None)
        values = {**values, "recording": placed(action, lab)}
        if record is None:
            return recordings.create_chronic_insertion(by=self.person, values=values)
        return recordings.change_chronic_insertion(insertion=record, by=self.person, values=values)

    def destroy(self, *_: Any, **__: Any) -> Response:
        recordings.delete_chronic_insertion(insertion=self.get_object(), by=self.person)
        return Response(status=204)
