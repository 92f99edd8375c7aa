"""What a kind of step brings along: its template, what that needs, and how it is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from experiments.definition.steps import Step
from experiments.services.sittings import Turn


@dataclass(frozen=True)
class Shown:
    """One showing of a step to one browser."""

    request: HttpRequest
    turn: Turn
    step: Step

    @property
    def key(self) -> str:
        """Return the run's key, which stands in the address and nowhere else."""
        match = self.request.resolver_match
        return str(match.kwargs["key"]) if match else ""


@dataclass(frozen=True)
class Again:
    """The step is shown again, with what is to be corrected; or ``offer`` goes to the next one."""

    context: dict[str, Any] = field(default_factory=dict)
    status: int = 422
    offer: str = ""


@dataclass(frozen=True)
class Kind:
    """``take`` stores what came and goes on; or it says what the step is shown again with."""

    template: str
    show: Callable[[Shown], dict[str, Any]]
    take: Callable[[Shown], Again | None]
    policy: Mapping[str, list[str]] = field(default_factory=dict)  # what its pages may load besides
