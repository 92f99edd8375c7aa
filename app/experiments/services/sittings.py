"""Taking part: beginning, being shown the next step, answering it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from experiments import flow
from experiments.conditions import holds, names_in
from experiments.definition.protocol import parts_of, steps_of
from experiments.definition.steps import Part, Step
from experiments.errors import LinkUsed
from experiments.models import Link, Sitting
from experiments.models.sittings import stored
from experiments.queries.groups import has_lost_its_group
from experiments.services.links import revision_of
from runs.models import Answer, Participant, Run, Visit
from runs.rows import digest
from runs.services import forms, runs
from runs.services.forms import Given
from runs.services.runs import Begun, Design


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
    Sitting.objects.create(run=begun.run, revision=revision, link=link)
    runs.start(run=begun.run)
    _go(begun.run.sitting, flow.first(revision.read.flow))
    return begun


def sitting_of(key: str) -> Sitting | None:
    """Return the sitting that a run's key opens, with all that a page of it needs, in one query."""
    rows = Sitting.objects.select_related("run__participant", "revision__protocol__project")
    return (
        rows.defer("revision__words", "revision__protocol__draft")
        .filter(run__key_digest=digest(key))
        .first()
    )


def step_of(sitting: Sitting) -> Step | None:
    """Return the step at which a run is; None when it is through."""
    place = sitting.at
    return flow.step_at(sitting.revision.read.flow, place) if place else None


def leave_label(sitting: Sitting) -> str:
    """Return what the button says that leaves the innermost block; empty where there is none."""
    place = sitting.at
    if place is None or not place.passes:
        return ""
    return flow.blocks_on(sitting.revision.read.flow, place)[-1].leave_label


def visit_here(sitting: Sitting) -> Visit:
    """Return the showing of the step at which a run is; shown again it is the same one."""
    step, place = step_of(sitting), sitting.at
    if step is None or place is None:
        raise RuntimeError(f"{sitting} is through, so nothing is shown.")
    found = Visit.objects.filter(run=sitting.run, position=sitting.position).first()
    return found or runs.show(
        run=sitting.run, position=sitting.position, step=step.name, passes=[*place.passes]
    )


@dataclass(frozen=True)
class Turn:
    """A page that came back: of which run, which showing, from which browser."""

    sitting: Sitting
    visit: Visit
    holder: str


@transaction.atomic
def answer(*, turn: Turn, answers: Sequence[Given], leave: bool = False) -> None:
    """Store the answers of a page and go on; those of a page before are kept, and nothing moves.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended; nothing is stored.
    """
    forms.submit(visit=turn.visit, holder=turn.holder, answers=answers)
    _go_on(turn, leave=leave)


@transaction.atomic
def go_on(*, turn: Turn, leave: bool = False) -> None:
    """Go on behind a step whose answer a service of its own has stored."""
    _go_on(turn, leave=leave)


def end(*, sitting: Sitting, status: str) -> None:
    """End the run at a step that says so."""
    _end(sitting, status)


def step_at_visit(sitting: Sitting, visit: Visit) -> Step:
    """Return the step of a visit, which may be one before the place where the run is."""
    named = {step.name: step for _, step in steps_of(sitting.revision.read.flow)}
    return named[visit.step]


def _go_on(turn: Turn, *, leave: bool = False) -> None:
    sitting = turn.sitting
    place = sitting.at
    if place is None or turn.visit.position != sitting.position:
        return  # a page from before: its answers are kept, and nothing moves
    parts = sitting.revision.read.flow
    _go(sitting, (flow.leave if leave else flow.after)(parts, place))


def _go(sitting: Sitting, place: flow.Place | None) -> None:
    """Move to the first step from ``place`` on that is shown. The database lets one of two move."""
    parts = sitting.revision.read.flow
    known, lonely = _answers(sitting), _goes_on_alone(sitting)
    found = flow.next_shown(
        parts,
        place,
        lambda part, _place: holds(part.condition, known) and not (lonely and _needs_group(part)),
    )
    done = flow.progress(parts, found) if found else 1.0
    moved = Sitting.objects.filter(pk=sitting.pk, position=sitting.position).update(
        position=F("position") + 1,
        place=stored(found),
        progress=max(done, sitting.progress),
    )
    if not moved:
        return
    step = flow.step_at(parts, found) if found else None
    if step is None or step.kind == "end":
        _end(sitting, Run.Status.COMPLETED)


def _goes_on_alone(sitting: Sitting) -> bool:
    """Say whether a run has no group any more: what needs one is passed over then."""
    return sitting.revision.read.group is not None and has_lost_its_group(sitting.run_id)


def _needs_group(part: Part) -> bool:
    return isinstance(part, Step) and part.kind == "group"


def _answers(sitting: Sitting) -> dict[str, Any]:
    """Return the latest answer to each item that a condition of the protocol asks for."""
    parts = parts_of(sitting.revision.read.flow)
    names = {name for part in parts for name in names_in(part.condition)}
    if not names:
        return {}
    rows = (
        Answer.objects.filter(visit__run=sitting.run_id, measure__name__in=names)
        .order_by("received_at", "pk")
        .values_list("measure__name", "value")
    )
    return dict(rows)


def _end(sitting: Sitting, status: str) -> None:
    runs.end(run=sitting.run, status=status, at=now())
