"""Taking back what the lab decided: the mark stays in the history, with who took it back.

What was skipped is done after all, what was done anew counts again, and what was excluded is
analysed, as far as nothing has come in between.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.models import User
from common.errors import NotThere
from factorial.errors import AlreadyUndone, DoneAnew, RunHasGoneOn
from factorial.models import Block, LogRun, PlannedRun, RunMark
from factorial.services import hand_out
from factorial.services.access import need_editable
from runs.models import Run, Trial
from runs.services import exclusion

Kind = RunMark.Kind


@transaction.atomic
def undo(*, mark: RunMark, by: User) -> None:
    """Take a mark back, with what it did.

    A skipped trial is done next, and whoever held the run has to ask for it again; so are those
    skipped behind it. A run that was to be done anew has its attempt again.

    Raises
    ------
    NotThere
        ``by`` may not work in the project.
    AlreadyUndone
        It was taken back before.
    RunHasGoneOn
        Behind what was skipped something was done.
    DoneAnew
        Somebody does the run anew.
    """
    need_editable(mark.run.project_id, by)
    run = Run.objects.select_for_update().get(pk=mark.run_id)
    _take([mark.pk], by)
    if mark.kind == Kind.SKIPPED:
        _do_after_all(run, mark, by)
    if mark.kind == Kind.REDONE:
        _count_again(run, mark)
    if mark.kind in {Kind.EXCLUDED, Kind.REDONE} and mark.block is None and not _others(mark):
        exclusion.include(runs=[run], by=by, reason=mark.reason)
    audit.record(action=f"run.{mark.kind}-undone", user=by, on=run, reason=mark.reason)


def _take(keys: Iterable[int], by: User) -> None:
    mine = RunMark.objects.filter(pk__in=keys, undone_at=None)
    if not mine.update(undone_at=now(), undone_by=by):
        raise AlreadyUndone


def _others(mark: RunMark) -> bool:
    """Say whether the run is left out for another reason as well."""
    same = RunMark.objects.filter(run=mark.run_id, block=None, undone_at=None)
    return bool(same.filter(kind__in=[Kind.EXCLUDED, Kind.REDONE]).exists())


# --- what was skipped ---------------------------------------------------------------------------


def _do_after_all(run: Run, mark: RunMark, by: User) -> None:
    """Go back to a trial that was skipped, unless a browser had done it all the same."""
    planned = PlannedRun.objects.select_for_update().filter(run=run).first()
    place = _places(planned).get((mark.block, mark.trial)) if planned else None
    if planned is None or place is None:
        return  # it is no attempt that counts: only the mark goes
    stored, skipped = _stored(run, planned), _skipped(run, planned)
    if place in stored or place >= planned.done:
        return
    behind = range(place + 1, planned.done)
    if any(index in stored or index not in skipped for index in behind):
        raise RunHasGoneOn
    if behind:
        _take([skipped[index] for index in behind], by)
    PlannedRun.objects.filter(pk=planned.pk).update(done=place)
    _open_again(run, was=Run.Status.COMPLETED)


def _places(planned: PlannedRun) -> dict[tuple[int | None, int | None], int]:
    """Return which trial of the run each trial of each block is."""
    blocks = Block.objects.filter(planned_run=planned).order_by("number")
    rows = blocks.values_list("number", "first_trial", "trial_count")
    return {(block, at): first + at for block, first, count in rows for at in range(count)}


def _stored(run: Run, planned: PlannedRun) -> set[int]:
    places = _places(planned)
    rows = Trial.objects.filter(visit__run=run).order_by()
    found = rows.values_list("visit__position", "index")
    return {places[place] for place in found if place in places}


def _skipped(run: Run, planned: PlannedRun) -> dict[int, int]:
    """Return the marks of trials that are skipped at the moment, by the trial of the run."""
    places = _places(planned)
    marks = RunMark.objects.filter(run=run, kind=Kind.SKIPPED, undone_at=None).order_by("pk")
    found = [((block, at), pk) for block, at, pk in marks.values_list("block", "trial", "pk")]
    return {places[place]: pk for place, pk in found if place in places}


def _open_again(run: Run, *, was: str) -> None:
    """Let the run be asked for again; a token that was given before writes nothing any more."""
    mine = Run.objects.filter(pk=run.pk, status__in=[*Run.OPEN, was])
    mine.update(status=Run.Status.ACTIVE, ended_at=None, holder="", held_until=None)


# --- what was done anew -------------------------------------------------------------------------


def _count_again(run: Run, mark: RunMark) -> None:
    """Put an attempt into its place again, where nobody has begun another."""
    planned = _planned(run)
    free = PlannedRun.objects.filter(pk=planned.pk, run=None)
    if not free.update(run=run, done=_done(run, planned), offered_until=None):
        raise DoneAnew
    if run.ended_at == mark.made_at:  # it was under way until then
        _open_again(run, was=Run.Status.TIMED_OUT)


def _planned(run: Run) -> PlannedRun:
    same = PlannedRun.objects.filter(design__project=run.project_id, design__digest=run.design)
    found: PlannedRun
    for found in same.filter(code__startswith=run.cell).order_by("position"):
        if found.code[: hand_out.LONGEST_CELL] == run.cell:
            return found
    raise NotThere


def _done(run: Run, planned: PlannedRun) -> int:
    """Return how many trials are stored or skipped, one after another from the first."""
    if LogRun.objects.filter(run=run).exists():
        return 0  # its client numbers logs, not trials
    there = _stored(run, planned) | _skipped(run, planned).keys()
    return next((at for at in range(planned.trial_count) if at not in there), planned.trial_count)
