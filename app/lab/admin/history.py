"""A record's history: who changed what, when and why, as the audit trail has it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from accounts.models import AuditEntry
from common.templatetags.studium import NOTHING
from lab.admin.eye import Eye, eye_of
from lab.admin.labels import words_of
from lab.queries import told

PAGE = 50
PAIR = 2
UNSEEN = "something that is not shared with you"


@dataclass(frozen=True)
class Change:
    """One field before and after, in words."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Event:
    """One thing that was done to the record."""

    entry: AuditEntry
    changes: list[Change]


def events(record: models.Model, entries: Iterable[AuditEntry], eye: Eye) -> list[Event]:
    """Return what the entries tell; keys of other records become names, where they are seen."""
    rows = list(entries)
    names = _names(record, rows, eye)
    shown = told.without_hidden([row.changes for row in rows], eye)
    return [
        Event(row, list(_changes(type(record), changes, names)))
        for row, changes in zip(rows, shown, strict=True)
    ]


def _names(
    record: models.Model, entries: Iterable[AuditEntry], eye: Eye
) -> Mapping[str, Mapping[str, str]]:
    """Return {field: {key: name}} of all links that the entries speak of.

    What the record is linked with now is there with it; a field's former links are a question.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    fields = record._meta.concrete_fields  # noqa: SLF001
    links = {field.name: field for field in fields if field.is_relation}
    for entry in entries:
        for name, change in entry.changes.items():
            if name in links and isinstance(change, list):
                keys[name] |= {str(key) for key in change if key is not None}
    return {name: _named(record, links[name], found, eye) for name, found in keys.items()}


def _named(record: models.Model, link: Any, keys: set[str], eye: Eye) -> dict[str, str]:
    present = getattr(record, link.name)
    known = {str(present.pk): str(present)} if present is not None else {}
    former = keys - known.keys()
    if not former:
        return known
    kind = link.related_model
    rows = eye.of(kind).select_related(*words_of(kind)).filter(pk__in=former)
    return known | {str(row.pk): str(row) for row in rows}


def _changes(
    kind: type[models.Model], changes: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]
) -> Iterable[Change]:
    for name, change in changes.items():
        label = _label(kind, name)
        if isinstance(change, list) and len(change) == PAIR:
            before, after = (_spoken(one, names.get(name)) for one in change)
            yield Change(label, before, after)
        elif isinstance(change, dict):
            for what, whom in change.items():
                yield Change(f"{label} {what}", "", ", ".join(map(str, whom)))
        else:
            yield Change(label, "", str(change))


def _label(kind: type[models.Model], name: str) -> str:
    try:
        field = kind._meta.get_field(name)  # noqa: SLF001
    except FieldDoesNotExist:
        return name.replace("_", " ")
    return str(getattr(field, "verbose_name", name.replace("_", " ")))


def _spoken(value: Any, names: Mapping[str, str] | None) -> str:
    if value in (None, ""):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return names.get(str(value), UNSEEN) if names is not None else str(value)


class Historical:
    """Shows the audit trail where Django would show its own log."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page: Any = self
        record = page.get_object(request, unquote(object_id))
        if record is None:
            answer: HttpResponse = page._get_obj_does_not_exist_redirect(  # noqa: SLF001
                request, page.opts, object_id
            )
            return answer
        trail = AuditEntry.objects.on(record).select_related("user", "token")
        shown = Paginator(trail, PAGE).get_page(request.GET.get("p", 1))
        context = {
            **page.admin_site.each_context(request),
            "title": f"History of {record}",
            "events": events(record, shown.object_list, eye_of(request)),
            "page": shown,
            "module_name": str(capfirst(page.opts.verbose_name_plural)),
            "object": record,
            "opts": page.opts,
            **(extra_context or {}),
        }
        request.current_app = page.admin_site.name
        return TemplateResponse(request, "admin/lab/object_history.html", context)
