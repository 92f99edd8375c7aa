"""What a task is told of the group in which its members exchange what they say."""

import json
import re

import pytest
from django.utils.timezone import now
from tests.factories import experiments, groups, tasks
from tests.integration.experiments.in_groups import comers, member_of, pass_time, phase, run_of

from runs.models import Run

ASK = {"type": "group-exchange", "prompt": "Which?", "choices": ["a", "b"]}
SETUP = re.compile(r'id="task-setup" type="application/json">(.*?)</script>', re.DOTALL)


@pytest.fixture
def begun(project, ann):
    """Let so many come to a group of two, and go on to its task."""

    def come(count=2, nodes=(ASK,), **group):
        words = groups.words(size=2, **group)
        task = tasks.words(list(nodes), after="")["flow"][0] | {"name": "dilemma"}
        words["flow"] = [words["flow"][0], task, words["flow"][-1]]
        return comers(experiments.published(project, ann, words), ann, count)

    return come


def setup_of(someone):
    return json.loads(SETUP.search(someone.text)[1])


def news(someone):
    return someone.browser.get(f"/run/{someone.key}/group/").json()


def at_the_task(people):
    for each in people:
        assert phase(each) == "open"
        each.send(item_age="33")


def test_each_member_is_told_its_seat_and_where_to_exchange(begun):
    people = begun(roles=["chair", "clerk"])
    at_the_task(people)
    told = [setup_of(each)["group"] for each in people]
    assert sorted(each["seat"] for each in told) == [0, 1]
    assert {each["role"] for each in told} == {"chair", "clerk"}
    assert {each["step"] for each in told} == {"dilemma:"}
    assert told[0]["ask"] == f"/run/{people[0].key}/group/"
    assert told[0]["module"].startswith("/static/experiments/exchange")
    assert setup_of(people[0])["plugins"] == {}
    assert "vendor/jspsych/group-exchange" not in people[0].text


def test_who_asks_hears_who_is_still_there(begun):
    people = begun()
    at_the_task(people)
    assert news(people[0])["seats"] == [0, 1]
    Run.objects.filter(pk=run_of(people[1]).pk).update(status="timed out", ended_at=now())
    assert news(people[0])["seats"] == [member_of(people[0]).seat]


def test_who_found_no_group_has_no_seat_and_goes_on(begun):
    (someone,) = begun(1)
    pass_time(601, but=[someone])
    assert phase(someone) == "alone"
    someone.send()
    assert setup_of(someone)["group"]["seat"] is None


def test_a_task_without_exchanges_is_told_nothing_of_groups(begun):
    people = begun(nodes=tasks.keys(1))
    at_the_task(people)
    assert setup_of(people[0])["group"] is None
