"""What the lab decided is taken back with what it did; all of it stays in the history."""

import pytest
from tests.factories import designs as make

from accounts.models import AuditEntry
from common.errors import NotThere
from factorial.errors import AlreadyUndone, DoneAnew, NotHeld, RunHasGoneOn
from factorial.models import PlannedRun, RunMark
from factorial.services import hand_out, marks, posting, taking_back
from runs.models import Run, Trial


def do(held, code, *places):
    for block, trial in places:
        one = make.trial(block, trial, duration=12)
        posting.receive(planned=code, token=held.token, trials=[one])


@pytest.fixture
def begun(design):
    """A run of two blocks with two trials each, of which the first is done."""
    held, planned = make.held(design)
    do(held, planned, (0, 0))
    return held


def again(code="S0"):
    return PlannedRun.objects.at_hand().get(code=code)


def skip(by, *, block=False):
    marks.skip(planned=again(), by=by, reason="A phone rang.", rest_of_block=block)


def undo(by, **which):
    mark = RunMark.objects.select_related("run").get(undone_at=None, **which)
    taking_back.undo(mark=mark, by=by)
    return mark


def test_what_was_skipped_is_done_after_all(begun, alice):
    skip(alice)
    mark = undo(alice)
    assert again().done == 1
    with pytest.raises(NotHeld):  # its browser was told that it goes on behind it
        do(begun, again(), (1, 0))
    held = hand_out.hold(planned=again())
    do(held, again(), (0, 1), (1, 0))
    assert again().done == 3
    mark.refresh_from_db()
    assert mark.undone_by == alice
    assert AuditEntry.objects.get(action="run.skipped-undone").reason == "A phone rang."
    with pytest.raises(AlreadyUndone):
        taking_back.undo(mark=mark, by=alice)


def test_taking_back_one_trial_of_a_skipped_block_takes_back_those_behind_it(design, alice):
    make.held(design)
    skip(alice, block=True)
    undo(alice, trial=0)
    assert again().done == 0
    assert not RunMark.objects.filter(undone_at=None).exists()


def test_those_skipped_before_stay_skipped(design, alice):
    make.held(design)
    skip(alice, block=True)
    undo(alice, trial=1)
    assert again().done == 1
    assert RunMark.objects.get(undone_at=None).trial == 0


def test_a_run_that_ended_by_skipping_is_open_again(begun, alice):
    do(begun, again(), (0, 1), (1, 0))
    skip(alice)
    assert again().run.status == Run.Status.COMPLETED
    undo(alice)
    run = again().run
    assert (run.status, run.ended_at, again().done) == (Run.Status.ACTIVE, None, 3)
    do(hand_out.hold(planned=again()), again(), (1, 1))
    assert again().run.status == Run.Status.COMPLETED


def test_a_run_that_has_gone_on_stays_where_it_is(begun, alice):
    skip(alice)
    do(begun, again(), (1, 0))
    with pytest.raises(RunHasGoneOn):
        undo(alice)
    assert again().done == 3
    assert RunMark.objects.get().undone_at is None
    assert not AuditEntry.objects.filter(action="run.skipped-undone").exists()


def test_a_skipped_trial_that_came_late_loses_its_mark_alone(begun, alice):
    skip(alice)
    do(begun, again(), (0, 1), (1, 0))
    undo(alice)
    assert again().done == 3
    do(begun, again(), (1, 1))


def test_an_attempt_counts_again_and_goes_on_where_it_was(begun, alice):
    skip(alice)
    marks.redo(planned=again(), by=alice, reason="The wrong hand.")
    assert again().run is None
    undo(alice, kind="redone")
    planned = again()
    assert (planned.run, planned.done) == (begun.run, 2)
    assert (planned.run.excluded_at, planned.run.status) == (None, Run.Status.ACTIVE)
    do(hand_out.hold(planned=planned), planned, (1, 0), (1, 1))
    assert again().run.status == Run.Status.COMPLETED
    assert AuditEntry.objects.filter(action="run.redone-undone").exists()


def test_an_attempt_that_was_through_is_through_again(begun, alice):
    do(begun, again(), (0, 1), (1, 0), (1, 1))
    ended = again().run.ended_at
    marks.redo(planned=again(), by=alice, reason="The wrong hand.")
    undo(alice)
    run = again().run
    assert (run.status, run.ended_at, again().done) == (Run.Status.COMPLETED, ended, 4)


def test_an_attempt_does_not_push_another_one_out(begun, design, alice):
    marks.redo(planned=again(), by=alice, reason="The wrong hand.")
    second, _ = make.held(design)
    do(second, again(), (0, 0), (0, 1))
    with pytest.raises(DoneAnew):
        undo(alice)
    assert again().run == second.run
    assert RunMark.objects.get().undone_at is None
    marks.redo(planned=again(), by=alice, reason="It was the right one.")
    undo(alice, run=begun.run)
    assert (again().run, again().done) == (begun.run, 1)
    assert Trial.objects.count() == 3


def test_what_is_left_out_for_two_reasons_stays_out_when_one_is_taken_back(begun, alice):
    marks.mark(run=begun.run, kind="excluded", by=alice, reason="Slept.")
    marks.redo(planned=again(), by=alice, reason="The wrong hand.")
    undo(alice, kind="excluded")
    begun.run.refresh_from_db()
    assert begun.run.excluded_at
    undo(alice, kind="redone")
    begun.run.refresh_from_db()
    assert begun.run.excluded_at is None


def test_nobody_of_another_lab_takes_anything_back(begun, alice, bob):
    skip(alice)
    with pytest.raises(NotThere):
        undo(bob)
    assert again().done == 2
