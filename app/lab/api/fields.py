"""How values are written: aware times, finite numbers, labels, free data that fits."""

import json
import math
import re
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from django.db import models
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

Column: TypeAlias = "models.Field[Any, Any]"
FIRST_YEAR, LAST_YEAR = 1900, 2200  # years in which a lab has records; others are slips
DEEPEST, LONGEST_TEXT = 40, 1_000_000
LONE_HALF = re.compile("[\ud800-\udfff]")


@extend_schema_field(OpenApiTypes.DATETIME)
class AwareTime(serializers.Field[datetime, Any, str, Any]):
    """An instant, written with its zone; told in UTC."""

    default_error_messages = {
        "invalid": "Write a date and time with its zone, such as 2026-03-01T10:00:00Z or "
        "2026-03-01T11:00:00+01:00, not {value!r}.",
        "far": "The year lies outside of 1900 to 2200.",
    }

    def to_representation(self, value: datetime) -> str:
        return written(value)

    def to_internal_value(self, data: Any) -> datetime:
        found = instant(data)
        if found is None:
            self.fail("invalid", value=str(data)[:40])
        if not FIRST_YEAR < found.year < LAST_YEAR:
            self.fail("far")
        return found


def instant(text: Any) -> datetime | None:
    """Return the aware time that a text says, or None."""
    try:
        found = parse_datetime(text) if isinstance(text, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def written(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Day(serializers.DateField):
    default_error_messages = {"far": "The year lies outside of 1900 to 2200."}

    def to_internal_value(self, value: Any) -> date:
        found = super().to_internal_value(value)
        if not FIRST_YEAR < found.year < LAST_YEAR:
            self.fail("far")
        return found


class Finite(serializers.FloatField):
    default_error_messages = {"endless": "Write a number that ends."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        found = super().to_internal_value(data)
        if not math.isfinite(found):
            self.fail("endless")
        return found


@extend_schema_field(OpenApiTypes.OBJECT)
class FreeData(serializers.JSONField):
    """Any JSON that the database can hold: no zero bytes, no halves of characters, not endless."""

    default_error_messages = {"unfit": "The database cannot hold this: {why}."}

    def to_internal_value(self, data: Any) -> Any:
        try:
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        except (ValueError, RecursionError, TypeError):
            self.fail("unfit", why="it is no finite JSON")
        if "\\u0000" in text or LONE_HALF.search(text):
            self.fail("unfit", why="a text has a zero byte or half a character")
        if len(text) > LONGEST_TEXT or _depth(data) > DEEPEST:
            self.fail("unfit", why="it is too long or too deep")
        return data


def _depth(data: Any, level: int = 0) -> int:
    if level > DEEPEST or not isinstance(data, dict | list):
        return level
    inner = data.values() if isinstance(data, dict) else data
    return max((_depth(each, level + 1) for each in inner), default=level)


class Label(serializers.ChoiceField):
    """A choice that is kept as a number and spoken by its label; either is understood."""

    def __init__(self, choices: Any, **kwargs: Any) -> None:
        self.numbers = {str(label): value for value, label in choices}
        self.labels = {value: label for label, value in self.numbers.items()}
        super().__init__(choices=[(label, label) for label in self.numbers], **kwargs)

    def to_representation(self, value: Any) -> Any:
        return self.labels.get(value, value)

    def to_internal_value(self, data: Any) -> Any:
        return number_of(self.numbers, data, lambda: self.fail("invalid_choice", input=data))


def number_of(numbers: dict[str, Any], said: Any, refuse: Any) -> Any:
    named = {label.lower(): value for label, value in numbers.items()}
    if isinstance(said, str) and said.strip().lower() in named:
        return named[said.strip().lower()]
    if isinstance(said, int) and not isinstance(said, bool) and said in numbers.values():
        return said
    return refuse()


def is_labelled(field: Column) -> bool:
    """Say whether a column is a number that stands for a word."""
    return bool(field.choices) and isinstance(field, models.IntegerField)
