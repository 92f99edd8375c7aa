"""Imaging planes: fields of view, where they lie, and the stacks that they are part of."""

import math
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lab.models import (
    BrainRegion,
    CoordinateSystem,
    Dataset,
    FieldOfView,
    FieldOfViewLocation,
    ImagingStack,
    ImagingType,
)
from lab.one import vocabulary
from lab.one.errors import FieldRefused
from lab.one.fields import NameField, WallClockField
from lab.one.filters import equal, holds, is_true, key
from lab.one.recording_filters import ATLAS, of_datasets, of_session
from lab.one.resources.sessions import seen_sessions
from lab.one.views import Writes
from lab.services import recordings

Provenance = FieldOfViewLocation.Provenance
LABELS = {str(kind.label).lower(): kind.value for kind in Provenance}
CORNERS = FieldOfViewLocation.NUMBERS_OF_CORNERS


@extend_schema_field({"type": "array", "items": {"type": "number"}})
class Coordinates(serializers.Field[Any, Any, Any, Any]):
    """One coordinate of each corner: four of a plane, eight of a volume."""

    default_error_messages = {"corners": "Write a list of 4 or 8 numbers, one for each corner."}

    def to_internal_value(self, data: Any) -> list[float]:
        if not isinstance(data, list) or len(data) not in CORNERS or not all(map(_is_number, data)):
            self.fail("corners")
        return [float(each) for each in data]

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "array", "items": {"type": "integer"}})
class Pixels(serializers.Field[Any, Any, Any, Any]):
    """How many pixels there are along each axis."""

    default_error_messages = {"pixels": "Write three whole numbers from 1 up: [512, 512, 1]."}

    def to_internal_value(self, data: Any) -> list[int]:
        if not isinstance(data, list) or len(data) != 3 or not all(map(_is_count, data)):  # noqa: PLR2004
            self.fail("pixels")
        return [int(each) for each in data]

    def to_representation(self, value: Any) -> list[int]:
        return [int(each) for each in value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 1 and value == int(value)


def of_provenance(rows: QuerySet[Any], text: str, _view: Any) -> QuerySet[Any]:
    named = {kind.value.lower(): kind.value for kind in Provenance} | LABELS
    if text.lower() not in named:
        raise FieldRefused("provenance", f"Write one of {', '.join(map(str, Provenance.labels))}.")
    return rows.filter(provenance=named[text.lower()])


class ProvenanceField(serializers.ChoiceField):
    """A letter, or the word that it stands for."""

    def __init__(self) -> None:
        super().__init__(choices=Provenance.choices)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(LABELS.get(str(data).lower(), data))


def systems(_user: Any) -> QuerySet[Any]:
    return CoordinateSystem.objects.all()


class PlaceShape(serializers.ModelSerializer[FieldOfViewLocation]):
    """Where a plane lies, by one way of knowing it."""

    field_of_view = NameField("pk", FieldOfView.objects.visible_to)
    provenance = ProvenanceField()
    default_provenance = serializers.BooleanField(source="is_default", required=False)
    coordinate_system = NameField("name", systems, required=False, allow_null=True)
    brain_region = NameField(
        "pk", lambda _user: BrainRegion.objects.all(), many=True, required=False,
        source="brain_regions",
    )  # fmt: skip
    x, y, z = Coordinates(), Coordinates(), Coordinates()
    n_xyz = Pixels(required=False, allow_null=True)
    auto_datetime = WallClockField(source="changed_at", read_only=True)

    class Meta:
        model = FieldOfViewLocation
        fields = ["id", "field_of_view", "provenance", "default_provenance", "coordinate_system",
                  "x", "y", "z", "n_xyz", "brain_region", "auto_datetime", "json"]  # fmt: skip
        read_only_fields = ["id"]
        validators: ClassVar[list[Any]] = []  # the service says it, in our words

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        of_axes = {axis: attrs.get(axis, getattr(self.instance, axis, None)) for axis in "xyz"}
        counts = {len(found) for found in of_axes.values() if found}
        if len(counts) > 1:
            raise serializers.ValidationError({"x": "x, y and z need as many corners each."})
        return attrs


class PlaceOfPlane(PlaceShape):
    """A place inside of its plane."""

    field_of_view = None  # type: ignore[assignment]  # it stands around

    class Meta(PlaceShape.Meta):
        fields = [name for name in PlaceShape.Meta.fields if name not in {"field_of_view", "json"}]


def locations() -> QuerySet[Any]:
    rows = FieldOfViewLocation.objects.select_related("field_of_view__session__lab")
    whole = rows.select_related("coordinate_system")
    found: QuerySet[Any] = whole.prefetch_related(
        Prefetch("brain_regions", BrainRegion.objects.order_by("pk"))
    )
    return found


class FieldOfViewShape(serializers.ModelSerializer[FieldOfView]):
    """A plane that was imaged in a session; its datasets by their ids."""

    session = NameField("pk", seen_sessions)
    imaging_type = NameField(
        "name", lambda _user: ImagingType.objects.all(), required=False, allow_null=True
    )
    stack = NameField(
        "pk", lambda _user: ImagingStack.objects.all(), required=False, allow_null=True
    )
    datasets = NameField("pk", Dataset.objects.visible_to, many=True, required=False)
    location = PlaceOfPlane(source="locations", many=True, read_only=True)

    class Meta:
        model = FieldOfView
        fields = ["id", "session", "name", "imaging_type", "stack", "datasets", "location",
                  "json"]  # fmt: skip
        read_only_fields = ["id"]
        extra_kwargs: ClassVar = {"name": {"required": True, "allow_blank": False}}
        validators: ClassVar[list[Any]] = []  # the service says it, in our words


def whole_planes(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Fetch what `FieldOfViewShape` shows."""
    with_one = rows.select_related("session", "imaging_type", "stack")
    return with_one.prefetch_related(
        Prefetch("datasets", Dataset.objects.only("pk")), Prefetch("locations", locations())
    )


class FieldsOfView(Writes):
    kind = FieldOfView
    vocabulary = vocabulary.fields_of_view
    serializer_class = FieldOfViewShape
    filters: ClassVar = {
        **of_session("session"),
        **of_datasets("fields_of_view"),
        **ATLAS,
        "id": key("pk", "id"),
        "name": equal("name"),
        "imaging_type": holds("imaging_type__name"),
        "stack": key("stack", "stack"),
        "provenance": lambda rows, text, view: rows.filter(
            pk__in=of_provenance(FieldOfViewLocation.objects.all(), text, view).values(
                "field_of_view"
            )
        ),
    }

    def get_queryset(self) -> QuerySet[Any]:
        return whole_planes(self.seen()).order_by("-session__began_at", "name", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return recordings.create_field_of_view(by=self.person, values=values)
        return recordings.change_field_of_view(plane=record, by=self.person, values=values)


class Locations(Writes):
    kind = FieldOfViewLocation
    vocabulary = vocabulary.locations_of_planes
    serializer_class = PlaceShape
    filters: ClassVar = {
        "id": key("pk", "id"),
        "provenance": of_provenance,
        "default_provenance": lambda rows, text, _view: rows.filter(
            is_default=is_true("default_provenance", text)
        ),
        "fov": key("field_of_view", "fov"),
        "field_of_view": key("field_of_view", "field_of_view"),
        "coordinate_system": equal("coordinate_system__name"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("field_of_view__session__lab", "coordinate_system")
        whole = rows.prefetch_related(Prefetch("brain_regions", BrainRegion.objects.order_by("pk")))
        return whole.order_by("field_of_view", "provenance", "pk")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            return recordings.create_location(by=self.person, values=values)
        return recordings.change_location(location=record, by=self.person, values=values)


class ImagingStackShape(serializers.ModelSerializer[ImagingStack]):
    """Planes one above the other, the lowest first."""

    slices = serializers.SerializerMethodField()

    class Meta:
        model = ImagingStack
        fields = ["id", "name", "slices", "json"]
        read_only_fields = ["id"]

    def get_slices(self, stack: ImagingStack) -> list[dict[str, Any]]:
        planes = sorted(stack.slices.all(), key=_height)
        return FieldOfViewShape(planes, many=True, context=self.context).data  # type: ignore[return-value]


def _height(plane: FieldOfView) -> tuple[float, str]:
    default = next((place for place in plane.locations.all() if place.is_default), None)
    return (default.z[0] if default and default.z else math.inf), plane.name


class ImagingStacks(Writes):
    kind = ImagingStack
    vocabulary = vocabulary.stacks
    serializer_class = ImagingStackShape
    http_method_names = ["get", "post", "head", "options"]
    filters: ClassVar = {**ATLAS, "id": key("pk", "id"), "name": equal("name")}

    def get_queryset(self) -> QuerySet[Any]:
        """Return the stacks, each with those of its planes that the person sees."""
        planes = whole_planes(FieldOfView.objects.visible_to(self.person))
        return self.seen().prefetch_related(Prefetch("slices", planes)).order_by("name", "pk")
