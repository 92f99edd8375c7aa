"""Weighings; water follows."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from lab.models import Weighing
from lab.one import vocabulary
from lab.one.fields import NameField, UrlField, WallClockField
from lab.one.filters import alike, between
from lab.one.resources.people import people
from lab.one.resources.sessions import seen_subjects
from lab.one.views import Writes
from lab.services import measurements


class WeighingShape(serializers.ModelSerializer[Weighing]):
    subject = NameField("nickname", seen_subjects)
    date_time = WallClockField(source="at", required=False)
    weight = serializers.FloatField(source="weight_g", min_value=0)
    user = NameField("username", people, required=False)
    url = UrlField("weighings")

    class Meta:
        model = Weighing
        fields = ["subject", "date_time", "weight", "user", "url"]


class Weighings(Writes):
    kind = Weighing
    vocabulary = vocabulary.weighings
    serializer_class = WeighingShape
    http_method_names = ["get", "post", "delete", "head", "options"]
    filters: ClassVar = {
        "nickname": alike("subject__nickname"),
        "subject": alike("subject__nickname"),
        "date_range": between("at__date"),
        "user": alike("user__username"),
        "users": alike("user__username"),
        "lab": alike("subject__lab__profile__path_name"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        return self.seen().select_related("subject__lab", "user").order_by("-at", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:  # noqa: ARG002
        return measurements.weigh(by=self.person, values=values)
