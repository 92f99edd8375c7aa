"""A text to agree to, with ticks of their own for what can be agreed to apart from it."""

from dataclasses import dataclass
from typing import Any

from experiments.definition.people import Tick
from experiments.services import consents
from experiments.services.consents import Said
from experiments.views.steps.kind import Again, Kind, Shown

NOT_TICKED = "You can take part only if you agree to this. If you do not, choose the other button."


@dataclass(frozen=True)
class Box:
    """One tick as it is shown: never ticked beforehand."""

    tick: Tick
    is_ticked: bool = False
    error: str = ""

    @property
    def name(self) -> str:
        return f"choice-{self.tick.name}"

    @property
    def item(self) -> Tick:
        """Stand in the list of faults beside the items of other pages."""
        return self.tick


def show(shown: Shown) -> dict[str, Any]:
    return {"boxes": [Box(tick) for tick in shown.step.consent.ticks]}


def take(shown: Shown) -> Again | None:
    agreed = "agree" in shown.request.POST
    if not agreed and "decline" not in shown.request.POST:
        return Again(show(shown))  # neither button: nobody has said anything
    boxes = [_box(tick, shown, agreed=agreed) for tick in shown.step.consent.ticks]
    faults = [box for box in boxes if box.error]
    if faults:
        return Again({"boxes": boxes, "faults": faults})
    ticked = {box.tick.name: box.is_ticked for box in boxes}
    consents.answer(turn=shown.turn, said=Said(agreed, ticked))
    return None


def _box(tick: Tick, shown: Shown, *, agreed: bool) -> Box:
    is_ticked = f"choice-{tick.name}" in shown.request.POST
    missing = agreed and tick.is_required and not is_ticked
    return Box(tick, is_ticked, NOT_TICKED if missing else "")


KIND = Kind("consent", show, take)
