"""A page of items."""

from typing import Any

from experiments import forms
from experiments.definition.arrangement import arranged
from experiments.definition.items import FILES, Item
from experiments.services import recording, sittings
from experiments.views.steps.kind import Again, Kind, Shown
from experiments.views.uploads import allowed_by
from runs.errors import NotThisFile
from runs.services import uploads


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


def read(shown: Shown) -> list[forms.Field]:
    """Return what was sent for the items of a page, files too, whichever way they came."""
    items, language = items_of(shown), shown.turn.sitting.revision.read.language
    asked = [item for item in items if item.kind in FILES]
    if not asked:
        return forms.read(items, shown.request.POST, language=language)
    sent, wrong = shown.request.POST.copy(), {}
    for item in asked:
        name = f"item-{item.name}"
        if whole := shown.request.FILES.get(name):
            try:
                sent[name] = _kept(shown, item, whole)
            except NotThisFile as refusal:
                wrong[item.name] = refusal.message
    fields = forms.read(items, sent, uploads.complete(shown.turn.visit), language=language)
    for each in fields:
        each.error = wrong.get(each.item.name, each.error)
    return fields


def _kept(shown: Shown, item: Item, whole: Any) -> str:
    sender = uploads.Sender(shown.turn.visit, shown.turn.holder, allowed_by(item))
    return str(uploads.take(sender=sender, name=whole.name, file=whole.file).pk)


def take(shown: Shown) -> Again | None:
    sent = shown.request.POST
    fields = read(shown)
    faults = [each for each in fields if each.error]
    if faults:
        return Again({"fields": fields, "faults": faults})
    answers = forms.answers_of(fields)
    judged = recording.judged(turn=shown.turn, step=shown.step, answers=answers)
    if judged.refused:
        return Again({"fields": fields, "said": judged.refused})
    sittings.answer(turn=shown.turn, answers=answers, leave="leave" in sent, also=judged.also)
    return None


KIND = Kind("page", show, take)
