"""Groups whose ways a lab's functions decide: nobody is lost between a lot and a lobby."""

import pytest
from tests.factories import accounts, experiments, groups, scripts
from tests.factories.scripts import call
from tests.integration.experiments.in_groups import comers, member_of, phase, run_of
from tests.integration.runs.test_races import TIMES, at_once

from accounts.roles import Role
from experiments.models import Group, Meeting, Member, Sitting
from experiments.services.alarms import FAILED
from runs.models import Answer, Event, Trial, Visit

CODE = """
def is_odd(here):
    return here.latest("age") % 2 == 1


def told(here):
    return f"It went {here.latest('meet')} for {here.latest('meet-role') or 'nobody'}."


def draw(here):
    return {"stimulus": f"tune-{here.rng.randrange(10**9)}"}


def breaks(here):
    raise RuntimeError("no list of tunes")


def last_act(here):
    return [each.response for each in here.trials][-1] == "c"


def slowly(here):
    import time
    time.sleep(0.1)
    return True
"""
MEET = {"name": "meet", "kind": "group", "page": "about", "title": "Together"}
AGAIN = {"name": "again", "kind": "group", "page": "rating", "title": "Once more"}
PLAY = {"name": "play", "kind": "group", "title": "The game", "text": "Choose.",
        "together": {"acts": groups.CHOICES, "round_s": 30}}  # fmt: skip
BECAUSE = {"name": "because", "page": "reasons"}
END = {"name": "end", "kind": "end", "title": "Thank you"}


@pytest.fixture
def gathered(toylab, project, ann):
    scripts.package(toylab.parent, code=CODE)

    def come(*flow, count=3, **group):
        words = groups.words(**group) | {"flow": [*flow, END]}
        return comers(experiments.published(project, ann, words), ann, count)

    return come


def answer_all(people, *ages):
    for each, age in zip(people, ages, strict=True):
        assert phase(each) == "open"
        each.send(item_age=str(age))


def test_who_is_sent_another_way_is_not_waited_for_once_it_is_through(gathered):
    people = gathered(MEET, AGAIN | {"if": call("is_odd")})
    answer_all(people, 21, 22, 23)
    assert people[1].title == "Thank you"
    assert [phase(people[0]), phase(people[2])] == ["open", "open"]
    assert Meeting.objects.get(step="again").opened_at
    assert not Event.objects.filter(kind="group member gone").exists()


def test_a_function_is_told_how_the_group_went_and_in_which_role(gathered):
    feedback = {"name": "how", "kind": "feedback", "title": "How it went", "draw": call("told")}
    people = gathered(MEET, feedback, roles=["chair", "member", "clerk"])
    answer_all(people, 21, 22, 23)
    told = {each.text.partition("It went together for ")[2].partition(".")[0] for each in people}
    assert told == {"chair", "member", "clerk"}


def test_each_member_draws_its_own_on_the_way_to_a_step_and_keeps_it(gathered):
    people = gathered(MEET, AGAIN | {"draw": call("draw"), "stimulus": "draw"})
    answer_all(people, 21, 22, 23)
    assert [phase(each) for each in people] == ["open"] * 3
    tunes = list(Visit.objects.filter(step="again").values_list("stimulus", flat=True))
    assert len(set(tunes)) == 3
    assert [phase(each) for each in people] == ["open"] * 3
    assert list(Visit.objects.filter(step="again").values_list("stimulus", flat=True)) == tunes


def test_a_condition_hears_what_was_done_in_the_group(gathered):
    people = gathered(PLAY, BECAUSE | {"if": call("last_act")})
    for each, act in zip(people, "cdc", strict=True):
        phase(each)
        each.send(act=act, round="0")
    for each in people:
        assert phase(each) == "done"
        each.send()
    assert [each.title for each in people] == ["Why", "Thank you", "Why"]


def test_a_function_that_fails_holds_its_own_run_and_keeps_the_place_of_the_others(gathered):
    people = gathered(MEET, AGAIN | {"draw": call("breaks"), "stimulus": "draw"})
    answer_all(people, 21, 22, 23)
    assert "Once more" not in people[0].text
    assert people[0].look().status_code == 503
    assert Event.objects.filter(kind=FAILED, run=run_of(people[0])).exists()
    assert [Group.objects.get().status, Member.objects.filter(gone_at=None).count()] == [
        "together", 3]  # fmt: skip
    assert Answer.objects.filter(measure__name="age").count() == 3


def test_what_was_acted_is_kept_where_the_way_on_is_decided_by_a_function_that_fails(gathered):
    people = gathered(PLAY, BECAUSE | {"if": call("breaks")})
    for each in people:
        phase(each)
        each.send(act="c", round="0")
    assert [phase(each) for each in people] == ["done"] * 3
    for each in people:
        assert each.send().status_code in {302, 503}
    assert Trial.objects.count() == 3
    assert Answer.objects.filter(measure__name="play").count() == 3
    assert set(Sitting.objects.values_list("pending", flat=True)) == {"on"}


@pytest.mark.django_db(transaction=True)
def test_all_of_a_group_decide_at_once_and_begin_the_next_step_once(transactional_db, toylab):
    scripts.package(toylab.parent, code=CODE)
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    words = groups.words(size=TIMES) | {"flow": [MEET, AGAIN | {"if": call("slowly")}, END]}
    people = comers(experiments.published(accounts.project(lab), ann, words), ann, TIMES)
    looks = [(each, each.look) for each in people]
    for each in people:
        phase(each)
        each.look = lambda: None
        each.send(item_age="33")
    assert set(at_once(lambda number: until_made(looks[number][1]))) == {200}
    assert {member_of(each).meeting.step for each in people} == {"again"}
    assert Event.objects.filter(kind="group step began", data__step="again").count() == TIMES
    assert Visit.objects.filter(step="again").count() == TIMES


def until_made(look):
    """Look as a browser does that is asked to come back."""
    for _ in range(200):
        status = look().status_code
        if status != 503:
            return status
    raise AssertionError("the page was never made")
