"""What was: the history of a record, all that happened to an animal, what was deleted."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import AuditEntry
from common.errors import NotThere
from lab.api import paging
from lab.api.base import WRITING, LabView
from lab.api.errors import Unreadable
from lab.api.fields import written
from lab.api.references import seen
from lab.api.resource import Resource
from lab.api.resources import ALL
from lab.models import DeletedRecord, Subject
from lab.queries import timeline, told
from lab.queries.sight import Sight
from lab.services import trash

NAME_OF = {one.model._meta.label_lower: one.name for one in reversed(ALL)}  # noqa: SLF001


class Paged(LabView):
    """A list of what was, newest first."""

    def page(self, rows: QuerySet[Any], order: str) -> paging.Page:
        self.only({"limit", "cursor"})
        return paging.page_of(rows, paging.wish_of(self.request.query_params, [order]))

    def answer(self, page: paging.Page, told: list[dict[str, Any]]) -> Response:
        return Response({
            "results": told, "next": self.beside(page.next), "previous": self.beside(page.previous),
        })  # fmt: skip


class History(Paged):
    """Who did what to a record, when and why; also to one that was deleted."""

    resource: Resource = cast("Resource", None)

    def listed(self, request: Request, id: str) -> Response:  # noqa: A002, ARG002
        key = self._key(id)
        kind = self.resource.model._meta.label_lower  # noqa: SLF001
        rows = AuditEntry.objects.filter(object_type=kind, object_id=str(key))
        page = self.page(rows.select_related("user", "token"), "-id")
        shown = told.without_hidden([entry.changes for entry in page.rows], Sight(self.person))
        return self.answer(page, [_entry(*pair) for pair in zip(page.rows, shown, strict=True)])

    def _key(self, text: str) -> UUID:
        key = _uuid(text)
        mine = seen(self.resource.model, self.person).filter(pk=key)
        kind = self.resource.model._meta.label_lower  # noqa: SLF001
        kept = DeletedRecord.objects.visible_to(self.person).filter(kind=kind, object_id=key)
        if not mine.exists() and not kept.exists():
            raise NotThere(f"There is no such {self.resource.one}, or not for you.")
        return key


def _entry(entry: AuditEntry, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": written(entry.at),
        "user": entry.user.username if entry.user else None,
        "token": entry.token.name if entry.token else None,
        "action": entry.action,
        "reason": entry.reason,
        "changes": [_change(name, change) for name, change in changes.items()],
    }


def _change(name: str, change: Any) -> dict[str, Any]:
    if isinstance(change, list) and len(change) == 2:  # noqa: PLR2004  before and after
        return {"field": name, "before": change[0], "after": change[1]}
    return {"field": name, **(change if isinstance(change, Mapping) else {"after": change})}


class Timeline(Paged):
    """All that happened to an animal, newest first."""

    def listed(self, request: Request, id: str) -> Response:  # noqa: A002
        query = request.query_params
        self.only({"limit", "cursor", "kinds", "every_weight"})
        subject = seen(Subject, self.person).select_related("lab").filter(pk=_uuid(id)).first()
        if subject is None:
            raise NotThere("There is no such animal, or not for you.")
        limit = paging.limit_of(query.get("limit", ""))
        wish = timeline.Wish(
            limit=limit + 1,
            before=_before(query.get("cursor", "")),
            kinds=_kinds(query.get("kinds", "")),
            every_weight=_truth(query, "every_weight"),
        )
        found = timeline.of(subject, self.person, wish)
        shown, more = found[:limit], len(found) > limit
        cursor = (
            paging.Cursor("timeline", shown[-1].at.isoformat(), str(shown[-1].id)) if more else None
        )
        following = self.beside(cursor.text()) if cursor else None
        return Response({"results": [_happening(each) for each in shown], "next": following})


def _before(text: str) -> tuple[Any, UUID] | None:
    if not text:
        return None
    cursor = paging.Cursor.read(text)
    at = paging.moment_of(cursor)
    return at, _uuid(cursor.key)


def _kinds(text: str) -> frozenset[str]:
    named = frozenset(word.strip() for word in text.split(",") if word.strip())
    unknown = named - set(timeline.KINDS)
    if unknown:
        names = ", ".join(timeline.KINDS)
        raise Unreadable(
            f"kinds: {min(unknown)[:40]!r} is none. There are: {names}.", field="kinds"
        )
    return named or frozenset(timeline.KINDS)


def _truth(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "false").lower()
    if text not in {"true", "1", "false", "0"}:
        raise Unreadable(f"{name}: write true or false.", field=name)
    return text in {"true", "1"}


def _happening(each: timeline.Happening) -> dict[str, Any]:
    return {
        "at": written(each.at),
        "ended_at": written(each.ended_at) if each.ended_at else None,
        "kind": each.kind,
        "id": str(each.id),
        "what": each.what,
        "amount": each.amount,
    }


class Trash(Paged):
    """What was deleted; restored whole, with all that it owned."""

    def listed(self, request: Request) -> Response:  # noqa: ARG002
        rows = DeletedRecord.objects.visible_to(self.person).filter(restored_at=None)
        page = self.page(rows.select_related("lab", "deleted_by").defer("rows", "links"),
                         "-deleted_at")  # fmt: skip
        return self.answer(page, [_kept(row) for row in page.rows])

    def restore(self, request: Request, id: str) -> HttpResponse:  # noqa: A002, ARG002
        self.only(WRITING)
        return self.written(lambda: self._restore(id))

    def _restore(self, key: str) -> Response:
        kept = DeletedRecord.objects.visible_to(self.person).filter(pk=_uuid(key)).first()
        if kept is None:
            raise NotThere("There is no such deleted record, or not for you.")
        record = trash.bring_back(kept=kept, by=self.person, reason=self.reason)
        return Response({"kind": NAME_OF.get(kept.kind, kept.kind), "id": str(record.pk),
                         "restored": kept.count})  # fmt: skip


def _kept(row: DeletedRecord) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": NAME_OF.get(row.kind, row.kind),
        "record": str(row.object_id),
        "label": row.label,
        "lab": row.lab.slug if row.lab else None,
        "count": row.count,
        "deleted_at": written(row.deleted_at),
        "deleted_by": row.deleted_by.username if row.deleted_by else None,
        "reason": row.reason,
    }


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotThere("There is nothing of that id.") from None
