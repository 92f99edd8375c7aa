"""Asking a lab's function about the answers of a page before they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.timezone import now

from experiments.definition.steps import Hook, Step
from experiments.services import scripts
from experiments.services.sittings import Turn
from experiments.services.told import Record
from runs.rows import said
from runs.services.forms import Given


@dataclass(frozen=True)
class Judged:
    """What the function says: the participant is to look again, or this is stored besides."""

    refused: str = ""
    also: tuple[Given, ...] = ()


def judged(*, turn: Turn, step: Step, answers: Sequence[Given]) -> Judged:
    """Ask ``record`` of a step, once for a page: what was stored already is not asked about again.

    Raises
    ------
    ScriptFailed, StillDeciding
        Nothing is stored yet; what was sent is among what the experimenter sees.
    """
    run = turn.sitting.run
    may_write = run.is_open and run.is_held_by(turn.holder, now())
    if step.record is None or not may_write or turn.visit.submitted_at:
        return Judged()
    with scripts.alone(turn.sitting):
        turn.visit.refresh_from_db(fields=["submitted_at"])
        return Judged() if turn.visit.submitted_at else _asked(turn, step, step.record, answers)


def _asked(turn: Turn, step: Step, hook: Hook, answers: Sequence[Given]) -> Judged:
    visit = turn.visit
    here = Record(turn.sitting).here(
        step=step.name,
        position=visit.position,
        passes=tuple(visit.passes),
        stimulus=visit.stimulus,
        sent={given.said.name: given.said.value for given in answers},
    )
    told = scripts.ask(sitting=turn.sitting, hook=hook, use="record", here=here)
    also = tuple(Given(said(name, value)) for name, value in told.get("also", {}).items())
    return Judged(told.get("refused", ""), also)
