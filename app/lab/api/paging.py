"""Lists in pieces by keyset: the cursor names the row at which a piece ended.

So a deep piece is as fast as the first, and rows that come or go meanwhile shift nothing.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q

from lab.api.errors import Unreadable

Rows = models.QuerySet[Any]
USUAL, MOST, PIECE = 100, 1000, 500
LONGEST_CURSOR = 2000


@dataclass(frozen=True)
class Order:
    """A column and a direction; ties are broken by the id, the other way round.

    Empty values come last upwards and first downwards, as PostgreSQL keeps them in its indexes.
    """

    column: str
    descending: bool = False

    @classmethod
    def read(cls, text: str) -> "Order":
        return cls(text.removeprefix("-"), text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.column}" if self.descending else self.column

    def turned(self) -> "Order":
        return replace(self, descending=not self.descending)

    @property
    def by_key(self) -> bool:
        return self.column in {"id", "pk"}

    def sorted(self, rows: Rows) -> Rows:
        if self.by_key:
            return rows.order_by("-pk" if self.descending else "pk")
        column = F(self.column)
        empty = True if _is_nullable(rows.model, self.column) else None
        if self.descending:
            return rows.order_by(column.desc(nulls_first=empty), "pk")
        return rows.order_by(column.asc(nulls_last=empty), "-pk")

    def beyond(self, model: type[models.Model], value: Any, key: Any) -> Q:
        """Return what lies behind a row in this order."""
        if self.by_key:
            return Q(pk__lt=key) if self.descending else Q(pk__gt=key)
        further = Q(pk__gt=key) if self.descending else Q(pk__lt=key)
        name, is_nullable = self.column, _is_nullable(model, self.column)
        if value is None:
            same = Q(**{f"{name}__isnull": True}) & further
            return same | Q(**{f"{name}__isnull": False}) if self.descending else same
        way = "lt" if self.descending else "gt"
        # The first condition alone bounds the range of an index.
        found = Q(**{f"{name}__{way}e": value}) & (Q(**{f"{name}__{way}": value}) | further)
        empty_last = is_nullable and not self.descending
        return found | Q(**{f"{name}__isnull": True}) if empty_last else found


def _is_nullable(model: type[models.Model], name: str) -> bool:
    try:
        return bool(getattr(model._meta.get_field(name), "null", False))  # noqa: SLF001
    except FieldDoesNotExist:
        return False


@dataclass(frozen=True)
class Cursor:
    """The row beside which a piece begins, and whether it lies before that row."""

    order: str
    value: Any
    key: str
    backwards: bool = False

    @classmethod
    def at(cls, order: Order, row: models.Model, *, backwards: bool) -> "Cursor":
        value = None if order.by_key else getattr(row, order.column)
        return cls(str(order), _plain(value), str(row.pk), backwards)

    def text(self) -> str:
        parts = [self.order, self.value, self.key, int(self.backwards)]
        packed = json.dumps(parts, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        try:
            packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            order, value, key, backwards = json.loads(packed)
            known = isinstance(order, str) and isinstance(value, str | int | float | bool | None)
            found = cls(order, value, str(key), bool(backwards))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise _worthless() from None
        if not known or len(text) > LONGEST_CURSOR:
            raise _worthless()
        return found


def _worthless() -> Unreadable:
    return Unreadable(
        "cursor: it is not one that this list gave. Take it from `next` or `previous`, "
        "and keep the order.", field="cursor",
    )  # fmt: skip


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, str | int | float | None) else str(value)


@dataclass(frozen=True)
class Page:
    """Some rows in order, and where the pieces beside them begin."""

    rows: list[Any]
    next: str = ""
    previous: str = ""


@dataclass(frozen=True)
class Wish:
    """How much of a list, in which order, from where."""

    order: Order
    limit: int = USUAL
    cursor: Cursor | None = None
    counts: bool = False


def wish_of(query: Mapping[str, str], orders: Sequence[str]) -> Wish:
    text = query.get("order", "") or orders[0]
    if text.removeprefix("-") not in {each.removeprefix("-") for each in orders}:
        names = ", ".join(sorted({each.removeprefix("-") for each in orders}))
        raise Unreadable(f"order: write one of {names}, or -… for the other way.", field="order")
    cursor = Cursor.read(query["cursor"]) if query.get("cursor") else None
    if cursor and cursor.order != text:
        raise _worthless()
    counts = query.get("count", "false").lower()
    if counts not in {"true", "1", "false", "0"}:
        raise Unreadable("count: write true or false.", field="count")
    return Wish(Order.read(text), limit_of(query.get("limit", "")), cursor, counts in {"true", "1"})


def limit_of(text: str) -> int:
    if not text:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MOST):  # noqa: PLR2004
        raise Unreadable(f"limit: write a whole number from 1 to {MOST}.", field="limit")
    return int(text)


def moment_of(cursor: Cursor) -> datetime:
    """Return the instant that a cursor holds."""
    try:
        found = datetime.fromisoformat(str(cursor.value))
    except ValueError:
        raise _worthless() from None
    if found.tzinfo is None:
        raise _worthless()
    return found


def page_of(rows: Rows, wish: Wish) -> Page:
    cursor, order = wish.cursor, wish.order
    is_back = cursor is not None and cursor.backwards
    way = order.turned() if is_back else order
    if cursor:
        value, key = _values(rows.model, order, cursor)
        rows = rows.filter(way.beyond(rows.model, value, key))
    found = list(way.sorted(rows)[: wish.limit + 1])
    has_more, shown = len(found) > wish.limit, found[: wish.limit]
    if is_back:
        shown.reverse()
    has_next, has_previous = (True, has_more) if is_back else (has_more, cursor is not None)
    return Page(
        shown,
        Cursor.at(order, shown[-1], backwards=False).text() if shown and has_next else "",
        Cursor.at(order, shown[0], backwards=True).text() if shown and has_previous else "",
    )


def _values(model: type[models.Model], order: Order, cursor: Cursor) -> tuple[Any, Any]:
    try:
        key = model._meta.pk.to_python(cursor.key)  # noqa: SLF001
        if order.by_key or cursor.value is None:
            return None, key
        return model._meta.get_field(order.column).to_python(cursor.value), key  # type: ignore[union-attr]  # noqa: SLF001
    except (ValidationError, ValueError, TypeError, OverflowError):
        raise _worthless() from None


def pieces(rows: Rows, order: Order) -> Iterator[list[Any]]:
    """Yield all rows in order, a piece at a time, however many there are."""
    wish = Wish(order, PIECE)
    while True:
        page = page_of(rows, wish)
        yield page.rows
        if not page.next:
            return
        wish = replace(wish, cursor=Cursor.read(page.next))
