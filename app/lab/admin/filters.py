"""Filters of lists: by days, by what the person sees, and what is usual without a word."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib.admin import FieldListFilter, RelatedFieldListFilter, SimpleListFilter
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.timezone import make_aware, now

from lab.admin.eye import eye_of

ALL = "all"


class DayRangeFilter(FieldListFilter):
    """From one day to another, both included."""

    template = "admin/lab/day_range_filter.html"

    def __init__(  # noqa: PLR0913, PLR0917  Django's signature
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any,
        field_path: str,
    ) -> None:  # fmt: skip
        self.names = (f"{field_path}_from", f"{field_path}_until")
        super().__init__(field, request, params, model, model_admin, field_path)
        self.kept = {
            name: values
            for name, values in request.GET.lists()
            if name not in {*self.names, "p", "e"}
        }
        self.begins, self.ends = (self._day(name) for name in self.names)

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)

    def _day(self, name: str) -> date | None:
        given: Any = self.used_parameters.get(name)
        text = (given[-1] if isinstance(given, list) else given) or ""
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "names": self.names,
            "values": [str(day or "") for day in (self.begins, self.ends)],
            "kept": [(name, value) for name, values in self.kept.items() for value in values],
            "clear": changelist.get_query_string(remove=list(self.names)),
            "is_on": bool(self.begins or self.ends),
        }

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002
        if self.begins:
            queryset = queryset.filter(**{f"{self.field_path}__gte": self._edge(self.begins)})
        if self.ends:
            after = self.ends + timedelta(days=1)
            queryset = queryset.filter(**{f"{self.field_path}__lt": self._edge(after)})
        return queryset

    def _edge(self, day: date) -> date | datetime:
        if isinstance(self.field, models.DateTimeField):
            return make_aware(datetime.combine(day, time()))
        return day


class SeenFilter(RelatedFieldListFilter):
    """By a linked row, of those that the person sees."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002
        rows = eye_of(request).of(field.remote_field.model)
        return [(row.pk, str(row)) for row in rows]


class Usual(SimpleListFilter):
    """A filter that applies unless somebody asks otherwise; a search looks everywhere."""

    usual: ClassVar[str] = ALL

    def usual_for(self, request: HttpRequest) -> str:  # noqa: ARG002  others ask who it is
        return self.usual

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.page, self.is_asked = model_admin, super().value() is not None
        is_free = request.GET.get("q") or IS_POPUP_VAR in request.GET
        self.by_itself = ALL if is_free else self.usual_for(request)

    def value(self) -> str:
        return super().value() or self.by_itself

    @property
    def narrows(self) -> str:
        """Say what the filter leaves, when nobody asked it to."""
        if self.is_asked or self.value() == ALL:
            return ""
        return str(dict(self.lookup_choices).get(self.value(), ""))

    def choices(self, changelist: Any) -> Iterator[Any]:
        for key, title in self.lookup_choices:
            yield {
                "selected": self.value() == str(key),
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": title,
            }


class AliveFilter(Usual):
    title = "state"
    parameter_name = "state"
    usual = "alive"
    path: ClassVar[str] = ""  # from the row to the animal

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002
        return [("alive", "alive"), ("dead", "dead"), (ALL, "alive and dead")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002
        died, today = f"{self.path}died_on", now().date()
        lives = Q(**{died: None}) | Q(**{f"{died}__gt": today})
        if self.value() == ALL:
            return queryset
        return queryset.filter(lives if self.value() == "alive" else ~lives)


class AnimalAliveFilter(AliveFilter):
    title = "animal"
    path = "subject__"
    usual = ALL


class WhoseFilter(Usual):
    """Mine: animals that I am responsible for or may act for, and what I took part in."""

    title = "whose"
    parameter_name = "whose"

    def usual_for(self, request: HttpRequest) -> str:
        return "mine" if eye_of(request).is_about_own else ALL

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002
        return [("mine", "mine"), (ALL, "everybody's")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(self.page.mine(request)) if self.value() == "mine" else queryset


def of_person(request: HttpRequest, path: str) -> Q:
    """Return what is of the person of the request, or of somebody for whom they may act."""
    me = request.user.pk
    return Q(**{path: me}) | Q(**{f"{path}__profile__delegates": me})


def of_animals(request: HttpRequest, path: str = "subject") -> Q:
    """Return what hangs on the animals of the person; a query inside, so that no row doubles."""
    from lab.models import Subject  # noqa: PLC0415

    mine = Subject.objects.filter(of_person(request, "responsible_user")).values("pk")
    return Q(**{f"{path}__in": mine})
