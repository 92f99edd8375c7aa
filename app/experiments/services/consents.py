"""Consent as evidence: the words, each tick, the time; and a copy of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from experiments.definition.steps import Step
from experiments.services import sittings
from experiments.services.sittings import Turn
from runs.models import Consent, ConsentText, Run
from runs.rows import digest
from runs.services import forms, identities


@dataclass(frozen=True)
class Said:
    """What was answered to a consent: to the whole, and to each of its choices."""

    agreed: bool
    ticked: Mapping[str, bool]
    signed: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_short(self) -> str:
        words = [name for name, is_ticked in self.ticked.items() if is_ticked]
        return " ".join(["agree", *sorted(words)]) if self.agreed else "decline"


@transaction.atomic
def answer(*, turn: Turn, said: Said) -> None:
    """Keep what was answered, word for word; who declines is through.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended; nothing is stored.
    """
    step, run = sittings.step_at_visit(turn.sitting, turn.visit), turn.sitting.run
    if run.participant is None:
        raise RuntimeError(f"{run} has no participant who could agree.")
    forms.submit(visit=turn.visit, holder=turn.holder, answers=[], choice=said.in_short,
                 started_at=turn.started_at)  # fmt: skip
    choices = dict(said.ticked) if said.agreed else {}
    record, _ = Consent.objects.get_or_create(
        run=run,
        text=text_of(step),
        defaults={"participant": run.participant, "agreed": said.agreed, "choices": choices},
    )
    if record.agreed and not turn.visit.submitted_at:
        identities.know(participant=run.participant, facts=said.signed)
    if record.agreed:
        sittings.go_on(turn=turn)
    else:
        sittings.end(sitting=turn.sitting, status=Run.Status.DECLINED)


def text_of(step: Step) -> ConsentText:
    """Return the very words of a step, kept once however many agree to them."""
    words = {
        "title": step.title,
        "version": step.consent.version,
        "text": step.text,
        "choices": [
            {"name": tick.name, "text": tick.text, "required": tick.is_required}
            for tick in step.consent.ticks
        ],
    }
    key = digest(json.dumps(words, sort_keys=True, separators=(",", ":")))
    text, _ = ConsentText.objects.get_or_create(digest=key, defaults=words)
    return text


@dataclass(frozen=True)
class Copy:
    """One consent as its participant may keep it."""

    consent: Consent
    choices: Sequence[tuple[str, bool]]


def copies(run: Run) -> list[Copy]:
    """Return what was answered to each text of a run, the first one first."""
    rows = Consent.objects.filter(run=run).select_related("text").order_by("at", "pk")
    return [
        Copy(
            row, [(each["text"], bool(row.choices.get(each["name"]))) for each in row.text.choices]
        )
        for row in rows
    ]
