"""The areas of the site: what the rail, the home page and the search show, and to whom.

An area's ``AppConfig`` describes it by an attribute ``area``. The order is that of INSTALLED_APPS.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse

Person = Any  # the signed-in user or AnonymousUser: this package knows no user model
PHONE_PLACES = 4


def everybody(_person: Person) -> bool:
    return True


def signed_in(person: Person) -> bool:
    return bool(person.is_authenticated)


def operators(person: Person) -> bool:
    return bool(person.is_active and person.is_staff)


def nothing_waits(_person: Person) -> int:
    return 0


@dataclass(frozen=True)
class Area:
    """One part of the site; `count` says how many things there need the person."""

    name: str  # the URL namespace of its pages
    label: str
    icon: str
    url_name: str
    description: str
    visible_to: Callable[[Person], bool] = signed_in
    count: Callable[[Person], int] = nothing_waits
    phone_rank: int = 50  # the four lowest have a place in the phone's bar
    apart: frozenset[str] = frozenset()  # pages of its namespace that are not of the area


@dataclass(frozen=True)
class Entry:
    """An area as one person sees it on one page."""

    area: Area
    url: str
    waiting: int
    is_current: bool
    on_phone: bool


def all_areas() -> Iterator[Area]:
    for config in apps.get_app_configs():
        area = getattr(config, "area", None)
        if isinstance(area, Area):
            yield area


def visible_areas(person: Person) -> list[Area]:
    return [area for area in all_areas() if area.visible_to(person)]


def entries(request: HttpRequest) -> list[Entry]:
    """Return the areas that the person of this request may see. Costs each area's count."""
    match = request.resolver_match
    current = match.namespaces[0] if match and match.namespaces else ""
    page = match.url_name if match else ""
    visible = visible_areas(request.user)
    on_phone = sorted(visible, key=lambda area: area.phone_rank)[:PHONE_PLACES]
    return [
        Entry(
            area,
            url=reverse(area.url_name),
            waiting=area.count(request.user),
            is_current=area.name == current and page not in area.apart,
            on_phone=area in on_phone,
        )
        for area in visible
    ]
