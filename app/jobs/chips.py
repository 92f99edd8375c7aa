"""The filters of the list as links: each reproduces the view that it leads to."""

from dataclasses import dataclass

from django.http import QueryDict

from jobs import registry
from jobs.models import Status
from jobs.queries import Filters


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


def chips(query: QueryDict, filters: Filters, counts: dict[str, int]) -> list[Group]:
    numbers = counts | {"": sum(counts.values())}
    states = [
        _chip(
            query, "status", filters.status, value=value, label=label, count=numbers.get(value, 0)
        )
        for value, label in [("", "All"), *Status.choices]
    ]
    whose = [
        _chip(query, "whose", "me" if filters.mine else "", value=value, label=label)
        for value, label in [("", "Everybody's"), ("me", "Mine")]
    ]
    kinds = [
        _chip(query, "name", filters.name, value=value, label=label)
        for value, label in [("", "All kinds"), *_tasks()]
    ]
    return [Group("State", states), Group("Whose", whose), Group("Kind", kinds)]


def _tasks() -> list[tuple[str, str]]:
    tasks = [registry.get(name) for name in registry.names()]
    return sorted(((task.name, task.label) for task in tasks), key=lambda pair: pair[1])


def _chip(  # noqa: PLR0913  three of them are named where it is called
    query: QueryDict, field: str, current: str, *, value: str, label: str, count: int | None = None
) -> Chip:
    wanted = query.copy()
    for name in (field, "after"):
        wanted.pop(name, None)
    if value:
        wanted[field] = value
    return Chip(label, wanted.urlencode(), current == value, count)
