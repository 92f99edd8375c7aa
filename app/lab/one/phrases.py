"""The generic filters ``django=``, ``json=`` and ``extended_qc=``: read, never evaluated.

A phrase is a list of pairs, ``path__operator,value``, parted by commas; ``~`` excludes.
Paths are those of a `vocabulary.Vocabulary`, so that nothing else can be reached.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.db import models
from django.db.models import Q

from lab.one import ways
from lab.one.errors import FieldRefused
from lab.one.vocabulary import Column, Unknown, Vocabulary, as_it_is
from lab.queries.sight import Sight

LONGEST = 8000  # characters; ONE sends up to 100 identifiers at once
OPERATORS = frozenset({
    "exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith",
    "iendswith", "in", "gt", "gte", "lt", "lte", "isnull",
})  # fmt: skip
OPENING, CLOSING = "[(", "])"
KEY = re.compile(r"[A-Za-z0-9_ .-]{1,100}")
WORDS = {"None": None, "True": True, "False": False}
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Pair:
    """One condition as it was written."""

    path: str
    value: Any
    excludes: bool


def rows(
    found: models.QuerySet[Any],
    text: str,
    vocabulary: Vocabulary,
    sight: Sight,
    name: str = "django",
) -> models.QuerySet[Any]:
    """Return the rows that the phrase describes, each once, as far as the person can see."""
    for pair in pairs(text, name):
        path, operator, said = *_part(pair.path), pair.value
        if said is None and operator == "exact":  # as for Django, where None is no value
            operator, said = "isnull", True
        try:
            column = vocabulary.column(path)
        except Unknown as unknown:
            raise FieldRefused(name, f"{pair.path!r}: {unknown}") from None
        if column.read is as_it_is:
            _need_answerable(pair.path, operator, name)
        value = _value(column, operator, said, name)
        condition = ways.condition(found.model, column.path, operator, value, sight)
        if column.is_many:  # a join would repeat the rows
            condition = Q(pk__in=found.model._base_manager.filter(condition).values("pk"))  # noqa: SLF001
        found = found.exclude(condition) if pair.excludes else found.filter(condition)
    return found


def equal(
    found: models.QuerySet[Any], text: str, vocabulary: Vocabulary, name: str, sight: Sight
) -> models.QuerySet[Any]:
    """Return the rows whose column, or whose related record's name, has just this value."""
    column = vocabulary.column(vocabulary.own()[name])
    value = column.read(text)
    operator = "iexact" if isinstance(value, str) else "exact"
    return found.filter(ways.condition(found.model, column.path, operator, value, sight))


def inside(found: models.QuerySet[Any], text: str, column: str, name: str) -> models.QuerySet[Any]:
    """Return the rows whose free data in ``column`` is as the phrase says: key__key__gte,0.5."""
    for pair in pairs(text, name):
        path, operator = _part(pair.path)
        keys = path.split("__")
        if not all(KEY.fullmatch(key) and key not in OPERATORS for key in keys):
            raise FieldRefused(name, f"{pair.path!r} names no key.")
        _need_answerable(pair.path, operator, name)
        if operator == "isnull" and not isinstance(pair.value, bool):
            raise FieldRefused(name, f"Write True or False after {pair.path}.")
        lookup = f"{column}__{'__'.join(keys)}" + ("" if operator == "exact" else f"__{operator}")
        many = operator == "in" and not isinstance(pair.value, list)
        condition = Q(**{lookup: [pair.value] if many else pair.value})
        found = found.exclude(condition) if pair.excludes else found.filter(condition)
    return found


def pairs(text: str, name: str) -> Iterator[Pair]:
    """Yield the pairs of a phrase.

    Raises
    ------
    FieldRefused
        The phrase is too long, has a path without a value, or a bracket that is never closed.
    """
    if len(text) > LONGEST:
        raise FieldRefused(name, f"The filter is longer than {LONGEST} characters.")
    parts = list(_words(text, name))
    if len(parts) % 2:
        raise FieldRefused(name, f"Write pairs of a path and a value; {parts[-1]!r} has none.")
    for path, value in zip(parts[::2], parts[1::2], strict=True):
        pair = Pair(path.lstrip("~").strip(), _literal(value), path.startswith("~"))
        _need_comparable(pair, name)
        yield pair


def _need_comparable(pair: Pair, name: str) -> None:
    """Refuse a list where one value is asked for, and what is no number."""
    _path, operator = _part(pair.path)
    is_list = isinstance(pair.value, list)
    values = pair.value if is_list else [pair.value]
    if is_list and (operator != "in" or any(isinstance(value, list) for value in values)):
        raise FieldRefused(name, f"{pair.path!r} takes one value; a list goes with __in.")
    if any(isinstance(value, float) and not isfinite(value) for value in values):
        raise FieldRefused(name, f"{pair.path!r}: the number is too large.")


def _words(text: str, name: str) -> Iterator[str]:
    """Yield what stands between the commas that no bracket encloses."""
    depth, begin = 0, 0
    for place, sign in enumerate(text):
        depth += (sign in OPENING) - (sign in CLOSING)
        if sign == "," and depth == 0:
            yield text[begin:place].strip()
            begin = place + 1
    if depth:
        raise FieldRefused(name, "A bracket is opened and not closed, or the other way round.")
    if text.strip():
        yield text[begin:].strip()


def _literal(text: str) -> Any:
    """Return the value that a word stands for: a list, a number, None, True, False or itself."""
    if text[:1] in tuple(OPENING) and text[-1:] in tuple(CLOSING):
        return [_literal(part.strip()) for part in text[1:-1].split(",") if part.strip()]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if text in WORDS:
        return WORDS[text]
    if NUMBER.fullmatch(text):
        return float(text) if re.search(r"[.eE]", text) else int(text)
    return text


def _part(path: str) -> tuple[str, str]:
    head, _, tail = path.rpartition("__")
    return (head, tail) if tail in OPERATORS and head else (path, "exact")


def _need_answerable(path: str, operator: str, name: str) -> None:
    """Refuse what one of the two databases cannot ask of free data."""
    if operator == "contains":
        raise FieldRefused(name, f"{path!r}: write icontains for free data.")


def _value(column: Column, operator: str, value: Any, name: str) -> Any:
    try:
        if operator == "isnull" or value is None:
            return bool(value)
        if operator == "in":
            return [column.read(each) for each in (value if isinstance(value, list) else [value])]
        return column.read(value)
    except (ValueError, TypeError, OverflowError):
        raise FieldRefused(name, f"{value!r} is no value for {column.name}.") from None
