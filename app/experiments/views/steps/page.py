"""A page of items."""

from typing import Any

from experiments import forms
from experiments.definition.items import Item
from experiments.services import sittings
from experiments.views.steps.kind import Again, Kind, Shown


def items_of(shown: Shown) -> list[Item]:
    return shown.turn.sitting.revision.read.items_of(shown.step.page)


def show(shown: Shown) -> dict[str, Any]:
    return {"fields": forms.fields_of(items_of(shown))}


def take(shown: Shown) -> Again | None:
    sent = shown.request.POST
    fields = forms.read(items_of(shown), sent)
    faults = [each for each in fields if each.error]
    if faults:
        return Again({"fields": fields, "faults": faults})
    answers = [each.given for each in fields if each.given]
    sittings.answer(turn=shown.turn, answers=answers, leave="leave" in sent)
    return None


KIND = Kind("page", show, take)
