"""What the home page shows: what needs the person, and what each area has to tell.

An area's ``AppConfig`` says it by an attribute ``home``: a function of the request that returns a
`Share`. It costs a known number of queries, whatever there is to show.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.http import HttpRequest

TONES = ("harm", "warning", "neutral")  # in the order in which they are shown


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing that waits for the person, and where they see to it."""

    title: str
    url: str
    verb: str
    detail: str = ""
    tone: str = "warning"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of the page: a template that shows `facts`, as ``panel``."""

    template: str
    facts: Any
    beside: bool = False


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one area has for the person."""

    needs: list[Need] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)


@dataclass(frozen=True)
class Home:
    """The parts of all areas, in the order of INSTALLED_APPS; the gravest need is first."""

    needs: list[Need]
    main: list[Panel]
    beside: list[Panel]


def of(request: HttpRequest) -> Home:
    shares = list(_shares(request))
    needs = [need for share in shares for need in share.needs]
    panels = [panel for share in shares for panel in share.panels]
    return Home(
        sorted(needs, key=lambda need: TONES.index(need.tone)),
        [panel for panel in panels if not panel.beside],
        [panel for panel in panels if panel.beside],
    )


def _shares(request: HttpRequest) -> Iterable[Share]:
    sources = (getattr(config, "home", None) for config in apps.get_app_configs())
    return (source(request) for source in sources if source)
