"""What every endpoint for ONE does in the same way: find, filter, page, answer, write."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.exceptions import FieldError, ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.functional import cached_property
from rest_framework import mixins, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from accounts.authentication import ScopeAllows
from accounts.models import User
from accounts.throttles import ApiThrottle
from common.errors import NotThere
from lab.errors import DoesNotFit
from lab.one import bodies, phrases
from lab.one.authentication import AUTHENTICATION
from lab.one.errors import FieldRefused, exception_handler
from lab.one.fields import placed
from lab.one.pages import PAGING, OnePages
from lab.one.vocabulary import Vocabulary
from lab.queries.sight import Sight
from lab.services import records

if TYPE_CHECKING:
    from lab.models import Recorded

Filter = Callable[[QuerySet[Any], str, Any], QuerySet[Any]]
# What Django says of a value that a column cannot be compared with.
UNREADABLE = (ValueError, TypeError, OverflowError, ValidationError, FieldError)


class OneView(APIView):
    """The manners of the whole surface, for views of any kind."""

    authentication_classes = AUTHENTICATION
    permission_classes = [IsAuthenticated, ScopeAllows]
    throttle_classes = [ApiThrottle]
    renderer_classes = [JSONRenderer]
    parser_classes = bodies.PARSERS

    @cached_property
    def words(self) -> bodies.Words:
        """Return what the answer says besides its body."""
        return bodies.Words()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        bodies.need_plain(request.data)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, text in self.words.headers(reverse("one:schema", request=request)).items():
            answer[name] = text
        return answer

    def get_exception_handler(self) -> Any:
        return exception_handler

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal; the field that it names is called as it is on this surface."""
        if isinstance(exc, DoesNotFit) and exc.field:
            exc.field = self.spoken(exc.field)
        return super().handle_exception(exc)

    def spoken(self, field: str) -> str:
        """Return the name by which a program sends a field of ours."""
        return field


class Reads(OneView, mixins.ListModelMixin, mixins.RetrieveModelMixin,
            viewsets.GenericViewSet[Any]):  # fmt: skip
    """An endpoint that lists records and shows one."""

    pagination_class = OnePages
    kind: ClassVar[type[models.Model]]
    filters: ClassVar[Mapping[str, Filter]] = {}
    vocabulary: ClassVar[Vocabulary | None] = None
    json_filters: ClassVar[tuple[str, ...]] = ("json",)
    list_serializer: ClassVar[type[BaseSerializer[Any]] | None] = None
    former_filters: ClassVar[Mapping[str, bodies.Former]] = {}

    @property
    def person(self) -> User:
        return cast("User", self.request.user)

    @cached_property
    def sight(self) -> Sight:
        return Sight(self.person)

    def get_queryset(self) -> QuerySet[Any]:
        return self.seen()

    def seen(self) -> QuerySet[Any]:
        """Return the rows that the person sees; a site's short lists are everybody's."""
        rows = self.kind._default_manager.all()  # noqa: SLF001
        return self.sight.of(self.kind) if hasattr(rows, "visible_to") else rows

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for name, text in self.request.query_params.dict().items():
            if name not in PAGING:
                queryset = self._filtered(queryset, name, str(text))
        return queryset

    def _filtered(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        if "\0" in text:
            raise FieldRefused(name, "It holds a character that no record can hold.")
        if name not in self.known_filters():
            known = ", ".join(sorted({*self.known_filters(), *PAGING}))
            raise FieldRefused(name, f"This list has no such filter. It has: {known}.")
        if name in self.former_filters:
            self.words.formers.append(self.former_filters[name])
        try:
            return self._kept(rows, name, text)
        except UNREADABLE:
            raise FieldRefused(name, f"{text[:60]!r} is no value for this filter.") from None

    def _kept(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        if name == "django" and self.vocabulary:
            return phrases.rows(rows, text, self.vocabulary, self.sight)
        if name in self.json_filters:
            return phrases.inside(rows, text, name, name)
        if name in self.filters:
            return self.filters[name](rows, text, self)
        return phrases.equal(rows, text, cast("Vocabulary", self.vocabulary), name, self.sight)

    def known_filters(self) -> list[str]:
        """Return what has a filter of its own, and every column that can be asked for its value."""
        generic = ["django", *self.vocabulary.own()] if self.vocabulary else []
        return sorted({*self.filters, *generic, *self.json_filters})

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        if self.action == "list" and self.list_serializer:
            return self.list_serializer
        return super().get_serializer_class()

    def get_object(self) -> Any:
        record = self.find(str(self.kwargs[self.lookup_url_kwarg or self.lookup_field]))
        if record is None:
            raise NotThere(f"There is no such {self.kind._meta.verbose_name}.")  # noqa: SLF001
        self.check_object_permissions(self.request, record)
        return record

    def find(self, key: str) -> Any:
        try:
            return self.get_queryset().filter(**{self.lookup_field: key}).first()
        except (ValueError, ValidationError):  # a text that is no identifier
            return None


class Writes(Reads):
    """An endpoint that also creates, changes and deletes."""

    def spoken(self, field: str) -> str:
        shape = self.serializer_class
        known = cast("Any", shape)(context=self.get_serializer_context()).fields if shape else {}
        if field in known:
            return field
        return next((name for name, each in known.items() if each.source == field), field)

    formers: ClassVar[Mapping[str, bodies.Former]] = {}
    echoed: ClassVar[frozenset[str]] = frozenset()  # in answers alone; sent back, they say nothing

    def create(self, request: Request, *_: Any, **__: Any) -> Response:
        values = self._given(request.data)
        if not values:
            raise FieldRefused("non_field_errors", "Nothing was sent.")
        with transaction.atomic():  # all or nothing, however many services it takes
            record = self.perform(None, values)
        return Response(self.shown(record), status=201)

    def update(self, request: Request, *_: Any, partial: bool = False, **__: Any) -> Response:
        record = self.get_object()
        values = self._given(request.data, record, partial=partial)
        with transaction.atomic():
            changed = self.perform(record, values)
        return Response(self.shown(changed))

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, partial=True, **kwargs)

    def destroy(self, request: Request, *_: Any, **__: Any) -> Response:  # noqa: ARG002
        records.delete(record=cast("Recorded", self.get_object()), by=self.person)
        return Response(status=204)

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        """Create a record, or change one; endpoints with rules of their own call their service."""
        if record is None:
            kind = cast("type[Recorded]", self.kind)
            return records.create(kind=kind, by=self.person, values=values)
        return records.change(record=record, by=self.person, values=values)

    def shown(self, record: Any) -> Any:
        """Return the record as a later request would see it."""
        rows: Any = self.get_queryset()
        again = rows.filter(pk=record.pk).first()
        if again is None:  # they do not see it any more; its lists tell what they see all the same
            lookups = rows._prefetch_related_lookups  # noqa: SLF001
            models.prefetch_related_objects([record], *lookups)
        return self.get_serializer(again or record).data

    def _given(self, data: Any, record: Any = None, *, partial: bool = False) -> dict[str, Any]:
        known = {*cast("Any", self.get_serializer()).fields, *self.echoed, "url", "id"}
        plain = bodies.understood(data, known, self.formers, self.words)
        serializer = self.get_serializer(record, data=plain, partial=partial)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        bodies.need_finite(values)
        if record is not None:
            values |= self._with_unseen(values, record)
            values = {name: value for name, value in values.items()
                      if value is not None or not self._is_unseen(name, record)}  # fmt: skip
        return placed(values, self.lab_of(values, record))

    def _with_unseen(self, values: Mapping[str, Any], record: Any) -> dict[str, list[Any]]:
        """Return the lists that were sent with the linked rows that the person does not see."""
        lists = {}
        bare = type(record)(pk=record.pk)  # which knows no list that was fetched for the person
        for each in cast("Any", self.get_serializer()).fields.values():
            child = getattr(each, "child_relation", None)
            among = getattr(child, "among", None)
            if among and each.source in values:
                linked = getattr(bare, each.source).all()
                hidden = linked.exclude(pk__in=among(self.person).values("pk"))
                lists[each.source] = [*values[each.source], *hidden]
        return lists

    def _is_unseen(self, source: str, record: Any) -> bool:
        """Say whether a field leads to a row that the person does not see: nothing empties it."""
        key = getattr(record, f"{source}_id", None)
        fields = cast("Any", self.get_serializer()).fields.values()
        among = next((each.among for each in fields
                      if each.source == source and getattr(each, "among", None)), None)  # fmt: skip
        return bool(key and among and not among(self.person).filter(pk=key).exists())

    def lab_of(self, values: Mapping[str, Any], record: Any) -> Any:
        """Return the lab whose clock the values were read from."""
        for source in (values.get("lab"), values.get("subject"), values.get("session"), record):
            lab = getattr(source, "lab", None) or (source if _is_lab(source) else None)
            if lab is not None:
                return lab
        return None


def _is_lab(thing: Any) -> bool:
    return getattr(getattr(thing, "_meta", None), "label", "") == "accounts.Lab"
