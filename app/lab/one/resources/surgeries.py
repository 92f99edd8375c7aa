"""Surgeries: what was done to an animal, and how it came out of it."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from lab.models import Location, ProcedureType, Surgery
from lab.one import vocabulary
from lab.one.bodies import REASONS
from lab.one.fields import NameField, UrlField, WallClockField
from lab.one.filters import alike, all_linked, between, equal, holds
from lab.one.resources.people import labs, people
from lab.one.resources.sessions import seen_subjects
from lab.one.views import Writes
from lab.one.vocabulary import FREE, PEOPLE, Relation, Vocabulary, instant, number, text
from lab.one.vocabulary import key as as_key
from lab.services import procedures


class SurgeryShape(serializers.ModelSerializer[Surgery]):
    subject = NameField("nickname", seen_subjects)
    users = NameField("username", people, many=True, required=False)
    location = NameField("name", Location.objects.visible_to, required=False, allow_null=True)
    procedures = NameField(
        "name", lambda _u: ProcedureType.objects.all(), many=True, required=False
    )
    lab = NameField("profile__path_name", labs, required=False)
    start_time = WallClockField(source="began_at", required=False)
    end_time = WallClockField(source="ended_at", required=False, allow_null=True)
    outcome_type = serializers.CharField(source="outcome", required=False, allow_blank=True)
    implant_weight = serializers.FloatField(source="implant_weight_g", min_value=0)
    died_on = serializers.DateField(required=False, allow_null=True, write_only=True)
    lives_because = serializers.CharField(required=False, allow_blank=True, write_only=True,
                                          max_length=255)  # fmt: skip
    url = UrlField("surgeries")

    class Meta:
        model = Surgery
        fields = [
            "id", "url", "subject", "name", "json", "narrative", "start_time", "end_time",
            "outcome_type", "lab", "location", "users", "procedures", "implant_weight",
            "died_on", "lives_because", "after_death", "confirmed",
        ]  # fmt: skip
        read_only_fields = ["id"]
        extra_kwargs: ClassVar = REASONS


class Surgeries(Writes):
    kind = Surgery
    serializer_class = SurgeryShape
    vocabulary = Vocabulary(
        {"id": ("id", as_key), "pk": ("pk", as_key), "name": ("name", text),
         "narrative": ("narrative", text), "start_time": ("began_at", instant),
         "end_time": ("ended_at", instant), "outcome_type": ("outcome", text),
         "implant_weight": ("implant_weight_g", number)},
        PEOPLE | {"subject": Relation("subject", lambda: vocabulary.subjects),
                  "location": Relation("location", lambda: vocabulary.named),
                  "procedures": Relation("procedures", lambda: vocabulary.named, is_many=True)},
        free=FREE,
    )  # fmt: skip
    http_method_names = ["get", "post", "put", "patch", "head", "options"]
    filters: ClassVar = {
        "subject": alike("subject__nickname"),
        "nickname": alike("subject__nickname"),
        "procedure": all_linked("procedures__name", "icontains"),
        "procedures": all_linked("procedures__name", "icontains"),
        "users": all_linked("users__username"),
        "lab": alike("lab__profile__path_name"),
        "location": alike("location__name"),
        "outcome_type": equal("outcome"),
        "narrative": holds("narrative"),
        "name": equal("name"),
        "date_range": between("began_at__date"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("subject", "lab__profile", "location")
        return rows.prefetch_related("users", "procedures").order_by("-began_at", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        died_on = values.pop("died_on", None)
        lives_because = values.pop("lives_because", "")
        fate = {"died_on": died_on, "lives_because": lives_because, "by": self.person}
        if record is None:
            return procedures.create_surgery(values=values, **fate)
        return procedures.change_surgery(surgery=record, values=values, **fate)
