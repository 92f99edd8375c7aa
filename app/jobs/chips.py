"""The filters of the list as links: each reproduces the view that it leads to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from jobs import registry
from jobs.models import Status
from jobs.queries import Filters, Tally

ALL_AND_ONE = 2  # with one kind there is nothing to choose


@dataclass(frozen=True)
class Chip:
    """One value of a filter."""

    label: str
    query: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True)
class Group:
    """One filter with its values."""

    label: str
    chips: list[Chip]


def chips(query: QueryDict, filters: Filters, tallies: Sequence[Tally]) -> list[Group]:
    """Return the filters that divide anything; the counts of each respect the other ones."""
    if not tallies and filters == Filters():
        return []
    kinds = _kinds(query, filters, tallies)
    several = len(kinds.chips) > ALL_AND_ONE or bool(filters.name)
    return [_states(query, filters, tallies), _whose(query, filters)] + [kinds] * several


def total(filters: Filters, tallies: Sequence[Tally]) -> int:
    """Return how many jobs there are like those that were asked for."""
    return sum(
        tally.count
        for tally in tallies
        if filters.name in {"", tally.name} and filters.status in {"", tally.status}
    )


def _states(query: QueryDict, filters: Filters, tallies: Sequence[Tally]) -> Group:
    numbers: Counter[str] = Counter()
    for tally in tallies:
        if filters.name in {"", tally.name}:
            numbers.update({tally.status: tally.count, "": tally.count})
    values = [("", "All"), *Status.choices]
    return Group("State", _chips(query, "status", filters.status, values, numbers))


def _whose(query: QueryDict, filters: Filters) -> Group:
    values = [("", "Everybody's"), ("me", "Mine")]
    return Group("Whose", _chips(query, "whose", "me" if filters.mine else "", values))


def _kinds(query: QueryDict, filters: Filters, tallies: Sequence[Tally]) -> Group:
    numbers: Counter[str] = Counter()
    for tally in tallies:
        here = tally.count if filters.status in {"", tally.status} else 0
        numbers.update({tally.name: here, "": here})
    names = {tally.name for tally in tallies} | {filters.name} - {""}
    values = sorted(((name, _label(name)) for name in names), key=lambda pair: pair[1])
    return Group("Kind", _chips(query, "name", filters.name, [("", "All kinds"), *values], numbers))


def _label(name: str) -> str:
    return registry.get(name).label if name in registry.names() else name


def _chips(
    query: QueryDict,
    field: str,
    current: str,
    values: Sequence[tuple[str, str]],
    counts: Counter[str] | None = None,
) -> list[Chip]:
    return [
        Chip(
            label=label,
            query=_with(query, field, value),
            is_current=current == value,
            count=None if counts is None else counts[value],
        )
        for value, label in values
    ]


def _with(query: QueryDict, field: str, value: str) -> str:
    wanted = query.copy()
    for name in (field, "after"):
        wanted.pop(name, None)
    if value:
        wanted[field] = value
    return wanted.urlencode()
