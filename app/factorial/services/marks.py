"""What the lab decides about runs, blocks and trials: nothing is deleted by any of it.

Each writes a line into the history, with the reason.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.models import User
from common.errors import NotThere
from factorial.errors import NotHeld, NothingToSkip, NotPutAside, RunUnderWay
from factorial.models import Block, PlannedRun, RunMark
from factorial.services import client, hand_out
from factorial.services.access import need_editable
from runs.errors import NoReason
from runs.models import Run
from runs.services import exclusion, runs

LONGEST_REASON = 2000


@dataclass(frozen=True)
class Where:
    """What a mark is about: the whole run, a block of it, or one trial of a block."""

    block: int | None = None
    trial: int | None = None


WHOLE = Where()


def _reason(text: str) -> str:
    reason = text.strip().replace("\0", "")[:LONGEST_REASON]
    if not reason:
        raise NoReason
    return reason


# --- marks --------------------------------------------------------------------------------------


@transaction.atomic
def mark(*, run: Run, kind: str, by: User, reason: str, where: Where = WHOLE) -> RunMark:
    """Note or exclude a run, a block or a trial. An excluded run is left out of analyses.

    Raises
    ------
    NotThere
        ``by`` may not work in the project, or the run has no such trial.
    NoReason
        None was given.
    """
    need_editable(run.project_id, by)
    reason = _reason(reason)
    _need_place(run, where)
    made = _made(run, kind, by, reason, where)
    if kind == RunMark.Kind.EXCLUDED and where == WHOLE:
        exclusion.exclude(runs=[run], by=by, reason=reason)
    return made


def _made(run: Run, kind: str, by: User, reason: str, where: Where) -> RunMark:
    made: RunMark = RunMark.objects.create(
        run=run, kind=kind, reason=reason, made_by=by, block=where.block, trial=where.trial
    )
    told = {"block": [None, where.block], "trial": [None, where.trial]}
    changes = {name: values for name, values in told.items() if values[1] is not None}
    audit.record(action=f"run.{kind}", user=by, on=run, changes=changes, reason=reason)
    return made


def _need_place(run: Run, where: Where) -> None:
    """Refuse what the run neither plans nor has recorded."""
    if where.block is None:
        if where.trial is not None:
            raise NotThere
        return
    shown = run.visits.filter(position=where.block)
    planned = Block.objects.filter(planned_run__run=run, number=where.block)
    if where.trial is not None:
        shown = shown.filter(trials__index=where.trial)
        planned = planned.filter(trial_count__gt=where.trial)
    if not shown.exists() and not planned.exists():
        raise NotThere


# --- whose it is --------------------------------------------------------------------------------


@transaction.atomic
def unlock(*, planned: PlannedRun, by: User, reason: str) -> None:
    """Let a run go, so that whoever asks for it next may go on with it at once."""
    hand_out.unlock(planned=planned, by=by, reason=_reason(reason))


@transaction.atomic
def hand_over(*, planned: PlannedRun, by: User, reason: str) -> str:
    """Return a link with which another browser takes the run over within a quarter of an hour.

    Until it does, whoever holds the run goes on.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    NotHeld
        Nobody has begun it, or it is over.
    """
    need_editable(planned.design.project_id, by)
    reason = _reason(reason)
    if planned.run is None or not planned.run.is_open:
        raise NotHeld
    audit.record(action="run.handed-over", user=by, on=planned.run, reason=reason)
    return client.link_to(planned.design, run=planned.code, hands_over=True)


# --- again, and not at all ----------------------------------------------------------------------


@transaction.atomic
def redo(*, planned: PlannedRun, by: User, reason: str) -> None:
    """Let a run be done anew; the attempt that there was is kept, and excluded for the reason.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    NotHeld
        Nobody has begun it.
    """
    need_editable(planned.design.project_id, by)
    reason = _reason(reason)
    run, at = planned.run, now()
    if run is None:
        raise NotHeld
    hand_out.give_back(planned=planned, by=by, reason=reason, at=at)
    exclusion.exclude(runs=[run], by=by, reason=reason)
    RunMark.objects.create(run=run, kind=RunMark.Kind.REDONE, reason=reason, made_by=by, made_at=at)


@transaction.atomic
def skip(*, planned: PlannedRun, by: User, reason: str, rest_of_block: bool) -> Where:
    """Let a run go on after the trial that it is at, or after the whole block.

    What is skipped counts as done and is marked. It has no row, unless a browser had recorded it
    meanwhile and sends it later: then that is kept.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    NothingToSkip
        The run is not under way, or has moved on meanwhile.
    """
    need_editable(planned.design.project_id, by)
    reason = _reason(reason)
    run = _under_way(planned)
    block = _block_at(planned)
    trial = planned.done - block.first_trial
    end = block.first_trial + block.trial_count if rest_of_block else planned.done + 1
    mine = PlannedRun.objects.filter(pk=planned.pk, run=run, done=planned.done)
    if not mine.update(done=end):
        raise NothingToSkip
    for number in range(trial, end - block.first_trial):
        where = Where(block.number, number)
        RunMark.objects.create(
            run=run, kind="skipped", reason=reason, made_by=by, block=where.block, trial=number
        )
    told = {"done": [planned.done, end]}
    audit.record(action="run.skipped", user=by, on=run, changes=told, reason=reason)
    if end == planned.trial_count:
        runs.end(run=run, status=Run.Status.COMPLETED)
    return Where(block.number, trial)


def _under_way(planned: PlannedRun) -> Run:
    """Return the run of a plan, with nobody else writing to it until the transaction ends."""
    run: Run | None = Run.objects.select_for_update().filter(planned_run=planned).first()
    if run is None or not run.is_open:
        raise NothingToSkip
    planned.refresh_from_db(fields=["done"])
    return run


def _block_at(planned: PlannedRun) -> Block:
    before = Block.objects.filter(planned_run=planned, first_trial__lte=planned.done)
    found: Block | None = before.filter(trial_count__gt=0).order_by("-number").first()
    if found is None or planned.done >= planned.trial_count:
        raise NothingToSkip
    return found


# --- aside --------------------------------------------------------------------------------------


@transaction.atomic
def put_aside(*, planned: PlannedRun, by: User, reason: str) -> None:
    """Let nobody begin a run, until it is put back.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    RunUnderWay
        Somebody has begun it.
    """
    need_editable(planned.design.project_id, by)
    reason = _reason(reason)
    free = PlannedRun.objects.filter(pk=planned.pk, run=None, put_aside_at=None)
    if not free.update(put_aside_at=now(), put_aside_because=reason):
        raise RunUnderWay
    told = {"run": [planned.code, None]}
    audit.record(
        action="design.run-put-aside", user=by, on=planned.design, changes=told, reason=reason
    )


@transaction.atomic
def put_back(*, planned: PlannedRun, by: User, reason: str = "") -> None:
    """Let a run be begun again that was put aside.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    NotPutAside
        It was not, or is back already.
    """
    need_editable(planned.design.project_id, by)
    aside = PlannedRun.objects.filter(pk=planned.pk, put_aside_at__isnull=False)
    if not aside.update(put_aside_at=None, put_aside_because=""):
        raise NotPutAside
    told = {"run": [None, planned.code]}
    audit.record(
        action="design.run-put-back", user=by, on=planned.design, changes=told, reason=reason
    )
