"""Members act in rounds: each act is a trial of its run, once, and all see the same."""

import re

import pytest
from tests.factories import experiments, groups
from tests.integration.experiments.in_groups import (
    comers,
    member_of,
    pass_time,
    phase,
    run_of,
)

from experiments.models import Meeting, Sitting
from runs.models import Answer, Event, Trial, Variant
from runs.services import withdrawals


@pytest.fixture
def three(project, ann):
    def come(count=3, **words):
        revision = experiments.published(project, ann, groups.words(acts=True, **words))
        people = comers(revision, ann, count)
        for each in people:
            each.look()
        return people

    return come


def act(someone, code, **more):
    """Press a button of the page that is shown; return the status."""
    number = re.search(r'name="round" value="(\d+)"', someone.text)[1]
    answer = someone.send(act=code, **{"round": number} | more)
    return answer.status_code


def rounds():
    return Meeting.objects.get(step="play").rounds


def seat(someone):
    return str(member_of(someone).seat)


def test_a_round_is_over_when_all_have_acted_and_then_all_see_it(three):
    a, b, c = three()
    assert act(a, "c") == 302
    assert "2 have still to choose" in a.text
    b.look()
    assert "Cooperate</li>" not in b.text.partition('class="round"')[2]
    act(b, "d")
    act(c, "c")
    assert "Round 2 of 2" in a.look().content.decode()
    assert re.findall(r"Member (\d)[^:]*: (\w+)", a.text) == [
        ("1", "Cooperate"), ("2", "Defect"), ("3", "Cooperate")]  # fmt: skip
    assert rounds() == [{seat(a): "c", seat(b): "d", seat(c): "c"}, {}]


def test_after_the_last_round_all_go_on(three):
    people = three()
    for code in "cd":
        for each in people:
            each.look()
            act(each, code)
    assert [phase(each) for each in people] == ["done"] * 3
    people[0].send()
    assert people[0].title == "Why"
    told = Answer.objects.filter(visit__run=run_of(people[0])).order_by("pk")
    assert [(each.measure.name, each.value) for each in told] == [
        ("play-act", "c"), ("play-act", "d"), ("play", "together")]  # fmt: skip
    assert Trial.objects.count() == 6


def test_each_act_is_a_trial_of_its_run_once(three):
    a, *_ = three()
    page = a.text
    data = {"act": "c", "round": "0", "rt": "412.5"}
    assert [a.send(page=page, **data).status_code for _ in range(2)] == [302, 302]
    trial = Trial.objects.get()
    assert (trial.index, trial.response, trial.rt_ms) == (0, "c", 412.5)
    assert trial.visit.run == run_of(a)
    assert Variant.objects.count() == 0


def test_another_choice_in_the_same_round_is_kept_beside_and_does_not_count(three):
    a, *_ = three()
    page = a.text
    a.send(page=page, act="c", round="0")
    a.send(page=page, act="d", round="0")
    assert rounds() == [{seat(a): "c"}]
    assert Trial.objects.get().is_disputed
    assert Variant.objects.count() == 1


def test_who_is_too_slow_is_passed_over(three):
    a, b, c = three()
    act(a, "c")
    act(b, "d")
    page = c.text
    pass_time(31)
    a.look()
    assert rounds() == [{seat(a): "c", seat(b): "d", seat(c): None}, {}]
    assert "nothing in time" in a.text
    assert c.send(page=page, act="c", round="0").status_code == 409
    assert "came too late" in c.text
    assert Trial.objects.count() == 2
    assert Event.objects.filter(kind="group act missed", run=run_of(c)).count() == 1


def test_one_after_the_other(three):
    people = three(step={"order": "in-turn"})
    people.sort(key=seat)
    for each in people:
        each.look()
    assert act(people[1], "c") == 409
    assert act(people[0], "c") == 302
    people[1].look()
    assert "It is your turn" in people[1].text
    assert "Cooperate" in people[1].text.partition('class="round"')[2]
    act(people[1], "d")
    people[2].look()
    act(people[2], "d")
    assert rounds() == [{"0": "c", "1": "d", "2": "d"}, {}]


def test_in_turn_only_the_one_whose_turn_it_is_is_passed_over(three):
    people = sorted(three(step={"order": "in-turn"}), key=seat)
    pass_time(31)
    people[2].look()
    assert rounds() == [{"0": None}]
    people[1].look()
    assert act(people[1], "c") == 302


def test_without_who_is_gone_the_round_goes_on(three):
    a, b, c = three(least=2, step={"round_s": 300})
    act(a, "c")
    act(b, "d")
    pass_time(46, but=[a, b])
    a.look()
    assert rounds() == [{seat(a): "c", seat(b): "d"}, {}]
    assert member_of(c).gone_at
    c.look()
    assert member_of(c).gone_at is None
    assert act(c, "c") == 302


def test_a_group_that_is_too_small_ends_in_the_middle_of_its_rounds(three):
    a, b, c = three(step={"round_s": 300})
    act(a, "c")
    pass_time(46, but=[a, b])
    assert [phase(a), phase(b), phase(c)] == ["over"] * 3
    a.send()
    assert a.title == "Why"
    assert Answer.objects.get(measure__name="play").value == "over"


@pytest.mark.parametrize("sent", [
    {"act": "x", "round": "0"}, {"act": "c"}, {"act": "c", "round": "-1"},
    {"act": "c", "round": "1"}, {"act": "c", "round": "9" * 40}, {"act": "c", "round": "²"},
    {"act": ["c", "x"], "round": "0"},
])  # fmt: skip
def test_what_was_not_offered_is_refused_and_leaves_nothing(three, sent):
    a, *_ = three()
    assert a.send(**sent).status_code in {409, 422}
    assert Trial.objects.count() == 0
    assert rounds() == [{}]


@pytest.mark.parametrize("rt", ["", "nan", "inf", "-5", "soon", "1e400"])
def test_a_time_that_is_none_is_left_out(three, rt):
    a, *_ = three()
    assert act(a, "c", rt=rt) == 302
    assert Trial.objects.get().rt_ms is None


def test_another_browser_does_not_act_for_a_member(three):
    a, *_ = three()
    act(a, "c")
    text = re.sub(r'name="holder" value="\w+"', 'name="holder" value="other"', a.text)
    a.browser.cookies.clear()
    assert a.send(page=text, act="c", round="1").status_code == 409
    assert Trial.objects.count() == 1


def test_a_step_of_acts_cannot_be_left_before_it_is_over(three):
    a, *_ = three()
    assert a.send().status_code == 409
    assert Sitting.objects.get(run=run_of(a)).position == 1


def test_who_withdraws_takes_their_acts_along_and_the_others_go_on(three):
    a, b, c = three(least=2)
    act(a, "c")
    withdrawals.withdraw(run=run_of(a))
    assert rounds() == [{}]
    act(b, "d")
    act(c, "d")
    assert [set(made.values()) for made in rounds()] == [{"d"}, set()]
    assert Trial.objects.count() == 2
    assert member_of(a).joined_at == run_of(a).created_at
