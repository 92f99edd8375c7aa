"""Storing trials exactly once."""

import json

import pytest
from tests.factories import designs as make

from factorial.errors import (
    NoSuchTrial,
    OutOfOrder,
    RunIsComplete,
    TrialDiffers,
    Unstorable,
    WrongMeasure,
    WrongToken,
)
from factorial.models import Measure, PlannedRun
from factorial.services import hand_out, posting
from factorial.values import sent
from runs.models import Answer, Event, Run, Trial, TrialEvents, Variant, Visit
from runs.models import Measure as Registered


@pytest.fixture
def held(design):
    return make.held(design)


def post(held, *trials, **more):
    run, planned = held
    return posting.receive(planned=planned, token=run.token, trials=trials, **more)


def test_a_trial_is_stored_with_its_events_and_typed_answers(held, design):
    events = [{"pointer": {"x": 1.5}}, {"pointer": {"x": 2}}]
    receipt = post(held, make.trial(0, 0, events=events, duration="412", hit=True))
    assert (receipt.stored, receipt.done, receipt.is_complete) == ([(0, 0)], 1, False)
    trial = Trial.objects.get()
    assert (trial.index, trial.visit.position, trial.visit.step) == (0, 0, "block 0")
    assert json.loads(trial.raw) == {"duration": "412", "hit": True}
    assert (trial.within.count, json.loads(trial.within.raw)) == (2, events)
    answers = {each.measure.name: (each.value, each.number) for each in Answer.objects.all()}
    assert answers == {"duration": (412, 412), "hit": (True, 1)}
    assert PlannedRun.objects.get(code="S0").done == 1
    assert Measure.objects.filter(design=design).count() == 3


def test_a_whole_run_ends_complete(held):
    for block in range(2):
        receipt = post(held, *(make.trial(block, number, duration=5) for number in range(2)))
    assert receipt.is_complete
    run = Run.objects.get()
    assert (run.status, run.ended_at is None) == ("completed", False)
    assert (Visit.objects.count(), Trial.objects.count()) == (2, 4)


def test_trials_of_several_blocks_come_in_one_batch(held):
    trials = [make.trial(block, number, duration=5) for block in (1, 0) for number in range(2)]
    assert post(held, *trials).is_complete


@pytest.mark.parametrize("number", [0, 3])
def test_the_same_trial_again_is_a_no_op_also_when_the_run_is_over(held, number):
    trials = [make.trial(each // 2, each % 2, events=[{"a": 1}], duration=5) for each in range(4)]
    post(held, *trials)
    again = make.trial(number // 2, number % 2, events=[{"a": 1}], duration=5)
    assert post(held, again).known == [(number // 2, number % 2)]
    assert (Trial.objects.count(), TrialEvents.objects.count()) == (4, 4)
    assert not Variant.objects.exists()


def test_names_in_another_order_are_the_same_content(held):
    post(held, make.trial(0, 0, events=[{"a": 1, "b": 2}], duration=5, hit=True))
    again = make.trial(0, 0, events=[{"b": 2, "a": 1}], hit=True, duration=5)
    assert post(held, again).known == [(0, 0)]


def test_another_content_is_kept_beside_the_first_and_flagged(held):
    post(held, make.trial(0, 0, duration=5))
    assert post(held, make.trial(0, 0, duration=6)).disputed == [(0, 0)]
    assert post(held, make.trial(0, 0, duration=6)).disputed == [(0, 0)]
    trial = Trial.objects.get()
    assert (json.loads(trial.raw), trial.is_disputed) == ({"duration": 5}, True)
    assert json.loads(Variant.objects.get().raw) == {"trial": {"duration": 6}, "events": []}


def test_a_client_may_be_refused_another_content(held):
    post(held, make.trial(0, 0, duration=5))
    with pytest.raises(TrialDiffers):
        post(held, make.trial(0, 0, duration=6), rules=posting.OF_2020)
    assert not Variant.objects.exists()


@pytest.mark.parametrize("place", [(0, 1), (1, 0), (1, 1)])
def test_a_trial_before_its_turn_is_refused_and_leaves_nothing(held, place):
    with pytest.raises(OutOfOrder):
        post(held, make.trial(*place, duration=5))
    assert (Trial.objects.count(), PlannedRun.objects.get(code="S0").done) == (0, 0)


def test_a_gap_in_a_batch_is_refused_whole(held):
    with pytest.raises(OutOfOrder):
        post(held, make.trial(0, 0, duration=5), make.trial(1, 0, duration=5))
    assert (Trial.objects.count(), PlannedRun.objects.get(code="S0").done) == (0, 0)


@pytest.mark.parametrize("place", [(0, 2), (2, 0), (9, 9)])
def test_a_trial_that_is_not_planned_is_refused(held, place):
    with pytest.raises(NoSuchTrial):
        post(held, make.trial(*place, duration=5))


def test_what_was_read_before_somebody_else_stored_does_no_harm(held, design):
    stale = make.planned(design)
    post(held, make.trial(0, 0, duration=5))
    run, _ = held
    receipt = posting.receive(planned=stale, token=run.token, trials=[make.trial(0, 1, duration=5)])
    assert (receipt.done, PlannedRun.objects.get(code="S0").done) == (2, 2)


def test_a_taken_over_run_takes_what_is_stored_as_known_and_nothing_new(held, design):
    post(held, make.trial(0, 0, duration=5))
    hand_out.hold(planned=make.planned(design), takes_over=True)
    assert post(held, make.trial(0, 0, duration=5)).known == [(0, 0)]
    with pytest.raises(WrongToken):
        post(held, make.trial(0, 1, duration=5))


def test_a_run_that_is_complete_takes_no_other_content(project):
    one = make.held(make.design(project, code="one", runs=1, blocks=1, trials=1))
    post(one, make.trial(0, 0, duration=5))
    with pytest.raises(RunIsComplete):
        post(one, make.trial(0, 0, duration=6))


def test_measures_that_nobody_declared_are_registered_and_flagged(held, design):
    nested = {"y": {"z": [5, {"k": "v"}]}, "x": 1, "none": None, "empty": {}}
    post(held, make.trial(0, 0, events=[{"duration": 1, "e": [1]}], nest=nested))
    found = Measure.objects.filter(design=design, is_declared=False)
    assert sorted(found.values_list("code", "at_trial", "at_event")) == [
        ("e.0", False, True),
        ("nest.x", True, False),
        ("nest.y.z.0", True, False),
        ("nest.y.z.1.k", True, False),
    ]
    assert Measure.objects.get(design=design, code="duration").at_event
    assert Registered.objects.get(name="nest.x").is_unforeseen


def test_with_fixed_measures_ours_are_kept_and_flagged_and_others_refused(project):
    strict = make.design(project, code="strict", has_fixed_measures=True)
    held = make.held(strict)
    with pytest.raises(WrongMeasure, match="other"):
        post(held, make.trial(0, 0, duration=5, other=1), rules=posting.OF_2020)
    assert not Trial.objects.exists()
    receipt = post(held, make.trial(0, 0, duration="fast", other=1))
    assert len(receipt.flagged) == 2
    assert Event.objects.get(kind="not as declared").data["what"] == receipt.flagged
    assert Answer.objects.get(measure__name="duration").value == "fast"


def test_where_measures_are_fixed_each_undeclared_one_is_flagged_but_not_our_own_time(project):
    strict = make.design(project, code="strict", has_fixed_measures=True)
    held = make.held(strict)
    events = [{"at_ms": 1.5, "gaze.x": 3}]
    for number in (0, 1):
        receipt = post(held, make.trial(0, number, events=events, duration=5))
        assert receipt.flagged == ["gaze.x is not declared where it was sent"]
    with pytest.raises(WrongMeasure, match="gaze"):
        post(held, make.trial(1, 0, events=[{"gaze.x": 3}]), rules=posting.OF_2020)
    clean = post(held, make.trial(1, 0, events=[{"at_ms": 2, "pointer.x": 1}], duration=5))
    assert clean.flagged == []


@pytest.mark.parametrize("values", [[], "x", None])
def test_what_is_no_trial_is_refused(values):
    with pytest.raises(Unstorable):
        sent(block=0, trial=0, values=values)


@pytest.mark.parametrize("events", [{}, [1], [None], "x"])
def test_what_are_no_events_is_refused(events):
    with pytest.raises(Unstorable):
        sent(block=0, trial=0, values={}, events=events)


def test_what_no_database_can_hold_is_kept_readable(held):
    post(held, make.trial(0, 0, text="a\0b\ud800", big=2**70))
    texts = {each.measure.name: each.text for each in Answer.objects.all()}
    assert texts == {"text": "a\N{REPLACEMENT CHARACTER}b?", "big": str(2**70)}


def test_five_thousand_events_take_as_many_statements_as_one(
    held, design, django_assert_max_num_queries
):  # fmt: skip
    post(held, make.trial(0, 0, events=[{"pointer": {"x": 1}}], duration=5))
    events = [{"pointer": {"x": number}} for number in range(5000)]
    now = held[0], make.planned(design)
    with django_assert_max_num_queries(10):  # two are the savepoint
        post(now, make.trial(0, 1, events=events, duration=5))
    assert TrialEvents.objects.last().count == 5000


def test_what_the_lab_skipped_is_kept_when_it_comes_all_the_same(held):
    PlannedRun.objects.filter(code="S0").update(done=1)
    post(held, make.trial(0, 1, duration=5))
    assert post(held, make.trial(0, 0, duration=4)).stored == [(0, 0)]
    assert (Trial.objects.count(), PlannedRun.objects.get(code="S0").done) == (2, 2)


def test_two_contents_of_one_trial_in_a_batch_are_refused(held):
    with pytest.raises(TrialDiffers):
        post(held, make.trial(0, 0, duration=5), make.trial(0, 0, duration=6))
