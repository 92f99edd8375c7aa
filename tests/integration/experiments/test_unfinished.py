"""Who signs in is offered what they began before, and goes on with it or leaves it."""

import re

import pytest
from django.core import signing
from django.utils.timezone import now
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant
from tests.integration.experiments.test_consent import WAY_OUT
from tests.integration.experiments.test_sign_in import (
    ADDRESS,
    SECRET,
    WORDS,
    arrived,
    code_for,
    enter,
    press,
)

from experiments.models import Sitting
from experiments.services import unfinished
from runs.models import Answer, Event, Run

OFFER = re.compile(r'name="unfinished" value="([^"]+)"')


@pytest.fixture
def token(project, ann):
    return experiments.token(experiments.published(project, ann, WORDS), ann)


@pytest.fixture
def someone(token):
    return arrived(token)


@pytest.fixture
def again(someone, token):
    """Sign in anew where a run of the same person has not come to its end."""
    enter(someone)
    second = arrived(token)
    press(second, "sign-in", address=ADDRESS, password=SECRET)
    return second


def go_back(participant, ticket=None):
    found = OFFER.search(participant.text)
    data = {"unfinished": found[1] if ticket is None else ticket}
    return participant.browser.post(f"/run/{participant.key}/go-back/", data)


def newest_first():
    return list(Run.objects.order_by("-created_at"))


def test_the_page_after_signing_in_offers_what_was_begun_before(again):
    assert again.title == "Memory"  # nothing holds up who would rather go on here
    assert "You began this study on" in again.text
    assert "and are at" in again.text


def test_who_takes_the_offer_goes_on_where_they_were_and_answers_count_there(again, someone):
    answer = go_back(again)
    assert answer.status_code == 302
    older = newest_first()[1]
    back = Participant("")
    back.browser, back.address = again.browser, answer["Location"].split("?")[0]
    back.look()
    assert back.title == "Memory"
    assert back.key not in {again.key, someone.key}
    event = Event.objects.get(kind="gone on with")
    assert (event.run, event.data["instead_of"]) == (older, str(newest_first()[0].pk))
    back.send(item_why="later")
    assert Answer.objects.filter(visit__run=older, text="later").count() == 1
    about = back.browser.get(f"/run/{back.key}/about/").content.decode()
    assert b"Withdraw" in back.browser.get(WAY_OUT.search(about)[0]).content


def test_a_code_leads_to_the_offer_too(someone, token):
    enter(someone)
    second = arrived(token)
    press(second, "use-code", code=code_for(second), chosen="another sentinel staple")
    assert OFFER.search(second.text)


def test_nobody_is_offered_what_is_over_or_what_they_have_not_signed_in_for(someone, token):
    enter(someone)
    Run.objects.update(status="completed", ended_at=now())
    second = arrived(token)
    press(second, "sign-in", address=ADDRESS, password=SECRET)
    assert not OFFER.search(second.text)


def test_a_ticket_is_of_no_use_to_another_run_or_made_up_or_old(again, monkeypatch):
    ticket = OFFER.search(again.text)[1]
    stranger = Participant(again.token)
    stranger.begin()
    for wrong in (ticket, "", "made:up", signing.dumps([1, 2]), signing.dumps(None)):
        assert go_back(stranger, ticket=wrong).status_code == 422
    monkeypatch.setattr(unfinished, "LASTS_S", -1)
    assert go_back(again, ticket=ticket).status_code == 422
    assert not Event.objects.filter(kind="gone on with").exists()


def test_the_offer_goes_with_the_run_that_has_ended_meanwhile(again):
    older = newest_first()[1]
    Run.objects.filter(pk=older.pk).update(status="timed out", ended_at=now())
    answer = go_back(again)
    assert answer.status_code == 422
    assert "This offer is over" in answer.content.decode()


def test_pages_without_an_offer_ask_nothing_more(again, django_assert_num_queries):
    sitting = Sitting.objects.select_related("run").get(run=newest_first()[0])
    with django_assert_num_queries(0):
        assert unfinished.offered(ticket="x", run=sitting.run) is None
