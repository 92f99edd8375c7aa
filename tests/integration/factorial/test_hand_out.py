"""Who does which run."""

from datetime import timedelta

import pytest
from django.utils.timezone import now
from tests.factories import designs as make
from tests.factories import factorial as log_runs

from common.errors import NotThere
from factorial.errors import (
    DesignIsClosed,
    NoRunLeft,
    NotHeld,
    RunIsComplete,
    RunIsHeld,
    WrongToken,
)
from factorial.models import PlannedRun
from factorial.models.designs import LEFT_AFTER
from factorial.services import designs, hand_out, posting
from runs.models import Event, Run
from runs.services import withdrawals

LATER = timedelta(seconds=91)


def test_runs_are_offered_in_order_each_once_until_none_is_left(design):
    assert [hand_out.offer(design=design).code for _ in range(2)] == ["S0", "S1"]
    with pytest.raises(NoRunLeft):
        hand_out.offer(design=design)


def test_an_offer_that_nobody_takes_lapses(design):
    at = now()
    assert hand_out.offer(design=design, at=at).code == "S0"
    later = at + hand_out.OFFERED_FOR
    assert hand_out.offer(design=design, at=later).code == "S0"


def test_a_closed_design_offers_nothing(design, alice):
    designs.archive(design=design, by=alice)
    with pytest.raises(DesignIsClosed):
        hand_out.offer(design=design)
    with pytest.raises(DesignIsClosed):
        make.held(design)


def test_who_holds_a_run_has_it_alone(design):
    held, planned = make.held(design)
    assert planned.run == held.run
    assert (held.run.source, held.run.design, held.run.cell) == ("factorial", design.digest, "S0")
    assert held.run.status == Run.Status.ACTIVE
    with pytest.raises(RunIsHeld):
        make.held(design)
    assert Run.objects.count() == 1


def test_a_quiet_run_is_given_to_who_asks_and_its_old_token_is_worth_nothing(design):
    held, planned = make.held(design)
    second = hand_out.hold(planned=make.planned(design), at=now() + LATER)
    assert (second.run, second.token == held.token) == (held.run, False)
    assert Event.objects.get(run=held.run).kind == "taken over"
    with pytest.raises(WrongToken):
        posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])


def test_a_run_can_be_taken_over_at_once(design):
    held, _ = make.held(design)
    second = hand_out.hold(planned=make.planned(design), takes_over=True)
    assert second.token != held.token


def test_a_token_lets_go_once(design):
    held, _ = make.held(design)
    with pytest.raises(WrongToken):
        hand_out.release(run=held.run, token="another")
    hand_out.release(run=held.run, token=held.token)
    with pytest.raises(NotHeld):
        hand_out.release(run=held.run, token=held.token)
    assert make.held(design)[0].run == held.run


def test_the_lab_takes_a_run_out_of_somebodys_hand(design, alice, bob):
    held, planned = make.held(design)
    with pytest.raises(NotThere):
        hand_out.unlock(planned=planned, by=bob)
    hand_out.unlock(planned=planned, by=alice)
    with pytest.raises(NotHeld):
        posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])


def test_a_run_that_is_given_back_is_begun_anew_and_the_attempt_is_kept(design, alice):
    held, planned = make.held(design)
    posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])
    hand_out.give_back(planned=planned, by=alice, reason="left the room")
    assert hand_out.offer(design=design).code == "S0"
    again, planned = make.held(design)
    assert again.run != held.run
    assert (planned.done, Run.objects.count()) == (0, 2)


def test_a_run_that_was_left_before_its_first_trial_is_offered_to_the_next_one(design):
    held, planned = make.held(design)
    long_since = now() + LATER + LEFT_AFTER
    assert hand_out.offer(design=design, at=now() + LATER).code == "S1"
    assert hand_out.offer(design=design, at=long_since).code == "S0"
    assert hand_out.offer(design=design, at=long_since).code == "S1"
    again, planned = make.held(design)
    assert again.run != held.run
    held.run.refresh_from_db()
    assert (held.run.status, again.run.status) == (Run.Status.TIMED_OUT, Run.Status.ACTIVE)
    with pytest.raises(WrongToken):
        posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])


def test_a_run_that_was_let_go_before_its_first_trial_is_offered_at_once(design):
    held, _ = make.held(design)
    hand_out.release(run=held.run, token=held.token)
    assert hand_out.offer(design=design).code == "S0"


def test_a_run_with_a_trial_waits_for_whoever_did_it(design):
    held, planned = make.held(design)
    posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])
    assert hand_out.offer(design=design, at=now() + LATER + LEFT_AFTER).code == "S1"


def test_a_run_that_a_client_of_2025_is_at_is_not_offered(design):
    named = log_runs.log_run(design, "S0")
    PlannedRun.objects.filter(design=design, code="S0").update(run=named.run)
    assert hand_out.offer(design=design, at=now() + LATER + LEFT_AFTER).code == "S1"


def test_who_withdraws_leaves_the_place_to_somebody_else(design):
    held, planned = make.held(design)
    posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])
    withdrawals.withdraw(run=held.run)
    planned = make.planned(design)
    assert (planned.run, planned.done) == (None, 0)
    assert hand_out.offer(design=design) == planned
    assert make.held(design)[0].run != held.run


def test_a_run_that_is_done_is_not_held_again(project):
    one = make.design(project, runs=1, blocks=1, trials=1)
    held, planned = make.held(one)
    posting.receive(planned=planned, token=held.token, trials=[make.trial(0, 0, duration=1)])
    with pytest.raises(RunIsComplete):
        make.held(one)


def test_pilots_are_anybodys_and_can_be_done_again(project):
    pilot = make.design(project, runs=1, blocks=1, trials=1, is_pilot=True)
    first, _ = make.held(pilot)
    second, planned = make.held(pilot)
    assert (second.run, second.run.is_pilot) == (first.run, True)
    posting.receive(planned=planned, token=second.token, trials=[make.trial(0, 0, duration=1)])
    assert hand_out.offer(design=pilot).code == "S0"
    third, _ = make.held(pilot)
    assert third.run != first.run
    assert PlannedRun.objects.get().done == 0
