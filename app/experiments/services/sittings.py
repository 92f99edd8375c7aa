"""Taking part: beginning, being shown the next step, answering it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from experiments import flow
from experiments.definition.protocol import steps_of
from experiments.definition.steps import Step
from experiments.errors import LinkUsed
from experiments.models import Link, Sitting
from experiments.models.sittings import stored
from experiments.services import moves
from experiments.services.links import revision_of
from runs.models import Participant, Run, Visit
from runs.rows import digest
from runs.services import forms, runs
from runs.services.forms import Given
from runs.services.runs import Begun, Design

Pending = Sitting.Pending


@transaction.atomic
def begin(
    *,
    link: Link,
    external: Mapping[str, Any] | None = None,
    participant: Participant | None = None,
    pk: uuid.UUID | None = None,
    key: str = "",
) -> Begun:
    """Begin a run by a link; of two who use the last of its uses, one begins.

    `entries.enter` decides whether one begins at all.

    Raises
    ------
    LinkUsed, NothingPublished
        The link cannot be used; nothing was begun.
    """
    if not Link.objects.not_used_up().filter(pk=link.pk).update(uses=F("uses") + 1):
        raise LinkUsed
    revision = revision_of(link)
    begun = runs.begin(
        project=link.project,
        design=Design(Run.Source.PROTOCOL, revision.digest, str(revision)),
        participant=link.participant or participant,
        external=external,
        is_pilot=link.kind == Link.Kind.PREVIEW,
        pk=pk,
        key=key,
    )
    first = flow.first(revision.read.flow)
    sitting = Sitting.objects.create(
        run=begun.run, revision=revision, link=link, place=stored(first), pending=Pending.HERE
    )
    runs.start(run=begun.run)
    if not revision.read.asks_on_the_way:
        moves.go(sitting, first)
    return begun


def sitting_of(key: str) -> Sitting | None:
    """Return the sitting that a run's key opens, with all that a page of it needs, in one query.

    A run from before links to withdraw gets its own with the next page, whichever that is.
    """
    rows = Sitting.objects.select_related("run__participant", "revision__protocol__project", "link")
    rows = rows.defer("revision__words", "revision__protocol__draft")
    found: Sitting | None = rows.filter(run__key_digest=digest(key)).first()
    if found:
        runs.give_way_out(run=found.run, key=key)
    return found


def leave_label(sitting: Sitting) -> str:
    """Return what the button says that leaves the innermost block; empty where there is none."""
    place = sitting.at
    if place is None or not place.passes:
        return ""
    return flow.blocks_on(sitting.revision.read.flow, place)[-1].leave_label


@dataclass(frozen=True)
class Turn:
    """A page that came back: of which run, which showing, from which browser, begun when."""

    sitting: Sitting
    visit: Visit
    holder: str
    started_at: datetime | None = None


@transaction.atomic
def answer(
    *, turn: Turn, answers: Sequence[Given], leave: bool = False, also: Sequence[Given] = ()
) -> None:
    """Store the answers of a page and go on; those of a page before are kept, and nothing moves.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended; nothing is stored.
    """
    forms.submit(visit=turn.visit, holder=turn.holder, answers=answers, also=also,
                 started_at=turn.started_at)  # fmt: skip
    _go_on(turn, leave=leave)


@transaction.atomic
def go_on(*, turn: Turn, leave: bool = False) -> None:
    """Go on behind a step whose answer a service of its own has stored."""
    _go_on(turn, leave=leave)


def end(*, sitting: Sitting, status: str) -> None:
    """End the run at a step that says so."""
    moves.end(sitting, status)


def step_at_visit(sitting: Sitting, visit: Visit) -> Step:
    """Return the step of a visit, which may be one before the place where the run is."""
    named = {step.name: step for _, step in steps_of(sitting.revision.read.flow)}
    return named[visit.step]


def _go_on(turn: Turn, *, leave: bool = False) -> None:
    """Move, or note down that the run is to move where a lab's functions are asked first."""
    sitting = turn.sitting
    place = sitting.at
    if place is None or turn.visit.position != sitting.position:
        return  # a page from before: its answers are kept, and nothing moves
    if sitting.revision.read.asks_on_the_way:
        here = Sitting.objects.filter(pk=sitting.pk, position=sitting.position, pending="")
        here.update(pending=Pending.LEAVE if leave else Pending.ON)
    else:
        moves.go(sitting, (flow.leave if leave else flow.after)(sitting.revision.read.flow, place))
