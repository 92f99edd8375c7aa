"""A text to agree to."""

from typing import Any

from experiments.services import sittings
from experiments.views.steps.kind import Again, Kind, Shown


def show(_shown: Shown) -> dict[str, Any]:
    return {}


def take(shown: Shown) -> Again | None:
    sittings.consent(turn=shown.turn, agreed="agree" in shown.request.POST)
    return None


KIND = Kind("consent", show, take)
