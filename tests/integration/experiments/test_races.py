"""Two at once, on a database that commits."""

import time

import pytest
from django.test import Client
from tests.factories import accounts, experiments
from tests.integration.experiments.taking_part import ACTION, HOLDER, Participant
from tests.integration.runs.test_races import TIMES, at_once

from accounts.roles import Role
from experiments.models import Link, Sitting
from runs.models import Answer, Run, Visit

pytestmark = pytest.mark.django_db(transaction=True)


def post(address, data=None):
    """Post as a browser of its own; asked to come back in a moment, it does."""
    for _ in range(500):
        status = Client().post(address, data or {}).status_code
        if status != 503:
            return status
        time.sleep(0.02)
    raise AssertionError("the site stayed busy")


@pytest.fixture
def made(transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    return experiments.published(accounts.project(lab), ann), ann


def test_of_eight_who_use_a_single_link_at_once_one_begins(made):
    revision, ann = made
    token = experiments.token(revision, ann, kind=Link.Kind.SINGLE, resume="never")

    def begin(_):
        return post(f"/take/{token}/")

    assert sorted(at_once(begin)) == [302] + [422] * (TIMES - 1)
    assert (Run.objects.count(), Sitting.objects.count()) == (1, 1)


def test_eight_devices_that_open_a_single_link_at_once_are_led_to_one_run(made):
    revision, ann = made
    token = experiments.token(revision, ann, kind=Link.Kind.SINGLE)

    def begin(_):
        return post(f"/take/{token}/")

    assert at_once(begin) == [302] * TIMES
    assert (Run.objects.count(), Link.objects.get().uses) == (1, 1)


@pytest.mark.parametrize("kind", [Link.Kind.OPEN, Link.Kind.SINGLE])
def test_eight_presses_of_one_button_at_once_begin_one_run(made, kind):
    revision, ann = made
    token = experiments.token(revision, ann, kind=kind)

    def begin(_):
        return post(f"/take/{token}/", {"press": "the same"})

    assert at_once(begin) == [302] * TIMES
    assert (Run.objects.count(), Link.objects.get().uses) == (1, 1)


def test_eight_clicks_at_once_answer_once_and_go_one_step(made):
    revision, ann = made
    someone = Participant(experiments.token(revision, ann))
    someone.begin()
    someone.send(agree="1")
    text = someone.text
    data = {"holder": HOLDER.search(text)[1], "item-age": "33"}

    def click(_):
        return post(ACTION.search(text)[1], data)

    assert at_once(click) == [302] * TIMES
    assert Answer.objects.count() == 1
    someone.look()
    assert someone.title == "The melody"
    assert Sitting.objects.get().position == 3
    assert Visit.objects.count() == 3
