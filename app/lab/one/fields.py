"""How ONE writes values: names for related things, clocks without a zone, labels for numbers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import MultipleObjectsReturned
from django.db import models
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.models import Lab
from lab.one.vocabulary import YEARS
from lab.times import instant_of, wall_clock


@extend_schema_field(OpenApiTypes.STR)
class NameField(serializers.SlugRelatedField[Any]):
    """A related thing, found among those that the person sees, by its name.

    ``among`` takes the user and returns the rows to choose from; ``name`` is the path to the name.
    """

    default_error_messages = {
        "does_not_exist": "There is no {slug_name} {value!r} that you can see.",
        "several": "There are several called {value!r}; say which by another way.",
    }

    def __init__(
        self, name: str, among: Callable[[Any], models.QuerySet[Any]] | None = None, **kwargs: Any
    ) -> None:
        self.among = among
        if among is None:
            kwargs["read_only"] = True
        super().__init__(slug_field=name, **kwargs)

    def get_queryset(self) -> Any:
        if self.among is None:
            return None
        return self.among(self.context["request"].user)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str | int):
            self.fail("invalid")
        if self.slug_field == "pk":
            data = str(data).rstrip("/").rpartition("/")[2]  # an address ends in the identifier
        try:
            return self.get_queryset().get(**{self.slug_field or "name": data})
        except models.ObjectDoesNotExist:
            self.fail("does_not_exist", slug_name=self.kind, value=str(data)[:100])
        except MultipleObjectsReturned:
            self.fail("several", value=str(data)[:100])
        except (TypeError, ValueError):
            self.fail("invalid")

    def to_representation(self, obj: Any) -> Any:
        for step in (self.slug_field or "name").split("__"):
            obj = getattr(obj, step)
        return obj

    @property
    def kind(self) -> str:
        model = self.get_queryset().model
        return str(model._meta.verbose_name)  # noqa: SLF001

    def use_pk_only_optimization(self) -> bool:
        return False


@extend_schema_field(OpenApiTypes.DATETIME)
class WallClockField(serializers.Field[Any, Any, Any, Any]):
    """An instant as the clock in the record's lab showed it; with a zone when one is sent."""

    default_error_messages = {
        "invalid": "Write a date and time such as 2026-03-01T10:00:00, not {value!r}."
    }

    def get_attribute(self, instance: Any) -> Any:
        found = super().get_attribute(instance)
        return wall_clock(found, getattr(instance, "lab", None))

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()

    def to_internal_value(self, data: Any) -> datetime:
        """Return the time as it was sent; `placed` gives it the lab's zone once that is known."""
        try:
            found = parse_datetime(str(data)) or _midnight(str(data))
        except ValueError:
            found = None
        if found is None or found.year not in YEARS:
            self.fail("invalid", value=str(data)[:40])
        return found


def _midnight(text: str) -> datetime | None:
    day = parse_date(text)
    return None if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001  the lab's zone comes later


def placed(values: dict[str, Any], lab: Lab | None) -> dict[str, Any]:
    """Return the values with every clock time as the instant that it was in the lab."""
    return {
        name: instant_of(value, lab) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


@extend_schema_field(OpenApiTypes.STR)
class LabelField(serializers.ChoiceField):
    """A choice that is stored as a number and spoken by its label; either is understood."""

    def __init__(self, choices: type[models.IntegerChoices], **kwargs: Any) -> None:
        self.kinds = choices
        super().__init__(choices=choices.choices, **kwargs)

    def to_representation(self, value: Any) -> str:
        return str(self.kinds(value).label)

    def to_internal_value(self, data: Any) -> Any:
        named = {str(kind.label).lower(): kind.value for kind in self.kinds}
        text = str(data).strip().lower()
        if text in named:
            return named[text]
        if text.isdecimal() and int(text[:9]) in self.kinds.values:
            return int(text)
        return self.fail("invalid_choice", input=str(data)[:40])


@extend_schema_field(OpenApiTypes.URI)
class UrlField(serializers.Field[Any, Any, Any, Any]):
    """The absolute address of a record; it ends in what the record is looked up by."""

    def __init__(self, view: str, by: str = "pk", **kwargs: Any) -> None:
        self.view, self.by = view, by
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str:
        for step in self.by.split("__"):
            value = getattr(value, step)
        return address(self.context["request"], self.view, value)


def address(request: Any, view: str, key: Any) -> str:
    return str(reverse(f"one:{view}-detail", args=[str(key)], request=request))
