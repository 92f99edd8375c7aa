"""Search over what the person may see: each area brings its own provider.

An area's ``AppConfig`` names it by an attribute ``search``: a function of person and text that
returns hits, at most `LIMIT`, of objects that this person may see.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from django.apps import apps
from django.urls import reverse

from common.areas import Person, visible_areas

LIMIT = 20
SHORTEST = 2


@dataclass(frozen=True)
class Hit:
    """One thing that was found."""

    title: str
    url: str
    detail: str = ""
    icon: str = "search"


@dataclass(frozen=True)
class Group:
    """What one provider found."""

    label: str
    hits: list[Hit]


@dataclass(frozen=True)
class Provider:
    """Where to look for one kind of thing."""

    label: str
    find: Callable[[Person, str], Sequence[Hit]]


def providers() -> list[Provider]:
    """Return the providers of every area, in the order of INSTALLED_APPS."""
    declared = (getattr(config, "search", ()) for config in apps.get_app_configs())
    return [provider for group in declared for provider in group]


def find(person: Person, text: str) -> list[Group]:
    """Return what the person may see and `text` names, by kind; nothing for too short a text."""
    if len(text) < SHORTEST:
        return []
    groups = [Group("Areas", _areas(person, text))]
    groups += [
        Group(provider.label, list(islice(provider.find(person, text), LIMIT)))
        for provider in providers()
    ]
    return [group for group in groups if group.hits]


def _areas(person: Person, text: str) -> list[Hit]:
    words = text.casefold()
    return [
        Hit(area.label, reverse(area.url_name), area.description, area.icon)
        for area in visible_areas(person)
        if words in f"{area.label} {area.description}".casefold()
    ]
