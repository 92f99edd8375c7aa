"""Consent is evidence, the participant has a copy of it, and a way out."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant
from tests.integration.experiments.whole_database import tables_with

from accounts.keys import digest
from accounts.models import AuditEntry
from experiments.definition.protocol import read_protocol
from experiments.errors import NotAProtocol
from experiments.models import Link
from experiments.services import links
from runs.models import Answer, Consent, ConsentText, Event, Run, Trial, Variant, Visit, Withdrawal
from runs.models import Participant as Person
from runs.rows import rows_of
from runs.services import trials, withdrawals
from runs.services.runs import withdrawal_token

CONSENT = {
    "name": "consent", "kind": "consent", "title": "Consent", "text": "We keep your answers.",
    "version": "2026-03",
    "choices": [{"name": "adult", "text": "I am of age.", "need": "required"},
                {"name": "share", "text": "My answers may be shared."}],
}  # fmt: skip
WORDS = experiments.WORDS | {"flow": [CONSENT, *experiments.WORDS["flow"][1:]]}
WAY_OUT = re.compile(r"/withdraw/[^/\"<\s]+/")


@pytest.fixture
def someone(project, ann):
    participant = Participant(experiments.token(experiments.published(project, ann, WORDS), ann))
    participant.begin("?PROLIFIC_PID=sentinel-recruiter")
    return participant


def about(participant):
    return participant.browser.get(f"/run/{participant.key}/about/").content.decode()


def way_out(participant):
    return WAY_OUT.search(about(participant))[0]


def withdraw(participant, **said):
    address = way_out(participant)
    return Client(enforce_csrf_checks=True).post(address, {"confirm": "1"} | said, follow=True)


# --- consent --------------------------------------------------------------------------------------
def test_nothing_is_ticked_beforehand(someone):
    assert "of age" in someone.text
    assert "checked" not in someone.text


def test_a_tick_that_is_needed_is_asked_for_and_what_was_ticked_stays(someone):
    assert someone.send(agree="1", **{"choice-share": "1"}).status_code == 422
    assert someone.text.count("checked") == 1
    assert "Please check" in someone.text
    assert not Consent.objects.exists()


def test_declining_needs_no_tick(someone):
    someone.send(decline="1")
    assert someone.title == "You do not take part"
    assert Consent.objects.get().choices == {}


def test_neither_button_is_no_answer(someone):
    assert someone.send(**{"choice-adult": "1"}).status_code == 422
    assert not Consent.objects.exists()
    assert Run.objects.get().is_open


def test_each_tick_and_the_very_words_are_kept(someone):
    someone.send(agree="1", **{"choice-adult": "1"})
    consent = Consent.objects.select_related("text").get()
    assert consent.choices == {"adult": True, "share": False}
    assert consent.text.version == "2026-03"
    assert [each["text"] for each in consent.text.choices] == [
        "I am of age.", "My answers may be shared."]  # fmt: skip


def test_other_words_of_a_tick_are_another_text(someone, project, ann):
    someone.send(agree="1", **{"choice-adult": "1"})
    choices = [CONSENT["choices"][0], {"name": "share", "text": "Anybody may have them."}]
    words = WORDS | {"flow": [CONSENT | {"choices": choices}, *WORDS["flow"][1:]]}
    other = Participant(experiments.token(experiments.published(project, ann, words), ann))
    other.begin()
    other.send(agree="1", **{"choice-adult": "1"})
    assert ConsentText.objects.count() == 2


def test_ticked_otherwise_afterwards_the_first_stays(someone):
    page = someone.text
    someone.send(agree="1", **{"choice-adult": "1"})
    someone.send(page=page, agree="1", **{"choice-adult": "1", "choice-share": "1"})
    assert Consent.objects.get().choices["share"] is False
    assert someone.title == "About you"


@pytest.mark.parametrize(
    ("consent", "says"),
    [
        ({"choices": [{"name": "a", "text": "A"}, {"name": "a", "text": "B"}]}, "twice"),
        ({"choices": [{"name": "a"}]}, "text"),
        ({"choices": [{"name": "a", "text": "A", "need": "maybe"}]}, "need"),
        ({"choices": {"a": "A"}}, "list"),
    ],
)
def test_a_fault_in_a_consent_is_named(consent, says):
    with pytest.raises(NotAProtocol, match=says):
        read_protocol(WORDS | {"flow": [CONSENT | consent]})


def test_choices_stand_at_a_consent_alone():
    page = {"name": "about", "page": "about", "choices": []}
    with pytest.raises(NotAProtocol, match="choices"):
        read_protocol(WORDS | {"flow": [page]})


# --- the copy -------------------------------------------------------------------------------------
def test_the_copy_says_what_was_agreed_to(someone):
    assert "not been asked" in about(someone)
    someone.send(agree="1", **{"choice-adult": "1"})
    text = about(someone)
    for words in ("We keep your answers.", "2026-03", "Yes: I am of age.", "No: My answers may"):
        assert words in text
    kept = someone.browser.get(f"/run/{someone.key}/about/consent.txt")
    assert kept["Content-Disposition"] == 'attachment; filename="consent.txt"'
    assert "[x] I am of age." in kept.content.decode()
    assert WAY_OUT.search(kept.content.decode())
    assert "no-store" in kept["Cache-Control"]


def test_the_copy_is_a_few_queries(someone):
    someone.send(agree="1", **{"choice-adult": "1"})
    with CaptureQueriesContext(
        connection,
    ) as asked:
        about(someone)
    assert len(asked) <= 4


def test_looking_at_the_way_out_changes_nothing(someone):
    address = way_out(someone)
    for _ in range(2):
        assert b"cannot be undone" in Client().get(address).content
    assert Run.objects.get().is_open


# --- the way out ----------------------------------------------------------------------------------
def test_a_way_out_is_kept_as_its_hash_and_opens_no_run(someone):
    token = way_out(someone).split("/")[2]
    assert not tables_with(token, someone.key)
    assert Client().get(f"/run/{token}/").status_code == 404
    assert Client().get(f"/withdraw/{someone.key}/").status_code == 404


def test_what_is_not_confirmed_erases_nothing(someone):
    someone.send(agree="1", **{"choice-adult": "1"})
    answer = withdraw(someone, confirm="")
    assert answer.status_code == 422
    assert Run.objects.get().is_open
    assert not Withdrawal.objects.exists()


def full(someone):
    """Fill every table of a run with what must be gone afterwards."""
    someone.send(agree="1", **{"choice-adult": "1", "choice-share": "1"})
    before = someone.text
    someone.send(item_age="33")
    someone.send(page=before, item_age="44")
    someone.send(item_liked="1")
    someone.send(item_liked="1")
    someone.send(item_why="sentinel-why")
    run = Run.objects.get()
    visit = Visit.objects.order_by("position").first()
    Run.objects.filter(pk=run.pk).update(
        device={"agent": "sentinel-agent"}, time_zone="sentinel/zone", status="active",
        ended_at=None, excluded_at=now(), excluded_because="sentinel-because",
    )  # fmt: skip
    Person.objects.update(time_zone="sentinel/home")
    visit.content = {"shown": "sentinel-content"}
    visit.save()
    run.refresh_from_db()
    rows = rows_of([{"index": 0, "data": {"response": {"q": "sentinel-response"}}}])
    visit.run = run
    trials.store(visit=visit, holder=run.holder or "x", rows=rows)
    other = rows_of([{"index": 0, "data": {"response": {"q": "sentinel-variant"}}}])
    trials.store(visit=visit, holder=run.holder or "x", rows=other)
    Event.objects.create(run=run, visit=visit, kind="x", received_at=now(),
                         data={"x": "sentinel-event"})  # fmt: skip


def test_a_withdrawal_erases_all_rows_and_keeps_counts(someone):
    full(someone)
    assert tables_with("sentinel")
    answers = Answer.objects.count()
    answer = withdraw(someone)
    made = Withdrawal.objects.get()
    assert made.receipt in answer.content.decode()
    assert made.counts["answers"] == answers
    assert (made.counts["trials"], made.counts["runs"]) == (1, 1)
    assert tables_with("sentinel") == set()
    for model in (Answer, Trial, Event, Variant, Visit):
        assert not model.objects.exists(), model
    run, person, consent = Run.objects.get(), Person.objects.get(), Consent.objects.get()
    assert (run.status, run.cell, run.external, run.seed) == ("withdrawn", "", {}, 0)
    assert person.withdrawn_at
    assert consent.withdrawn_at
    assert (consent.agreed, consent.choices) == (True, {})
    for at in (run.created_at, run.ended_at, consent.at, person.created_at):
        assert (at.hour, at.minute, at.second) == (0, 0, 0)


def test_the_history_holds_no_address_of_a_participant(someone):
    withdraw(someone)
    entry = AuditEntry.objects.get(action="participant.withdrew")
    assert (entry.address, entry.user, entry.request_id) == (None, None, "")
    assert entry.object_label == Person.objects.get().pseudonym


def test_withdrawn_twice_is_withdrawn_once_with_the_same_receipt(someone):
    address = way_out(someone)
    first, again = (Client().post(address, {"confirm": "1"}, follow=True) for _ in range(2))
    assert Withdrawal.objects.count() == 1
    assert first.content == again.content
    assert b"receipt" in Client().get(address).content


def test_who_has_withdrawn_is_told_so_and_sends_nothing_more(someone):
    someone.send(agree="1", **{"choice-adult": "1"})
    page = someone.text
    withdraw(someone)
    assert someone.look().status_code == 200
    assert someone.title == "You have withdrawn"
    assert someone.send(page=page, item_age="33").status_code == 404
    assert not Answer.objects.exists()
    about(someone)


def test_answers_may_stay_without_the_person(someone):
    full(someone)
    withdraw(someone, keep="1")
    assert Answer.objects.filter(text="sentinel-why").exists()
    assert not tables_with("sentinel-recruiter")
    assert someone.look().status_code == 200
    assert someone.title == "You have withdrawn"
    assert "stays, without your name" in Client().get(way_out(someone)).content.decode()


def two_runs(someone, project, ann):
    person = Person.objects.get()
    made = links.make(protocol=Link.objects.get().protocol, by=ann, kind="personal",
                      participant=person, label="sentinel-label")  # fmt: skip
    second = Participant(made.token)
    second.begin()
    for each in (someone, second):
        each.send(agree="1", **{"choice-adult": "1"})
        each.send(item_age="33")
    return second


def test_one_of_two_runs_is_withdrawn_and_the_other_stays(someone, project, ann):
    second = two_runs(someone, project, ann)
    assert b"Only the first one" in Client().get(way_out(someone)).content
    withdraw(someone, scope="this")
    assert sorted(Run.objects.values_list("status", flat=True)) == ["active", "withdrawn"]
    assert Answer.objects.get().visit.run.is_open
    assert Person.objects.get().withdrawn_at is None
    second.look()
    assert second.title == "The melody"
    withdraw(second)
    assert Person.objects.get().withdrawn_at
    assert not Answer.objects.exists()


def test_all_runs_are_withdrawn_and_the_personal_link_closes(someone, project, ann):
    second = two_runs(someone, project, ann)
    withdraw(someone, scope="all")
    assert set(Run.objects.values_list("status", flat=True)) == {"withdrawn"}
    assert Client().get(f"/take/{second.token}/").status_code == 404
    assert not tables_with("sentinel")


def test_another_participant_is_not_touched(someone):
    other = Participant(someone.token)
    other.begin()
    for each in (someone, other):
        each.send(agree="1", **{"choice-adult": "1"})
        each.send(item_age="33")
    withdraw(someone)
    assert Answer.objects.count() == 1
    other.look()
    assert other.title == "The melody"


def test_a_run_from_before_links_to_withdraw_gets_one_with_its_next_page(someone):
    Run.objects.update(withdrawal_digest=None)
    someone.look()
    token = withdrawal_token(someone.key)
    assert Run.objects.get().withdrawal_digest == digest(token)
    assert token in about(someone)
    assert withdrawals.by_token(token) == Run.objects.get()


def test_a_run_that_has_a_link_to_withdraw_is_given_no_other(someone):
    before = Run.objects.get().withdrawal_digest
    with CaptureQueriesContext(connection) as asked:
        someone.look()
    assert not [each for each in asked if each["sql"].startswith("UPDATE")]
    assert Run.objects.get().withdrawal_digest == before
