"""A text to agree to, with ticks of their own for what can be agreed to apart from it."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from experiments import identity_forms
from experiments.definition.people import Ask, Tick
from experiments.services import consents, papers
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
    signature = identity_forms.fields_of(_signature(shown))
    return {"boxes": [Box(tick) for tick in shown.step.consent.ticks], "who": signature}


def _signature(shown: Shown) -> list[Ask]:
    label = shown.step.consent.signature
    return [Ask("signature", label, is_required=True)] if label else []


def take(shown: Shown) -> Again | None:
    agreed = "agree" in shown.request.POST
    if not agreed and "decline" not in shown.request.POST:
        return Again(show(shown))  # neither button: nobody has said anything
    boxes = [_box(tick, shown, agreed=agreed) for tick in shown.step.consent.ticks]
    asks = _signature(shown) if agreed else []
    who = identity_forms.read(asks, shown.request.POST, today=localdate())
    faults = [box for box in boxes if box.error], [each for each in who if each.error]
    if any(faults):
        return Again({"boxes": boxes, "who": who, "faults": [*faults[0], *faults[1]]})
    ticked = {box.tick.name: box.is_ticked for box in boxes}
    _store(shown, Said(agreed, ticked, {each.ask.name: each.value for each in who}))
    return None


@transaction.atomic
def _store(shown: Shown, said: Said) -> None:
    consents.answer(turn=shown.turn, said=said)
    if said.agreed and not shown.turn.visit.submitted_at:
        papers.mail_consent(sitting=shown.turn.sitting, key=shown.key)


def _box(tick: Tick, shown: Shown, *, agreed: bool) -> Box:
    is_ticked = f"choice-{tick.name}" in shown.request.POST
    missing = agreed and tick.is_required and not is_ticked
    return Box(tick, is_ticked, NOT_TICKED if missing else "")


KIND = Kind("consent", show, take)
