"""Lists that an address describes whole: sorted, with chosen columns, page by page, as CSV.

``?sort=-joined`` sorts, ``?columns=role&columns=email`` chooses, ``?after=`` goes on after a row.
Pages are cut by the row that they end with (keyset), so that nothing is shown twice or left out
when rows come and go, and the last page costs what the first does.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, QueryDict, StreamingHttpResponse

from common import spreadsheets
from common.errors import Invalid

PAGE = 50
CSV_MOST = 50_000
BIGGEST = 2**63 - 1
SORTED_BY = "sorted_by"  # the name under which a row carries what it is sorted by


class StaleLink(Invalid):
    title = "This page of the list cannot be found"
    message = "The address names a row in a way that this list does not understand."
    remedy = "Begin again at the first page of the list."


def text(given: str) -> str:
    """Read words of an address as a database can compare them."""
    if "\0" in given:
        raise ValueError(given)
    return given


def number(text: str) -> int:
    """Read a number of an address that a database can hold."""
    found = int(text)
    if abs(found) > BIGGEST:
        raise ValueError(text)
    return found


def moment(text: str) -> datetime:
    """Read an instant of an address; one without a zone is none."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: how it is called, sorted by and written into a table of values."""

    name: str
    label: str
    value: Callable[[Any], Any]
    order: Combinable | str = ""  # nothing: the list cannot be sorted by it
    read: Callable[[str], Any] = text  # of what it is sorted by, from an address
    is_number: bool = False
    is_fixed: bool = False  # always shown
    is_shown: bool = True  # unless somebody chooses


@dataclass(frozen=True)
class Table:
    """The columns of a list; it is sorted by the first unless somebody chooses."""

    columns: Sequence[Column]

    def without(self, *names: str) -> Self:
        return type(self)([column for column in self.columns if column.name not in names])


@dataclass(frozen=True)
class Chip:
    """One value of a filter, as a link to the list that it leads to."""

    label: str
    url: str
    is_on: bool
    count: int | None = None


@dataclass(frozen=True)
class Wish:
    """What an address asks of a list, and the addresses that differ from it in one thing."""

    table: Table
    path: str
    query: QueryDict

    @property
    def column(self) -> Column:
        """Return the column to sort by."""
        wanted = self.query.get("sort", "").removeprefix("-")
        sortable = [column for column in self.table.columns if column.order]
        return next((column for column in sortable if column.name == wanted), sortable[0])

    @property
    def is_descending(self) -> bool:
        return self.query.get("sort", "") == f"-{self.column.name}"

    @property
    def after(self) -> str:
        return self.query.get("after", "")

    def shows(self, column: Column) -> bool:
        if column.is_fixed:
            return True
        chosen = self.query.getlist("columns")
        return column.name in chosen if chosen else column.is_shown

    def but(self, **changed: str) -> str:
        """Return this address with some things changed, from the first page unless told."""
        query = self.query.copy()
        for name, value in ({"after": ""} | changed).items():
            query.pop(name, None)
            if value:
                query[name] = value
        return f"{self.path}?{query.urlencode()}" if query else self.path

    def chip(self, label: str, count: int | None = None, **filters: str) -> Chip:
        is_on = all(self.query.get(name, "") == value for name, value in filters.items())
        return Chip(label, self.but(**filters), is_on, count)


@dataclass(frozen=True)
class Head:
    """One column as the page shows it."""

    column: Column
    is_shown: bool
    direction: str  # ascending, descending or nothing
    sort_url: str


@dataclass(frozen=True)
class Listing:
    """One page of a list."""

    rows: list[Any]
    total: int
    wish: Wish
    next_after: str

    @property
    def heads(self) -> list[Head]:
        return [_head(self.wish, column) for column in self.wish.table.columns]

    @property
    def shows(self) -> dict[str, bool]:
        return {head.column.name: True for head in self.heads if head.is_shown}

    @property
    def first_url(self) -> str:
        """Return where the list begins; nothing when it begins here."""
        return self.wish.but() if self.wish.after else ""

    @property
    def next_url(self) -> str:
        return self.wish.but(after=self.next_after) if self.next_after else ""

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return what a form that changes the view has to send along: the filters."""
        query = self.wish.query
        names = [name for name in query if name not in {"sort", "columns", "after"}]
        return [(name, value) for name in names for value in query.getlist(name)]

    @property
    def query(self) -> str:
        """Return the address's own words, for the same list as CSV or from the API."""
        return self.wish.but().partition("?")[2]


def _head(wish: Wish, column: Column) -> Head:
    is_sorted, is_descending = column == wish.column, wish.is_descending
    turned = f"-{column.name}" if is_sorted and not is_descending else column.name
    return Head(
        column,
        wish.shows(column),
        ("descending" if is_descending else "ascending") if is_sorted else "",
        wish.but(sort=turned) if column.order else "",
    )


def wish_of(request: HttpRequest, table: Table, path: str = "") -> Wish:
    return Wish(table, path or request.path, request.GET)


def page(rows: "QuerySet[Any]", wish: Wish, *, size: int = PAGE) -> Listing:
    """Return the page that `wish` asks for. Costs two queries."""
    total = rows.count()
    ordered = in_order(rows, wish)
    if wish.after:
        ordered = ordered.filter(_beyond(wish))
    found = list(ordered[: size + 1])
    shown = found[:size]
    return Listing(shown, total, wish, _cursor(shown[-1]) if len(found) > size else "")


def in_order(rows: "QuerySet[Any]", wish: Wish) -> "QuerySet[Any]":
    """Sort by the column that is asked for, and by the key where it leaves rows equal."""
    by = wish.column.order
    sign = "-" if wish.is_descending else ""
    marked: QuerySet[Any] = rows.annotate(**{SORTED_BY: F(by) if isinstance(by, str) else by})
    return marked.order_by(f"{sign}{SORTED_BY}", f"{sign}pk")


def _beyond(wish: Wish) -> Q:
    words, _, key = wish.after.rpartition("~")
    try:
        value, pk = wish.column.read(words), number(key)
    except ValueError:
        raise StaleLink from None
    side = "lt" if wish.is_descending else "gt"
    return Q(**{f"{SORTED_BY}__{side}": value}) | Q(**{SORTED_BY: value, f"pk__{side}": pk})


def _cursor(row: Any) -> str:
    value = getattr(row, SORTED_BY)
    return f"{value.isoformat() if isinstance(value, datetime) else value}~{row.pk}"


def as_csv(rows: "QuerySet[Any]", wish: Wish, *, name: str) -> StreamingHttpResponse:
    """Send all rows in the order of the list, every column, line by line."""
    lines = _lines(in_order(rows, wish)[:CSV_MOST], wish.table)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


class _Echo:
    """A file that hands each line straight on."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: "QuerySet[Any]", table: Table) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow([column.name for column in table.columns])
    for row in rows.iterator(chunk_size=500):
        yield writer.writerow([_cell(column.value(row)) for column in table.columns])


def _cell(value: Any) -> str:
    is_moment = isinstance(value, datetime)
    return spreadsheets.cell(value.isoformat(timespec="seconds") if is_moment else value)
