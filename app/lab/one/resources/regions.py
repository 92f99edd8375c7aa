"""The regions of the brain, as the atlas of the site has them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lab.models import BrainRegion
from lab.one import bodies, vocabulary
from lab.one.errors import FieldRefused
from lab.one.filters import alike, equal, holds, number
from lab.one.views import Reads
from lab.queries import regions
from lab.services import brain_regions

READ_ONLY = ("id", "acronym", "name", "parent")


class RegionShape(serializers.ModelSerializer[BrainRegion]):
    """A region; of the regions above and below it, what is written of them."""

    parent = serializers.PrimaryKeyRelatedField[Any](read_only=True)  # type: ignore[assignment]  # a field of that name
    related_descriptions = serializers.SerializerMethodField()

    class Meta:
        model = BrainRegion
        fields = ["id", "acronym", "name", "description", "parent", "related_descriptions"]
        read_only_fields = READ_ONLY

    def get_related_descriptions(self, region: BrainRegion) -> list[dict[str, Any]]:
        found: dict[int, list[dict[str, Any]]] = self.context["related"]
        return found.get(region.pk, [])


class BrainRegions(Reads):
    """The atlas is loaded by `manage.py load_brain_regions`; here its descriptions are written."""

    kind = BrainRegion
    vocabulary = vocabulary.regions
    json_filters = ()
    serializer_class = RegionShape
    http_method_names = ["get", "put", "patch", "head", "options"]
    filters: ClassVar = {
        "id": number("pk", "id"),
        "acronym": alike("acronym"),
        "name": holds("name"),
        "description": holds("description"),
        "ontology": equal("ontology"),
        "parent": lambda rows, text, _view: rows.filter(parent=_region("parent", text)),
        "ancestors": lambda rows, text, _view: rows.filter(
            pk__in=set(regions.ids_of(_region("ancestors", text).path)) - {regions.VOID}
        ),
        "descendants": lambda rows, text, _view: rows.filter(
            path__startswith=_region("descendants", text).path
        ).exclude(pk=regions.VOID),
    }

    def get_queryset(self) -> QuerySet[Any]:
        return BrainRegion.objects.order_by("path")

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        shown: Any = args[0] if args else []
        rows = shown if kwargs.get("many") or not args else [shown]
        kwargs["context"] = {
            **self.get_serializer_context(),
            "related": regions.related_descriptions(rows),
        }
        return self.get_serializer_class()(*args, **kwargs)

    def update(self, request: Request, *_: Any, **__: Any) -> Response:
        region = self.get_object()
        given = _given(request, self.get_serializer(region).data, self.words)
        text = given.get("description", region.description)
        if not isinstance(text, str | None) or "\0" in (text or ""):
            raise FieldRefused("description", "Write a text.")
        changed = brain_regions.describe(region=region, by=self.person, text=text or "")
        return Response(self.get_serializer(changed).data)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, **kwargs)


def _given(request: Request, shown: Mapping[str, Any], words: bodies.Words) -> Mapping[str, Any]:
    """Return what was sent, unless it says something else than the atlas."""
    if not isinstance(request.data, Mapping):
        raise FieldRefused("description", "Send an object with the description.")
    given: Mapping[str, Any] = bodies.understood(request.data, set(shown), {}, words)
    for name in READ_ONLY:
        if name in given and given[name] != shown[name]:
            raise FieldRefused(name, "The atlas says this. Only the description changes here.")
    return given


def _region(name: str, text: str) -> BrainRegion:
    found = regions.named(text)
    if found is None:
        raise FieldRefused(name, f"There is no brain region {text[:64]!r}.")
    return found
