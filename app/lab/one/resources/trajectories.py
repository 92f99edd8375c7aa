"""Where probes went in, and where in the brain each of their channels lies."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lab.models import (
    BrainRegion,
    Channel,
    ChronicInsertion,
    CoordinateSystem,
    ProbeInsertion,
    TrajectoryEstimate,
)
from lab.one import bodies, vocabulary
from lab.one.errors import FieldRefused
from lab.one.fields import LabelField, NameField, WallClockField
from lab.one.filters import alike, equal, key, labelled, number
from lab.one.pages import PAGING
from lab.one.recording_filters import of_session
from lab.one.resources.insertions import SessionInfo, with_session_info
from lab.one.views import Writes
from lab.queries import regions
from lab.services import recordings

Provenance = TrajectoryEstimate.Provenance
ALONG = ("trajectory", "axial_um", "lateral_um")
MOST = 20_000  # channels in one call


class Measure(serializers.FloatField):
    """A number that can be measured: not infinite, and not what is no number."""

    default_error_messages = {"finite": "Write a number that is not infinite."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        found = float(super().to_internal_value(data))
        if not math.isfinite(found):
            self.fail("finite")
        return found


def measure(source: str, **bounds: Any) -> Measure:
    return Measure(source=source, required=False, allow_null=True, **bounds)


class TrajectoryShape(serializers.ModelSerializer[TrajectoryEstimate]):
    """A track; x, y, z and depth in µm, angles in degrees."""

    session = SessionInfo(source="probe_insertion.session", read_only=True, default=None)
    probe_name = serializers.CharField(source="probe_insertion.name", read_only=True, default=None)
    probe_insertion = NameField(
        "pk", ProbeInsertion.objects.visible_to, required=False, allow_null=True
    )
    chronic_insertion = NameField(
        "pk", ChronicInsertion.objects.visible_to, required=False, allow_null=True
    )
    x, y, z = measure("x_um"), measure("y_um"), measure("z_um")
    depth = measure("depth_um")
    theta = measure("theta_deg", min_value=0, max_value=180)
    phi = measure("phi_deg", min_value=-180, max_value=360)
    roll = measure("roll_deg")
    provenance = LabelField(Provenance)
    coordinate_system = NameField(
        "name", lambda _user: CoordinateSystem.objects.all(), required=False, allow_null=True
    )
    datetime = WallClockField(source="at", read_only=True)

    class Meta:
        model = TrajectoryEstimate
        fields = ["id", "probe_insertion", "chronic_insertion", "session", "probe_name", "x", "y",
                  "z", "depth", "theta", "phi", "roll", "provenance", "coordinate_system",
                  "datetime", "json"]  # fmt: skip
        read_only_fields = ["id"]
        validators: ClassVar[list[Any]] = []  # the service says it, in our words


class Trajectories(Writes):
    kind = TrajectoryEstimate
    vocabulary = vocabulary.trajectories
    serializer_class = TrajectoryShape
    filters: ClassVar = {
        **of_session("probe_insertion__session"),
        "lab": alike("lab__profile__path_name"),
        "id": key("pk", "id"),
        "provenance": labelled("provenance", Provenance, "provenance"),
        "probe": equal("probe_insertion__name"),
        "probe_insertion": key("probe_insertion", "probe_insertion"),
        "chronic_insertion": key("chronic_insertion", "chronic_insertion"),
        "coordinate_system": equal("coordinate_system__name"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = with_session_info(self.seen(), "probe_insertion__session", self.person)
        whole = rows.select_related("lab", "chronic_insertion__recording", "coordinate_system")
        return whole.order_by("-probe_insertion__session__began_at", "-provenance", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return recordings.create_trajectory(by=self.person, values=values)
        return recordings.change_trajectory(trajectory=record, by=self.person, values=values)


def seen_trajectories(user: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = TrajectoryEstimate.objects.visible_to(user).select_related(
        "lab", "probe_insertion__session__subject", "chronic_insertion__recording"
    )
    return rows


class KnownField(NameField):
    """A related thing; of many rows' things, those that were looked up for all at once."""

    def to_internal_value(self, data: Any) -> Any:
        known = self.context.get("known", {}).get(self.field_name, {})
        return known.get(str(data)) or super().to_internal_value(data)


class ChannelShape(serializers.ModelSerializer[Channel]):
    """A channel; axial and lateral on the probe, x, y and z in the brain, all in µm."""

    trajectory_estimate = KnownField("pk", seen_trajectories, source="trajectory")
    brain_region = KnownField(
        "pk", lambda _user: BrainRegion.objects.all(), required=False, allow_null=True
    )
    axial, lateral = measure("axial_um"), measure("lateral_um")
    x, y, z = measure("x_um"), measure("y_um"), measure("z_um")

    class Meta:
        model = Channel
        fields = ["id", "name", "json", "axial", "lateral", "x", "y", "z", "trajectory_estimate",
                  "brain_region"]  # fmt: skip
        read_only_fields = ["id"]
        validators: ClassVar[list[Any]] = []  # the service says it, in our words


FIELDS = ChannelShape.Meta.fields


class Channels(Writes):
    """Channels; a list of them is created in one call, all or none."""

    kind = Channel
    vocabulary = vocabulary.channels
    serializer_class = ChannelShape
    filters: ClassVar = {
        **of_session("trajectory__probe_insertion__session"),
        "lab": alike("trajectory__lab__profile__path_name"),
        "id": key("pk", "id"),
        "name": equal("name"),
        "probe_insertion": key("trajectory__probe_insertion", "probe_insertion"),
        "trajectory_estimate": key("trajectory", "trajectory_estimate"),
        "brain_region": number("brain_region", "brain_region"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Return the channels along their probes; where all are asked for, by their ids."""
        rows = self.seen().select_related("trajectory", "brain_region")
        is_asked = set(self.request.query_params) - PAGING
        return rows.order_by(*(ALONG if is_asked else ()), "pk")

    def create(self, request: Request, *_: Any, **__: Any) -> Response:
        data = request.data
        many = isinstance(data, list)
        sent = cast("Sequence[Any]", data if many else [data])
        made = recordings.create_channels(by=self.person, rows=self.rows(sent))
        shown = ChannelShape(made, many=True, context=self.get_serializer_context()).data
        return Response(shown if many else shown[0], status=201)

    def rows(self, sent: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the values of the channels that were sent, which all fit."""
        if not 0 < len(sent) <= MOST:
            raise FieldRefused("non_field_errors", f"Send from 1 to {MOST} channels at once.")
        context = {**self.get_serializer_context(), "known": self._known(sent)}
        read = [self._understood(number, row) for number, row in enumerate(sent)]
        self.words.notices = list(dict.fromkeys(self.words.notices))  # once for all rows
        return [_one(number, row, context) for number, row in enumerate(read)]

    def _understood(self, number: int, row: Any) -> Any:
        try:
            return bodies.understood(row, {*FIELDS, "url"}, self.formers, self.words)
        except FieldRefused as refused:
            field, messages = next(iter(cast("Any", refused.detail).items()))
            raise FieldRefused(field, f"Channel {number}: {messages[0]}") from None

    def _known(self, sent: Iterable[Any]) -> dict[str, dict[str, Any]]:
        """Look up once what many rows name."""
        tracks = set(filter(None, map(_key, _named(sent, "trajectory_estimate"))))
        named = {name for name in _named(sent, "brain_region") if _is_region(name)}
        found = seen_trajectories(self.person).filter(pk__in=tracks)
        there = BrainRegion.objects.filter(pk__in=named)
        return {
            "trajectory_estimate": {str(each.pk): each for each in found},
            "brain_region": {str(each.pk): each for each in there},
        }

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        return recordings.change_channel(channel=record, by=self.person, values=values)


def _one(number: int, row: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    serializer = ChannelShape(data=row, context=dict(context))
    if not serializer.is_valid():
        said = cast("Any", serializer.errors)
        field, messages = next(iter(said.items()))
        raise FieldRefused(field, f"Channel {number}: {' '.join(map(str, messages))}")
    return dict(serializer.validated_data)


def _named(sent: Iterable[Any], name: str) -> list[Any]:
    found = [row.get(name) for row in sent if isinstance(row, Mapping)]
    return [each for each in found if isinstance(each, str | int)]


def _is_region(name: Any) -> bool:
    return isinstance(name, int) and 0 <= name <= regions.LARGEST


def _key(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
