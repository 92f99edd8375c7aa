"""Lists in pieces: ``limit`` and ``offset``, with absolute links to the pieces beside."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from lab.one.errors import FieldRefused

USUAL, MOST = 250, 1000
FAR = 1000  # rows
PAGING = {"limit", "offset"}
KEYS = {"pk", "-pk", "id", "-id"}


class OnePages(LimitOffsetPagination):
    default_limit = USUAL
    max_limit = MOST

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.view = request, view
        self.limit, self.offset = self.get_limit(request), self.get_offset(request)
        whole = getattr(view, "count_of_all", None)
        is_filtered = bool(set(request.query_params) - PAGING)
        count = whole(queryset) if whole and not is_filtered else self.get_count(queryset)
        self.count = count
        return piece(queryset, self.offset, self.limit, self.count)

    def get_limit(self, request: Request) -> int:
        return min(_number(request, "limit", USUAL, least=1), MOST)

    def get_offset(self, request: Request) -> int:
        return _number(request, "offset", 0, least=0)


def piece(rows: QuerySet[Any], offset: int, limit: int, count: int) -> list[Any]:
    """Return the rows of one piece; far from the start only their keys are walked past.

    Rows that compare alike come in one order in every piece, so that none is shown twice.
    """
    if offset >= count:
        return []
    rows = _in_one_order(rows)
    if offset < FAR:
        return list(rows[offset : offset + limit])
    keys = _keys(rows, offset, min(offset + limit, count), count)
    found = {row.pk: row for row in rows.filter(pk__in=keys).order_by()}
    return [found[key] for key in keys if key in found]


def _in_one_order(rows: QuerySet[Any]) -> QuerySet[Any]:
    order = list(rows.query.order_by or rows.model._meta.ordering)  # noqa: SLF001
    return rows if KEYS & set(order) else rows.order_by(*order, "pk")


def _keys(rows: QuerySet[Any], first: int, last: int, count: int) -> list[Any]:
    """Return the keys of a piece, counted from the end that is nearer."""
    keys = rows.prefetch_related(None).values_list("pk", flat=True)
    if first <= count // 2:
        return list(keys[first:last])
    return list(keys.reverse()[count - last : count - first])[::-1]


def _number(request: Request, name: str, usual: int, *, least: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= least):  # noqa: PLR2004
        raise FieldRefused(name, f"Write a whole number from {least} up, not {text[:40]!r}.")
    return int(text)
