"""Finding stimuli by what they are called and by their tags."""

import re
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from experiments.models import Stimulus, Tag

WORD = re.compile(r'([A-Za-z][\w-]*)(<=|>=|=|<|>)("[^"]*"|\S+)|("[^"]*"|\S+)')
SUFFIXES = {"=": "", "<": "__lt", "<=": "__lte", ">": "__gt", ">=": "__gte"}
TRUTHS = {"true": 1.0, "false": 0.0}


def found(user: User, text: str) -> QuerySet[Stimulus]:
    """Return the stimuli that a person sees and that fit each word of a search."""
    rows: Any = narrowed(Stimulus.objects.visible_to(user).filter(archived_at=None), text)
    return rows.select_related("asset").prefetch_related("tags")  # type: ignore[no-any-return]


def narrowed(rows: Any, text: str) -> Any:
    """Return those of ``rows`` that fit each word of a search.

    A word is part of a name, a collection, or the whole text of a tag; ``tempo>=120`` and
    ``mode=minor`` compare a tag.
    """
    for name, how, value, word in WORD.findall(text.replace("\0", "")):
        rows = rows.filter(_tagged(name, how, value.strip('"')) if name else _called(word))
    return rows


def _called(word: str) -> Any:
    word = word.strip('"')
    tagged = Tag.objects.filter(stimulus=OuterRef("pk"), text__iexact=word)
    return Q(name__icontains=word) | Q(collection__iexact=word) | Q(Exists(tagged))


def _tagged(name: str, how: str, value: str) -> Any:
    tags = Tag.objects.filter(stimulus=OuterRef("pk"), name=name)
    number = _number(value)
    fits = Q(**{f"number{SUFFIXES[how]}": number}) if number is not None else Q(pk__in=[])
    if how == "=":
        fits |= Q(kind=Tag.Kind.TEXT, text__iexact=value)
    return Exists(tags.filter(fits))


def _number(value: str) -> float | None:
    if value.lower() in TRUTHS:
        return TRUTHS[value.lower()]
    try:
        return float(value)
    except ValueError:
        return None
