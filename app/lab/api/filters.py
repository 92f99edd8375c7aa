"""The filters of lists: typed, described, made from the columns that a resource shows."""

import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.dateparse import parse_date

from lab.api.errors import Unreadable
from lab.api.fields import Column, instant, is_labelled, number_of
from lab.api.references import Target, seen, target_of
from lab.queries.sight import may_be_hidden

if TYPE_CHECKING:
    from lab.api.resource import Resource

Rows = models.QuerySet[Any]
PAGING = {"limit", "cursor", "order", "count", "format"}  # these mean the same for every list
MOST_KEYS, LONGEST = 200, 4000
IDS = {"type": "string", "example": "0b2f6f0e-0e0e-4f6e-9b1a-6a3f5d1c2b3a"}
BIGGEST = 2**63 - 1
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Filter:
    """One parameter of a list: how it is read, and which rows it keeps."""

    name: str
    about: str
    read: Callable[[str], Any]
    keep: Callable[[Rows, Any], Rows]
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    target: Target | None = None  # what it refers to, when that may be hidden from somebody

    def rows(self, rows: Rows, text: str, user: Any) -> Rows:
        try:
            value = self.read(text)
        except (ValueError, OverflowError):
            raise Unreadable(f"{self.name}: {self.about} {text[:40]!r} is none.",
                             field=self.name) from None  # fmt: skip
        if self.target:
            there = seen(self.target.model, user).filter(**{f"{self.target.by}__in": value})
            value = there.order_by().values("pk")
        return self.keep(rows, value)


# --- how values are read --------------------------------------------------------------------------
def whole(text: str) -> int:
    if not (text.lstrip("-").isdigit() and text.isascii()) or abs(int(text)) > BIGGEST:
        raise ValueError(text)
    return int(text)


def number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def truth(text: str) -> bool:
    if text.lower() not in TRUTHS:
        raise ValueError(text)
    return TRUTHS[text.lower()]


def day(text: str) -> date:
    found = parse_date(text)
    if found is None:
        raise ValueError(text)
    return found


def moment(text: str) -> datetime:
    """Return an instant; a day alone begins at midnight in UTC."""
    found = instant(text) or instant(f"{text}T00:00:00Z")
    if found is None:
        raise ValueError(text)
    return found


def several(read: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def many(text: str) -> list[Any]:
        words = [word.strip() for word in text.split(",") if word.strip()]
        if not words or len(words) > MOST_KEYS:
            raise ValueError(text)
        return [read(word) for word in words]

    return many


def choice(column: Column) -> Callable[[str], Any]:
    def one(text: str) -> Any:
        if is_labelled(column):
            labels = {str(label): value for value, label in column.flatchoices}
            return number_of(labels, text, lambda: _refuse(text))
        return text if text in dict(column.flatchoices) else _refuse(text)

    return one


def _refuse(text: str) -> Any:
    raise ValueError(text)


# --- which rows they keep -------------------------------------------------------------------------
def keeping(lookup: str) -> Callable[[Rows, Any], Rows]:
    return lambda rows, value: rows.filter(**{lookup: value})


def linked(path: str) -> Callable[[Rows, Any], Rows]:
    """Keep rows one of whose many has the value; each row counts once."""

    def keep(rows: Rows, values: Any) -> Rows:
        inner = rows.model._base_manager.filter(**{f"{path}__in": values})  # noqa: SLF001
        return rows.filter(pk__in=inner.values("pk"))

    return keep


# --- what a resource offers -----------------------------------------------------------------------
@cache
def filters_of(resource: "Resource") -> dict[str, Filter]:
    """Return the filters of a list by their names."""
    made = {one.name: one for one in _automatic(resource) if one.name not in PAGING}
    return made | {one.name: one for one in resource.filters}


def _automatic(resource: "Resource") -> Iterator[Filter]:
    yield Filter("id", "Ids, parted by commas.", several(uuid.UUID), keeping("pk__in"), IDS)
    for name in resource.fields:
        yield from _of_column(name, resource.column(name))
    if "subject" in resource.fields:
        yield Filter("subject_nickname", "The animal's present nickname.", str,
                     keeping("subject__nickname"))  # fmt: skip
    path = getattr(resource.model._default_manager.all(), "lab_path", "")  # noqa: SLF001
    if path and "lab" not in resource.fields:
        yield Filter("lab", "Short names of labs, parted by commas.", several(str),
                     keeping(f"{path}__slug__in"))  # fmt: skip


def _of_column(name: str, column: Column) -> Iterator[Filter]:
    if column.is_relation:
        yield from _of_relation(name, column)
    elif column.choices:
        labels = [str(label) if is_labelled(column) else value
                  for value, label in column.flatchoices]  # fmt: skip
        words = f"Some of {', '.join(map(str, labels))}, parted by commas."
        kind = {"type": "string", "example": str(labels[0])}
        yield Filter(name, words, several(choice(column)), keeping(f"{name}__in"), kind)
    else:
        yield from _of_value(name, column)
    if column.null and not column.many_to_many and not isinstance(column, models.JSONField):
        yield Filter(f"{name}_empty", "true or false: nothing stands there.", truth,
                     keeping(f"{name}__isnull"), {"type": "boolean"})  # fmt: skip


def _of_relation(name: str, column: Any) -> Iterator[Filter]:
    target: Target = target_of(column.related_model)
    words = f"One or more: the {target.words}, parted by commas."
    read = several(target.key)
    is_hidden = may_be_hidden(target.model)
    path = name if target.is_by_id or is_hidden else f"{name}__{target.by}"
    keep = linked(path) if column.many_to_many else keeping(f"{path}__in")
    yield Filter(name, words, read, keep, IDS if target.is_by_id else {"type": "string"},
                 target if is_hidden else None)  # fmt: skip


def _of_value(name: str, column: Column) -> Iterator[Filter]:
    if isinstance(column, models.DateTimeField):
        words = "A day (in UTC) or a time with its zone."
        when = {"type": "string", "format": "date-time"}
        yield Filter(
            f"{name}_from", f"{words} Then or later.", moment, keeping(f"{name}__gte"), when
        )
        yield Filter(f"{name}_until", f"{words} Before it.", moment, keeping(f"{name}__lt"), when)
    elif isinstance(column, models.DateField):
        when = {"type": "string", "format": "date"}
        yield Filter(name, "A day.", day, keeping(name), when)
        yield Filter(f"{name}_from", "A day; then or later.", day, keeping(f"{name}__gte"), when)
        yield Filter(f"{name}_until", "A day; then or earlier.", day, keeping(f"{name}__lte"), when)
    elif isinstance(column, models.BooleanField):
        yield Filter(name, "true or false.", truth, keeping(name), {"type": "boolean"})
    elif isinstance(column, models.IntegerField | models.FloatField):
        yield from _of_number(name, column)
    elif isinstance(column, models.CharField | models.TextField):
        yield from _of_text(name, column)


def _of_number(name: str, column: Column) -> Iterator[Filter]:
    is_whole = isinstance(column, models.IntegerField)
    read: Callable[[str], Any] = whole if is_whole else number
    kind = {"type": "integer" if is_whole else "number"}
    yield Filter(name, "A number.", read, keeping(name), kind)
    yield Filter(f"{name}_min", "A number; this or more.", read, keeping(f"{name}__gte"), kind)
    yield Filter(f"{name}_max", "A number; this or less.", read, keeping(f"{name}__lte"), kind)


def _of_text(name: str, column: Column) -> Iterator[Filter]:
    if not isinstance(column, models.TextField):
        yield Filter(name, "The whole text.", str, keeping(name))
    yield Filter(f"{name}_contains", "A part of the text, in any case.", str,
                 keeping(f"{name}__icontains"))  # fmt: skip


def kept(
    rows: Rows, resource: "Resource", query: Mapping[str, list[str]], others: set[str], user: Any
) -> Rows:
    """Return the rows that the address asks for; a parameter that is not known is named."""
    known = filters_of(resource)
    for name, texts in query.items():
        if name in others:
            continue
        if name not in known:
            names = ", ".join(sorted({*known, *others}))
            raise Unreadable(f"{name}: this list has no such filter. It has: {names}.", field=name)
        if len(texts) > 1 or len(texts[0]) > LONGEST:
            raise Unreadable(f"{name}: give it once, and not that long.", field=name)
        rows = known[name].rows(rows, texts[0], user)
    return rows
