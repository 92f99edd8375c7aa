"""The named filters of the lists, by what they compare."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.dateparse import parse_date

from lab.models import Quality
from lab.one import ways
from lab.one.errors import FieldRefused
from lab.one.views import Filter
from lab.one.vocabulary import YEARS

Rows = QuerySet[Any]
LARGEST = 2**63 - 1  # that a database compares


def equal(path: str) -> Filter:
    return lambda rows, text, _view: rows.filter(**{path: text})


def alike(path: str) -> Filter:
    return lambda rows, text, _view: rows.filter(**{f"{path}__iexact": text})


def holds(path: str) -> Filter:
    return lambda rows, text, _view: rows.filter(**{f"{path}__icontains": text})


def linked(path: str, lookup: str = "exact") -> Filter:
    """Compare something of which a row has many: the row counts once."""

    def keep(rows: Rows, text: str, view: Any) -> Rows:
        condition = ways.condition(rows.model, path, lookup, text, view.sight)
        inner = rows.model._base_manager.filter(condition)  # noqa: SLF001
        return rows.filter(pk__in=inner.values("pk"))

    return keep


def all_linked(path: str, lookup: str = "exact") -> Filter:
    """Ask for every one of several, parted by commas."""

    def keep(rows: Rows, text: str, view: Any) -> Rows:
        for word in filter(None, (part.strip() for part in text.split(","))):
            rows = linked(path, lookup)(rows, word, view)
        return rows

    return keep


def truth(path: str, name: str) -> Filter:
    return lambda rows, text, _view: rows.filter(**{path: is_true(name, text)})


def number(path: str, name: str) -> Filter:
    return lambda rows, text, _view: rows.filter(**{path: whole(name, text)})


def key(path: str, name: str) -> Filter:
    def keep(rows: Rows, text: str, _view: Any) -> Rows:
        try:
            return rows.filter(**{path: text})
        except ValidationError:  # Django's words for a text that is no UUID
            raise FieldRefused(name, f"{text[:60]!r} is no identifier.") from None

    return keep


def between(path: str, name: str = "date_range") -> Filter:
    """Two days parted by a comma, both included."""

    def keep(rows: Rows, text: str, _view: Any) -> Rows:
        days = [part.strip() for part in text.split(",")]
        if len(days) != 2:  # noqa: PLR2004
            raise FieldRefused(name, "Write two days: 2026-03-01,2026-03-31.")
        return rows.filter(**{f"{path}__range": [day(name, part) for part in days]})

    return keep


def on_day(path: str, name: str) -> Filter:
    return lambda rows, text, _view: rows.filter(**{path: day(name, text)})


def labelled(path: str, labels: Any, name: str) -> Filter:
    """Compare a choice, given by its label or its number."""
    known = {str(kind.label).lower(): kind.value for kind in labels}

    def keep(rows: Rows, text: str, _view: Any) -> Rows:
        value = known.get(text.lower())
        if value is None and text.isdigit() and int(text) in labels.values:
            value = int(text)
        if value is None:
            raise FieldRefused(name, f"Write one of {', '.join(map(str, labels.labels))}.")
        return rows.filter(**{path: value})

    return keep


def quality(path: str, name: str = "qc") -> Filter:
    return labelled(path, Quality, name)


def exists(rows: Rows, model: Any, link: str, **conditions: Any) -> Rows:
    """Keep the rows to which something leads by ``link`` that meets the conditions."""
    there = model._base_manager.filter(**{link: OuterRef("pk")}, **conditions)  # noqa: SLF001
    return rows.filter(Exists(there))


def is_true(name: str, text: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in known:
        raise FieldRefused(name, f"Write True or False, not {text[:40]!r}.")
    return known[text.lower()]


def whole(name: str, text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = None
    if found is None or abs(found) > LARGEST:
        raise FieldRefused(name, f"Write a whole number, not {text[:40]!r}.")
    return found


def day(name: str, text: str) -> date:
    try:
        found = parse_date(text[:10])
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise FieldRefused(name, f"Write a day such as 2026-03-01, not {text[:40]!r}.")
    return found
