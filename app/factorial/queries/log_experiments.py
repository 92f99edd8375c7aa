"""Which designs are experiments of the client protocol of 2025."""

import re
from collections.abc import Mapping, Sequence

from django.db.models import Exists, OuterRef, QuerySet

from factorial.models import Design, Host

LARGEST_KEY = 2**63 - 1
KEY = re.compile(r"[1-9][0-9]{0,18}")


def shown() -> QuerySet[Design]:
    """Return the designs of projects that have a host: their lab has opened them to the protocol.

    A design that was imported is an experiment by its code, as one that a host has named is.
    """
    host = Host.objects.filter(project=OuterRef("project"))
    return Design.objects.filter(Exists(host), archived_at=None).order_by("pk")


def by_key(key: str) -> Design | None:
    """Return the experiment of an id as clients send it, which may be any text."""
    found: Design | None = shown().filter(pk__in=keys_in([key])).first()
    return found


def keys_in(texts: Sequence[str]) -> list[int]:
    """Return those of the ids that may be one: digits as we write them, and not too many."""
    digits = [text for text in texts if KEY.fullmatch(text)]
    return [int(text) for text in digits if int(text) <= LARGEST_KEY]


def asked_for(query: Mapping[str, list[str]]) -> QuerySet[Design]:
    found = shown()
    if "filter[name]" in query:
        found = found.filter(code__in=query["filter[name]"])
    return found
