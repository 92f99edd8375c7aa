"""The audit trail as people ask for it and read it: filters, pages, chips, CSV rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from accounts.models import AuditEntry, Lab, User
from accounts.models.history import kind_in_words
from accounts.queries import HistoryFilter
from common import spreadsheets

FILTERS = ["lab", "person", "action", "kind", "days", "q"]
PERIODS = {"1": "Today", "7": "7 days", "30": "30 days", "365": "A year"}
LONGEST_DAYS = 36_500
MOST_DIGITS = 18  # a bigint holds them
COLUMNS = [
    "number", "at", "user", "token", "action", "kind", "id", "object", "lab", "project",
    "changes", "reason", "request", "address",
]  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Some entries, newest first, and where the next ones begin."""

    entries: list[AuditEntry]
    next_before: int | None


@dataclass(frozen=True)
class Chip:
    """One filter that can be put on or taken off."""

    label: str
    query: str
    is_on: bool = False


def asked_by(query: Mapping[str, str]) -> HistoryFilter:
    days = query.get("days", "")
    return HistoryFilter(
        lab=query.get("lab", ""),
        person=query.get("person", ""),
        action=query.get("action", ""),
        kind=query.get("kind", ""),
        days=min(int(days), LONGEST_DAYS) if _is_number(days) else None,
        text=query.get("q", "").strip().replace("\0", "")[:100],
    )


def page_of(entries: QuerySet[AuditEntry], *, before: str, size: int) -> Page:
    """Return the page that begins below the entry number ``before``: the same rows at any time."""
    if _is_number(before):
        entries = entries.filter(pk__lt=int(before))
    found = list(entries.order_by("-pk")[: size + 1])
    shown = found[:size]
    return Page(shown, shown[-1].pk if len(found) > size else None)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def query_of(query: QueryDict, **changed: str) -> str:
    """Return the filters as a query string, with some of them changed, from the first page."""
    kept = {name: query.get(name, "") for name in FILTERS} | changed
    result = QueryDict(mutable=True)
    for name, value in kept.items():
        if value:
            result[name] = str(value)
    return result.urlencode()


def chips(user: User, query: QueryDict) -> list[Chip]:
    """Return the filters that are on, to be taken off, and the periods and labs to choose."""
    on = [
        Chip(
            f"{label}: {_spoken(name, query.get(name, ''))}",
            query_of(query, **{name: ""}),
            is_on=True,
        )
        for name, label in {"person": "By", "action": "Action", "kind": "Kind", "q": "Has"}.items()
        if query.get(name)
    ]
    labs = Lab.objects.editable_by(user).values_list("slug", "name")
    return on + _choices(query, "days", PERIODS) + _choices(query, "lab", dict(labs))


def _spoken(name: str, value: str) -> str:
    if name == "kind":
        return kind_in_words(value)
    return value.replace(".", " ").replace("-", " ") if name == "action" else value


def _choices(query: QueryDict, name: str, labels: Mapping[str, str]) -> list[Chip]:
    """Return a chip per value; the one that is on takes itself off."""
    chosen = query.get(name, "")
    return [
        Chip(label, query_of(query, **{name: "" if value == chosen else value}), value == chosen)
        for value, label in labels.items()
    ]


def row_of(entry: AuditEntry) -> list[Any]:
    """Return an entry as CSV; text that a spreadsheet would run as a formula is quoted."""
    return [
        entry.pk,
        entry.at.isoformat(timespec="milliseconds"),
        *map(spreadsheets.cell, [
            entry.user.username if entry.user else "",
            entry.token.name if entry.token else "",
            entry.action,
            entry.object_type,
            entry.object_id,
            entry.object_label,
            entry.lab.slug if entry.lab else "",
            entry.project.slug if entry.project else "",
            json.dumps(entry.changes, ensure_ascii=False) if entry.changes else "",
            entry.reason,
            entry.request_id,
            entry.address or "",
        ]),
    ]  # fmt: skip
