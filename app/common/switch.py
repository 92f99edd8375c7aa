"""The project switch of the top line: one area says which projects a person has.

An area's ``AppConfig`` names them by an attribute ``projects``: a function of the request that
returns the person's choices. Without one, or without projects, no switch is shown.
"""

from dataclasses import dataclass

from django.apps import apps
from django.http import HttpRequest


@dataclass(frozen=True)
class Choice:
    """A project to go to."""

    label: str
    url: str
    detail: str = ""
    is_current: bool = False


@dataclass(frozen=True)
class Switch:
    """The projects of a person, and the one that this page belongs to."""

    choices: list[Choice]

    @property
    def current(self) -> Choice | None:
        return next((choice for choice in self.choices if choice.is_current), None)


def of(request: HttpRequest) -> Switch:
    if not request.user.is_authenticated:
        return Switch([])
    sources = (getattr(config, "projects", None) for config in apps.get_app_configs())
    return Switch([choice for source in sources if source for choice in source(request)])
