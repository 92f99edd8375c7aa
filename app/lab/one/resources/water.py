"""Weights and water: what was measured and given, and what an animal needs."""

from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils.timezone import now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from common.errors import NotThere
from lab.models import (
    Session,
    Subject,
    WaterAdministration,
    WaterRestriction,
    WaterType,
    Weighing,
)
from lab.one import vocabulary
from lab.one.bodies import REASONS
from lab.one.errors import FieldRefused
from lab.one.fields import NameField, UrlField, WallClockField, address
from lab.one.filters import alike, between, day, equal, key
from lab.one.resources.people import people
from lab.one.resources.sessions import seen_subjects
from lab.one.views import OneView, Reads, Writes
from lab.queries import weights
from lab.queries.needs import needs
from lab.services import measurements, subjects
from lab.times import day_of

LONGEST_DAYS = 3660
SPAN = ("start_date", "end_date")
MEASURED: Any = {
    "nickname": alike("subject__nickname"),
    "subject": alike("subject__nickname"),
    "user": alike("user__username"),
    "users": alike("user__username"),
    "lab": alike("subject__lab__profile__path_name"),
    "date_range": between("at__date"),
}


class WeighingShape(serializers.ModelSerializer[Weighing]):
    subject = NameField("nickname", seen_subjects)
    date_time = WallClockField(source="at", required=False)
    weight = serializers.FloatField(source="weight_g", min_value=0)
    user = NameField("username", people, required=False)
    url = UrlField("weighings")

    class Meta:
        model = Weighing
        fields = ["subject", "date_time", "weight", "user", "url", "after_death", "confirmed"]
        extra_kwargs: ClassVar = REASONS


class Weighings(Writes):
    kind = Weighing
    vocabulary = vocabulary.weighings
    serializer_class = WeighingShape
    http_method_names = ["get", "post", "delete", "head", "options"]
    filters: ClassVar = MEASURED

    def get_queryset(self) -> QuerySet[Any]:
        return self.seen().select_related("subject__lab", "user").order_by("-at", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:  # noqa: ARG002
        return measurements.weigh(by=self.person, values=values)


class WaterShape(serializers.ModelSerializer[WaterAdministration]):
    subject = NameField("nickname", seen_subjects)
    date_time = WallClockField(source="at", required=False)
    water_administered = serializers.FloatField(
        source="water_ml", min_value=0, required=False, allow_null=True
    )
    water_type = NameField(
        "name", lambda _user: WaterType.objects.all(), required=False, allow_null=True
    )
    user = NameField("username", people, required=False)
    session = NameField("pk", Session.objects.visible_to, required=False, allow_null=True)
    adlib = serializers.BooleanField(source="is_adlib", required=False)
    url = UrlField("water-administrations")

    class Meta:
        model = WaterAdministration
        fields = ["subject", "date_time", "water_administered", "water_type", "user", "url",
                  "session", "adlib", "after_death", "confirmed"]  # fmt: skip
        extra_kwargs: ClassVar = REASONS


class WaterAdministrations(Writes):
    kind = WaterAdministration
    vocabulary = vocabulary.administrations
    serializer_class = WaterShape
    filters: ClassVar = MEASURED | {"session": key("session", "session")}

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("subject__lab", "user", "water_type")
        rows = rows.prefetch_related(Prefetch("session", self.sight.of(Session)))
        return rows.order_by("-at", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return measurements.give_water(by=self.person, values=values)
        return measurements.change_water(water=record, by=self.person, values=values)


class RestrictionShape(serializers.ModelSerializer[WaterRestriction]):
    subject = NameField("nickname", seen_subjects)
    start_time = WallClockField(source="began_at", required=False)
    end_time = WallClockField(source="ended_at", required=False, allow_null=True)
    water_type = NameField(
        "name", lambda _user: WaterType.objects.all(), required=False, allow_null=True
    )
    reference_weight = serializers.FloatField(
        source="reference_weight_g", min_value=0, required=False, allow_null=True
    )

    class Meta:
        model = WaterRestriction
        fields = ["subject", "start_time", "end_time", "water_type", "reference_weight"]


class WaterRestrictions(Reads):
    kind = WaterRestriction
    vocabulary = vocabulary.restrictions
    serializer_class = RestrictionShape
    filters: ClassVar = {
        "subject": alike("subject__nickname"),
        "nickname": alike("subject__nickname"),
        "lab": alike("lab__profile__path_name"),
        "date_range": between("began_at__date"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("subject", "lab", "water_type")
        return rows.order_by("-began_at", "pk")


class WaterTypeShape(serializers.ModelSerializer[WaterType]):
    class Meta:
        model = WaterType
        fields = ["id", "name", "json"]
        read_only_fields = ["id"]


class WaterTypes(Writes):
    kind = WaterType
    vocabulary = vocabulary.named
    serializer_class = WaterTypeShape
    lookup_field = "name"
    lookup_value_regex = "[^/]+"
    http_method_names = ["get", "post", "head", "options"]
    filters: ClassVar = {"name": equal("name")}


class Requirement(OneView):
    """`GET start_date, end_date`: each day of an animal, what it weighed, needed and got."""

    serializer_class = WaterShape

    @extend_schema(parameters=[OpenApiParameter(name, OpenApiTypes.DATE) for name in SPAN])
    def get(self, request: Request, nickname: str) -> Response:
        seen = Subject.objects.visible_to(request.user).select_related("lab__profile")
        subject = subjects.find(request.user, nickname, among=seen)
        if subject is None:
            raise NotThere("There is no such animal that you can see.")
        first, last = _span(request, subject)
        shown = [_day(each) for each in weights.days(subject, first, last)]
        return Response({"subject": subject.nickname, "implant_weight": _implant(shown),
                         "records": shown})  # fmt: skip


def _implant(shown: list[dict[str, Any]]) -> float:
    return float(shown[-1]["implant_weight"]) if shown else 0.0


def _span(request: Request, subject: Subject) -> tuple[date, date]:
    today = day_of(now(), subject.lab)
    first = _asked(request, "start_date") or _asked(request, "end_date") or today
    last = _asked(request, "end_date") or today
    if last < first:
        raise FieldRefused("end_date", "It is before start_date.")
    if last - first > timedelta(days=LONGEST_DAYS):
        raise FieldRefused("start_date", f"Ask for at most {LONGEST_DAYS} days.")
    return first, last


def _asked(request: Request, name: str) -> date | None:
    text = request.query_params.get(name, "")
    return day(name, text) if text else None


def _day(each: weights.Day) -> dict[str, Any]:
    found, given = each.reading, each.given
    return {
        "date": found.day.isoformat(),
        "weight": found.weight_g,
        "weighing_at": found.weighed_on and found.weighed_on.isoformat(),
        "reference_weight": found.reference_g,
        "expected_weight": found.expected_g,
        "min_weight": found.minimum_g,
        "percentage_weight": found.percentage,
        "implant_weight": found.implant_g,
        "given_water_reward": given.reward_ml,
        "given_water_supplement": given.supplement_ml,
        "given_water_total": given.total_ml,
        "expected_water": found.required_ml,
        "excess_water": each.excess_ml,
        "is_water_restricted": found.is_restricted,
    }


class RestrictedShape(serializers.Serializer[Subject]):
    """An animal whose water is measured, with what it still needs today."""

    nickname = serializers.CharField()
    reference_weight = serializers.FloatField()
    expected_water = serializers.FloatField()
    remaining_water = serializers.FloatField()


class RestrictedSubjects(Reads):
    """The animals whose water is measured now: a few questions for any number of them."""

    kind = Subject
    vocabulary = vocabulary.subjects
    serializer_class = RestrictedShape
    filters: ClassVar = {"lab": alike("lab__profile__path_name")}

    def get_queryset(self) -> QuerySet[Any]:
        seen: Any = self.seen()
        rows: QuerySet[Any] = seen.alive().water_restricted()
        return rows.select_related("lab__profile").order_by("nickname")

    def list(self, request: Request, *_: Any, **__: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(restricted(list(page), self.person, request))


def restricted(page: list[Subject], _person: User, request: Request) -> list[dict[str, Any]]:
    found = {need.subject.pk: need for need in needs(subjects=page)}
    return [
        {
            "nickname": subject.nickname,
            "reference_weight": need.reading.reference_g,
            "expected_water": need.reading.required_ml,
            "remaining_water": need.remaining_ml,
            "url": address(request, "subjects", subject.nickname),
        }
        for subject in page
        if (need := found.get(subject.pk))
    ]
