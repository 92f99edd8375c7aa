"""Who somebody is, with items beside it; and, as a step of its own, an address to write to."""

from typing import Any

from experiments import forms, identity_forms
from experiments.services import registering
from experiments.views.steps import page
from experiments.views.steps.kind import Again, Kind, Shown


def show(shown: Shown) -> dict[str, Any]:
    who = identity_forms.fields_of(shown.step.identity.asks)
    return {"who": who, "fields": forms.fields_of(page.items_of(shown))}


def take(shown: Shown) -> Again | None:
    sent, words = shown.request.POST, shown.step.identity
    today = registering.day_of(shown.turn.sitting.run)
    who = identity_forms.read(words.asks, sent, today=today)
    fields = page.read(shown)
    faults = [each for each in who if each.error], [each for each in fields if each.error]
    if any(faults):
        return Again({"who": who, "fields": fields, "faults": [*faults[0], *faults[1]]})
    registering.register(
        turn=shown.turn,
        facts={each.ask.name: each.value for each in who},
        answers=forms.answers_of(fields),
        age_as=words.age_as,
        key=shown.key,
    )
    return None


KIND = Kind("registration", show, take)
