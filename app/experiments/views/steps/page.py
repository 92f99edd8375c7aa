"""A page of items."""

from typing import Any

from experiments import forms
from experiments.definition.arrangement import arranged
from experiments.definition.items import Item
from experiments.services import sittings
from experiments.views.steps.kind import Again, Kind, Shown


def items_of(shown: Shown) -> list[Item]:
    """Return the items of a step's page in the order of this run and showing."""
    protocol, visit = shown.turn.sitting.revision.read, shown.turn.visit
    page = protocol.pages.get(shown.step.page)
    return arranged(
        protocol.items_of(shown.step.page),
        seed=shown.turn.sitting.run.seed,
        position=visit.position,
        is_random=page is not None and page.order == "random",
    )


def show(shown: Shown) -> dict[str, Any]:
    return {"fields": forms.fields_of(items_of(shown))}


def take(shown: Shown) -> Again | None:
    sent = shown.request.POST
    fields = forms.read(items_of(shown), sent)
    faults = [each for each in fields if each.error]
    if faults:
        return Again({"fields": fields, "faults": faults})
    answers = forms.answers_of(fields)
    sittings.answer(turn=shown.turn, answers=answers, leave="leave" in sent)
    return None


KIND = Kind("page", show, take)
