"""From the link to the last page, and every way in which it goes wrong on the way."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant

from experiments.models import Link, Sitting
from runs.models import Answer, Consent, Run, Variant, Visit


@pytest.fixture
def someone(token):
    participant = Participant(token)
    participant.begin()
    return participant


def told():
    rows = Answer.objects.order_by("visit__position", "measure__name")
    return [(a.measure.name, a.value, a.label, a.missing) for a in rows.select_related("measure")]


def to_the_rating(participant, age="33"):
    participant.send(agree="1")
    participant.send(item_age=age)
    return participant


def test_a_whole_sitting(someone):
    assert someone.title == "Consent"
    someone.send(agree="1")
    assert someone.title == "About you"
    someone.send(item_age="33")
    for code in ("5", "1"):
        assert someone.title == "The melody"
        someone.send(item_liked=code, item_heard=["radio", "home"])
    assert someone.title == "Why"
    someone.send(item_why="Because.\r\nSo.")
    assert someone.title == "Thank you"
    assert told() == [
        ("age", 33, "33", ""),
        ("heard", ["radio", "home"], "On the radio; At home", ""),
        ("liked", 5, "Yes", ""),
        ("heard", ["radio", "home"], "On the radio; At home", ""),
        ("liked", 1, "No", ""),
        ("why", "Because.\nSo.", "", ""),
    ]
    run = Run.objects.get()
    assert (run.status, run.design) == ("completed", Sitting.objects.get().revision.digest)
    assert not Answer.objects.filter(measure__is_unforeseen=True).exists()


def test_looking_at_a_link_uses_nothing_up(revision, ann):
    token = experiments.token(revision, ann, kind=Link.Kind.SINGLE, resume="never")
    participant = Participant(token)
    for _ in range(3):
        assert participant.browser.get(f"/take/{token}/").status_code == 200
    assert participant.browser.head(f"/take/{token}/").status_code == 200
    participant.begin()
    assert participant.title == "Consent"
    again = participant.browser.post(f"/take/{token}/")
    assert again.status_code == 422
    assert b"for one person" in again.content
    assert Run.objects.count() == 1


def press_in(page):
    return re.search(r'name="press" value="([^"]+)"', page.content.decode())[1]


def test_a_beginning_whose_reply_was_lost_is_that_run_again_even_by_a_single_link(revision, ann):
    single = experiments.token(revision, ann, kind=Link.Kind.SINGLE, resume="never")
    address = f"/take/{single}/"
    sent = {"press": press_in(Client().get(address))}
    lost, again = Client().post(address, sent), Client().post(address, sent)
    assert (again.status_code, again["Location"]) == (302, lost["Location"])
    assert (Run.objects.count(), Link.objects.get().uses) == (1, 1)
    assert Client().post(address, {"press": "another"}).status_code == 422


def test_every_look_at_a_link_offers_a_run_of_its_own(token):
    looks = {press_in(Client().get(f"/take/{token}/")) for _ in range(3)}
    runs = {Client().post(f"/take/{token}/", {"press": press})["Location"] for press in looks}
    assert (len(looks), len(runs), Run.objects.count()) == (3, 3, 3)


def test_who_goes_back_after_the_end_and_begins_again_has_a_new_run(token):
    sent = {"press": press_in(Client().get(f"/take/{token}/"))}
    first = Client().post(f"/take/{token}/", sent)["Location"]
    Run.objects.update(status="completed", ended_at=now())
    second = Client().post(f"/take/{token}/", sent)["Location"]
    assert first != second
    assert Run.objects.count() == 2


def test_the_next_person_at_a_computer_begins_anew(someone, token):
    to_the_rating(someone)
    first = someone.address
    someone.begin()
    assert someone.title == "Consent"
    assert someone.address != first
    assert Run.objects.count() == 2


def test_who_declines_is_asked_nothing_and_stays_out(someone):
    page = someone.text
    someone.send(decline="1")
    assert someone.title == "You do not take part"
    assert not Consent.objects.get().agreed
    assert Run.objects.get().status == "declined"
    assert someone.send(page=page, agree="1").status_code == 409
    assert not Consent.objects.get().agreed


def test_consent_is_kept_word_for_word(someone):
    someone.send(agree="1")
    consent = Consent.objects.select_related("text").get()
    assert (consent.text.title, consent.text.text) == ("Consent", "We keep your answers.")
    assert consent.agreed


def test_a_page_with_a_fault_keeps_what_was_written_and_stores_nothing(someone):
    someone.send(agree="1")
    answer = someone.send(item_age="12")
    assert answer.status_code == 422
    assert "at least 18" in someone.text
    assert 'value="12"' in someone.text
    assert Answer.objects.count() == 0
    someone.send(item_age="18")
    assert told() == [("age", 18, "18", "")]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "Please answer this"),
        ({"item_age": "  "}, "Please answer this"),
        ({"item_age": "old"}, "a number"),
        ({"item_age": "nan"}, "a number"),
        ({"item_age": "1e999"}, "a number"),
        ({"item_age": "121"}, "at most 120"),
    ],
)
def test_what_is_no_answer_is_refused_beside_its_item(someone, sent, says):
    someone.send(agree="1")
    assert someone.send(**sent).status_code == 422
    assert says in someone.text


def test_options_are_those_that_were_offered(someone):
    to_the_rating(someone)
    assert someone.send(item_liked="7").status_code == 422
    assert "one of what is offered" in someone.text
    assert someone.send(item_liked="5", item_heard=["no", "radio"]).status_code == 422
    assert "cannot be chosen together" in someone.text


def test_cannot_say_is_a_missing_answer_that_names_its_reason(someone):
    to_the_rating(someone)
    someone.send(item_liked="-9")
    assert ("liked", -9, "Cannot say", "declined") in told()
    assert ("heard", None, "", "skipped") in told()


def test_a_blank_is_asked_about_once(someone):
    to_the_rating(someone)
    someone.send(item_liked="1")
    someone.send(item_liked="1")
    assert someone.title == "Why"
    assert someone.send().status_code == 422
    assert "continue to leave it blank" in someone.text
    someone.send(asked="1")
    assert someone.title == "Thank you"
    assert told()[-1] == ("why", None, "", "skipped")


def test_a_condition_hides_a_step(someone):
    to_the_rating(someone)
    someone.send(item_liked="5")
    someone.send(item_liked="5")
    assert someone.title == "Thank you"


def test_a_button_leaves_the_loop_and_keeps_the_answers(someone):
    to_the_rating(someone)
    assert "Enough of it" in someone.text
    someone.send(item_liked="5", leave="1")
    assert someone.title == "Thank you"
    assert ("liked", 5, "Yes", "") in told()


def test_a_reload_shows_the_same_page(someone):
    to_the_rating(someone)
    first = someone.text
    assert someone.look().content.decode() == first
    assert Visit.objects.filter(step="rate").count() == 1


def test_a_double_click_answers_once_and_goes_one_step(someone):
    someone.send(agree="1")
    page = someone.text
    someone.send(page=page, item_age="33")
    someone.send(page=page, item_age="33")
    assert someone.title == "The melody"
    assert Visit.objects.filter(step="rate").count() == 1
    assert told() == [("age", 33, "33", "")]


def test_the_last_page_whose_reply_was_lost_leads_to_the_end_when_it_is_sent_again(someone):
    to_the_rating(someone)
    someone.send(item_liked="5")
    page = someone.text
    someone.send(item_liked="5")
    assert someone.title == "Thank you"
    assert someone.send(page=page, item_liked="5").status_code == 302
    assert someone.title == "Thank you"
    assert someone.send(page=page, item_liked="1").status_code == 409
    assert [value for name, value, *_ in told() if name == "liked"] == [5, 5]


def test_declining_twice_is_declining(someone):
    page = someone.text
    someone.send(decline="1")
    assert someone.send(page=page, decline="1").status_code == 302
    assert someone.title == "You do not take part"


def test_back_and_another_answer_stay_under_the_page_they_belong_to(someone):
    someone.send(agree="1")
    before = someone.text
    someone.send(item_age="33")
    someone.send(page=before, item_age="44")
    assert someone.title == "The melody"
    assert told() == [("age", 33, "33", "")]
    assert Variant.objects.get().visit.step == "about-you"


def test_another_device_is_told_and_takes_over(someone):
    to_the_rating(someone)
    other = Participant(someone.token)
    other.address = someone.address
    assert other.look().status_code == 409
    assert other.title == "The study is open elsewhere"
    other.send()
    assert other.title == "The melody"
    other.send(item_liked="5")
    late = someone.send(item_liked="1")
    assert late.status_code == 409
    assert ("liked", 5, "Yes", "") in told()
    assert ("liked", 1, "No", "") not in told()


def test_a_browser_that_blocks_cookies_takes_part(token):
    someone = Participant(token, blocks_cookies=True)
    someone.begin()
    someone.send(agree="1")
    someone.send(item_age="33")
    assert someone.title == "The melody"


def test_a_page_of_another_run_is_refused(someone, token):
    someone.send(agree="1")
    page = someone.text
    other = Participant(token)
    other.begin()
    key = other.key
    mine = someone.key
    answer = other.send(page=page.replace(mine, key), item_age="33")
    assert answer.status_code == 404
    assert Answer.objects.count() == 0


@pytest.mark.parametrize("address", ["/take/nothing/", "/run/nothing/"])
def test_an_address_that_leads_nowhere_says_so(db, client, address):
    answer = client.get(address)
    assert answer.status_code == 404
    assert b"leads nowhere" in answer.content


def test_a_run_goes_on_with_its_revision_when_another_is_published(someone, project, ann):
    someone.send(agree="1")
    words = experiments.WORDS | {"pages": experiments.WORDS["pages"] | {
        "rating": {"title": "Changed", "items": ["liked"]}}}  # fmt: skip
    newer = experiments.published(project, ann, words)
    someone.send(item_age="33")
    assert someone.title == "The melody"
    fresh = Participant(someone.token)
    fresh.begin()
    to_the_rating(fresh)
    assert fresh.title == "Changed"
    assert Run.objects.order_by("created_at").last().design == newer.digest


def test_what_a_recruiter_adds_to_the_link_is_kept(token):
    someone = Participant(token)
    someone.begin("?PROLIFIC_PID=abc&STUDY_ID=7")
    assert Run.objects.get().external == {"PROLIFIC_PID": "abc", "STUDY_ID": "7"}


def test_texts_are_shown_as_text(project, ann):
    words = experiments.WORDS | {"title": "<script>alert(1)</script>"}
    revision = experiments.published(project, ann, words)
    page = Participant(experiments.token(revision, ann)).browser
    answer = page.get(f"/take/{experiments.token(revision, ann)}/")
    assert b"<script>alert" not in answer.content


def words_with(count):
    """Return a protocol with a page of ten items, and many others in the bank."""
    item = {"text": "How?", "kind": "choice", "scale": "agree"}
    items = {f"q{number}": item for number in range(count)}
    page = {"title": "Ten", "items": [f"q{number}" for number in range(10)]}
    return experiments.WORDS | {
        "items": items,
        "pages": {"ten": page},
        "flow": [{"name": "ten", "page": "ten"}, {"name": "end", "kind": "end"}],
    }


@pytest.mark.parametrize("bank", [10, 10_000])
def test_a_page_of_ten_items_asks_few_questions_whatever_the_bank(project, ann, bank):
    someone = Participant(
        experiments.token(experiments.published(project, ann, words_with(bank)), ann)
    )
    someone.begin()
    with CaptureQueriesContext(connection) as served:
        someone.look()
    assert len(served) <= 15, [each["sql"] for each in served]
    assert not [
        each["sql"] for each in served if '"words"' in each["sql"]
    ]  # they grow with the bank
    sent = {f"item_q{number}": "5" for number in range(10)}
    someone.look, look = (lambda: None), someone.look
    with CaptureQueriesContext(connection) as accepted:
        someone.send(**sent)
    assert len(accepted) <= 12, [each["sql"] for each in accepted]
    someone.look = look
    assert Answer.objects.count() == 10
