"""Participants whom a recruiter sends: who they are, what they get back, what it is told, once."""

import io
import json
import logging
import re

import pytest
from django.core.management import CommandError, call_command
from tests.factories import experiments
from tests.integration.experiments import fake_recruiters
from tests.integration.experiments.fake_recruiters import BROKEN, BUSY, LOST
from tests.integration.experiments.taking_part import Participant

from experiments.errors import NotAProtocol
from experiments.models import Arrival, Recruiter
from experiments.services import confirming, handing_back, recruiting
from experiments.services.confirming import ToldLater
from jobs.models import Job
from runs.models import Participant as Person
from runs.models import Run
from runs.services import withdrawals

CODES = {"completed": "DONE1", "screened out": "OUT2", "declined": "NO3", "tired": "TIRED4",
         "timed out": "LATE5"}  # fmt: skip
WORDS = experiments.WORDS | {"flow": [
    {"name": "consent", "kind": "consent", "title": "Consent", "text": "We keep your answers."},
    {"name": "about-you", "page": "about"},
    {"name": "young", "kind": "end", "title": "Too young", "outcome": "screened out",
     "if": {"item": "age", "is": "<", "value": 21}},
    {"name": "old", "kind": "end", "title": "Rest", "outcome": "tired",
     "if": {"item": "age", "is": ">", "value": 90}},
    {"name": "end", "kind": "end", "title": "Thank you"},
]}  # fmt: skip
PROLIFIC = {"codes": CODES}
SONA = {"experiment": "123"}
FROM_PROLIFIC = "?PROLIFIC_PID=pid1&STUDY_ID=study1&SESSION_ID=sub1"


@pytest.fixture
def revision(project, ann):
    return experiments.published(project, ann, WORDS)


@pytest.fixture
def sent_by(revision, ann):
    """Return a link's token for people whom a recruiter sends."""

    def make(sender, words=None, account="", **values):
        recruiter = recruiting.agree(
            protocol=revision.protocol,
            by=ann,
            name=sender,
            kind=sender,
            words={} if words is None else words,
            account=account,
        )
        return experiments.token(revision, ann, recruiter=recruiter, **values)

    return make


@pytest.fixture
def fake(settings):
    """Serve a recruiter on this machine, whose key is in the site's secrets."""
    opened = []

    def serve(one):
        serving = fake_recruiters.serving(one)
        address = serving.__enter__()
        opened.append(serving)
        name = f"ALDER_{type(one).__name__.upper()}"
        settings.RECRUITER_ACCOUNTS = {name: f"{address} {one.key}"}
        settings.SECRET_VALUES = [*settings.SECRET_VALUES, "top-secret-key"]
        return one

    yield serve
    for serving in opened:
        serving.__exit__(None, None, None)


def came(token, query, age="33"):
    someone = Participant(token)
    someone.begin(query)
    someone.send(agree="1")
    someone.send(item_age=age)
    return someone


def arrival():
    return Arrival.objects.select_related("run").get()


def try_until_settled(most=20):
    """Do what the job does, attempt after attempt; return how many there were."""
    for number in range(1, most + 1):
        try:
            confirming.confirm(arrival=arrival().pk)
        except ToldLater:
            continue
        return number
    raise AssertionError("it was never settled")


# --- who comes -----------------------------------------------------------------------------------
def test_a_recruiters_ids_stand_apart_from_the_run(sent_by):
    someone = came(sent_by("prolific", PROLIFIC), FROM_PROLIFIC + "&colour=red")
    found = arrival()
    assert (found.person, found.submission, found.facts) == ("pid1", "sub1", {"study": "study1"})
    assert found.run.external == {"colour": "red"}
    assert "pid1" not in someone.text


def test_the_same_submission_goes_on_with_its_run_on_another_device(sent_by):
    token = sent_by("prolific", PROLIFIC)
    first = Participant(token)
    first.begin(FROM_PROLIFIC)
    other = Participant(token)
    other.begin(FROM_PROLIFIC)
    assert other.key == first.key
    assert Run.objects.count() == 1


def test_a_code_that_can_be_guessed_opens_a_run_in_its_own_browser_alone(sent_by):
    token = sent_by("sona", SONA)
    first = Participant(token)
    first.begin("?survey_code=4711")
    other = Participant(token)
    answer = other.browser.post(f"/take/{token}/?survey_code=4711")
    assert answer.status_code == 422
    assert b"another browser" in answer.content
    key = first.key
    first.begin("?survey_code=4711")
    assert first.key == key
    neighbour = Participant(token)
    neighbour.browser = first.browser
    assert key not in first.browser.get(f"/take/{token}/?survey_code=22").content.decode()
    neighbour.begin("?survey_code=22")
    assert neighbour.key != key


def test_a_person_takes_part_once_unless_they_may_again(sent_by, revision, ann):
    token = sent_by("prolific", PROLIFIC)
    came(token, FROM_PROLIFIC)
    again = FROM_PROLIFIC.replace("sub1", "sub2")
    answer = Participant(token).browser.post(f"/take/{token}/{again}")
    assert (answer.status_code, b"taken part already" in answer.content) == (422, True)
    recruiting.agree(protocol=revision.protocol, by=ann, name="prolific", kind="prolific",
                     words=PROLIFIC | {"again": True})  # fmt: skip
    came(token, again)
    assert Run.objects.count() == 2
    assert Person.objects.count() == 1  # the first use of an id has bound it


def test_who_declined_may_come_again_with_another_submission(sent_by):
    token = sent_by("prolific", PROLIFIC)
    someone = Participant(token)
    someone.begin(FROM_PROLIFIC)
    someone.send(decline="1")
    someone.begin(FROM_PROLIFIC.replace("sub1", "sub2"))
    assert someone.title == "Consent"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "does not say which participant"),
        ("?PROLIFIC_PID=pid1", "does not say which participant"),
        ("?PROLIFIC_PID=pid1&SESSION_ID=sub1&STUDY_ID=other", "named another study"),
    ],
)
def test_a_link_that_is_not_whole_begins_nothing(sent_by, query, says):
    token = sent_by("prolific", PROLIFIC | {"study": "study1"})
    for ask in (Participant(token).browser.get, Participant(token).browser.post):
        answer = ask(f"/take/{token}/{query}")
        assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert Run.objects.count() == 0


def test_a_look_at_a_task_of_mturk_begins_nothing(sent_by):
    token = sent_by("mturk", {})
    query = "?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=h&workerId=w"
    answer = Participant(token).browser.post(f"/take/{token}/{query}")
    assert (answer.status_code, b"look" in answer.content) == (422, True)
    assert Run.objects.count() == 0


# --- what they get back --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("age", "code", "status"),
    [("33", "DONE1", "completed"), ("19", "OUT2", "screened out"), ("99", "TIRED4", "completed")],
)
def test_the_last_page_gives_the_code_of_the_outcome_and_leads_back(sent_by, age, code, status):
    someone = came(sent_by("prolific", PROLIFIC), FROM_PROLIFIC, age=age)
    assert f'<strong class="code">{code}</strong>' in someone.text
    address = f"https://app.prolific.com/submissions/complete?cc={code}"
    assert f'href="{address}"' in someone.text
    assert Run.objects.get().status == status
    assert "refresh" not in someone.text


def test_who_declines_gets_a_code_too(sent_by):
    someone = Participant(sent_by("prolific", PROLIFIC))
    someone.begin(FROM_PROLIFIC)
    someone.send(decline="1")
    assert "NO3" in someone.text


def test_without_a_code_for_the_outcome_nobody_is_led_back_with_an_empty_one(sent_by):
    someone = came(sent_by("prolific", {"codes": {"declined": "NO3"}}), FROM_PROLIFIC)
    assert "prolific.com" not in someone.text


def test_a_recruiter_may_be_returned_to_at_once(sent_by):
    someone = came(sent_by("prolific", PROLIFIC | {"at_once": True}), FROM_PROLIFIC)
    assert re.search(
        r'<meta http-equiv="refresh" content="0;url=https://app.prolific', someone.text
    )


def test_values_in_an_address_stay_values(sent_by, settings):
    settings.RETURN_HOSTS = [".panel.example"]
    words = {"return_to": "https://a.panel.example/back?who={person}&how={outcome}"}
    someone = came(sent_by("generic", words), "?participant=a%26b%3Dc/../%23")
    assert 'href="https://a.panel.example/back?who=a%26b%3Dc%2F..%2F%23&amp;how=completed"' in (
        someone.text
    )
    settings.RETURN_HOSTS = []
    assert "panel.example" not in someone.look().content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "http://app.prolific.com/",
        "https://evil.example/",
        "https://app.prolific.com.evil.example/",
        "https://app.prolific.com@evil.example/",
        "https://app.prolific.com:8443/",
        "https://{person}/",
        "javascript:alert(1)",
        "https://app.prolific.com/{secret}",
        "https://app.prolific.com/{person.__class__}",
        "https://[::1/",
        "//app.prolific.com/",
    ],
)
def test_nobody_is_led_where_the_site_does_not_allow(sent_by, address):
    with pytest.raises(NotAProtocol, match="return_to"):
        sent_by("prolific", PROLIFIC | {"return_to": address})
    assert Recruiter.objects.count() == 0


def test_a_worker_hands_in_at_mturk_by_a_form_that_the_page_may_send(sent_by):
    token = sent_by("mturk", {"codes": {"completed": "DONE1"}})
    query = "?assignmentId=a1&hitId=h1&workerId=w1&turkSubmitTo=https%3A%2F%2Fwww.mturk.com"
    someone = came(token, query)
    form = "https://www.mturk.com/mturk/externalSubmit"
    assert f'action="{form}"' in someone.text
    assert 'name="assignmentId" value="a1"' in someone.text
    policy = someone.shown["Content-Security-Policy"]
    assert re.search(rf"form-action 'self' {re.escape(form)}(;|$)", policy)


def test_no_form_is_sent_to_a_host_that_the_address_of_the_link_names(sent_by):
    query = "?assignmentId=a1&hitId=h1&workerId=w1&turkSubmitTo=https%3A%2F%2Fevil.example"
    someone = came(sent_by("mturk", {}), query)
    assert "evil" not in someone.text
    assert "evil" not in someone.shown["Content-Security-Policy"]


# --- what the recruiter is told ------------------------------------------------------------------
def test_nothing_is_told_unless_an_account_is_named(sent_by):
    came(sent_by("prolific", PROLIFIC), FROM_PROLIFIC)
    assert arrival().state == "nothing"
    assert not Job.objects.filter(name="experiments.confirm").exists()


FAULTS = [[], [BROKEN], [LOST], [None, LOST], [None, BROKEN, BUSY, None, LOST], [LOST] * 5]


@pytest.mark.parametrize("faults", FAULTS, ids=str)
def test_prolific_is_told_until_it_has_accepted_and_once(sent_by, fake, faults):
    prolific = fake(fake_recruiters.Prolific())
    prolific.states["sub1"], prolific.faults = "ACTIVE", list(faults)
    came(sent_by("prolific", PROLIFIC, account="prolific"), FROM_PROLIFIC)
    assert arrival().state == "waiting"
    job = Job.objects.get(name="experiments.confirm")
    assert job.arguments == {"arrival": arrival().pk}
    try_until_settled()
    assert prolific.accepted == [("sub1", "DONE1")]
    assert arrival().state == "accepted"
    asked = len(prolific.asked)
    assert confirming.confirm(arrival=arrival().pk) == "accepted"
    assert len(prolific.asked) == asked


@pytest.mark.parametrize("faults", [[], [BROKEN], [LOST], [BUSY, LOST, BROKEN]], ids=str)
def test_sona_grants_its_credit_until_it_has_accepted_and_once(sent_by, fake, faults):
    sona = fake(fake_recruiters.Sona())
    sona.faults = list(faults)
    came(sent_by("sona", SONA, account="sona"), "?survey_code=4711")
    try_until_settled()
    assert sona.accepted == ["4711"]
    assert arrival().state == "accepted"


@pytest.mark.parametrize("faults", [[], [LOST], [None, LOST], [BROKEN, None, BROKEN]], ids=str)
def test_mturk_approves_when_the_worker_has_handed_in_and_once(sent_by, fake, faults):
    mturk = fake(fake_recruiters.MTurk())
    token = sent_by("mturk", {}, account="mturk")
    came(token, "?assignmentId=a1&hitId=h1&workerId=w1")
    with pytest.raises(ToldLater, match="not handed it in yet"):
        confirming.confirm(arrival=arrival().pk)
    mturk.states["a1"], mturk.faults = "Submitted", list(faults)
    try_until_settled()
    assert mturk.accepted == ["a1"]
    assert arrival().state == "accepted"


def test_a_submission_that_was_returned_is_refused_for_good(sent_by, fake):
    prolific = fake(fake_recruiters.Prolific())
    prolific.states["sub1"] = "RETURNED"
    came(sent_by("prolific", PROLIFIC, account="prolific"), FROM_PROLIFIC)
    assert confirming.confirm(arrival=arrival().pk) == "refused"
    assert (arrival().told, prolific.accepted) == ("it is returned", [])


def test_two_jobs_for_one_arrival_do_not_tell_it_twice(sent_by, fake):
    prolific = fake(fake_recruiters.Prolific())
    prolific.states["sub1"] = "ACTIVE"
    came(sent_by("prolific", PROLIFIC, account="prolific"), FROM_PROLIFIC)
    assert confirming._claim(arrival().pk)
    with pytest.raises(ToldLater, match="Another job"):
        confirming.confirm(arrival=arrival().pk)
    assert prolific.asked == []


def test_a_key_that_the_secrets_lack_is_named_and_another_labs_is_not_used(sent_by, settings):
    settings.RECRUITER_ACCOUNTS = {"BIRCH_PROLIFIC": "http://127.0.0.1:1 key"}
    came(sent_by("prolific", PROLIFIC, account="prolific"), FROM_PROLIFIC)
    with pytest.raises(ToldLater, match="no STUDIUM_RECRUITER_ALDER_PROLIFIC"):
        confirming.confirm(arrival=arrival().pk)
    assert arrival().state == "waiting"


@pytest.mark.parametrize("faults", [[], [BROKEN], [LOST]], ids=str)
def test_no_key_is_in_a_page_a_row_an_error_or_a_log(sent_by, fake, faults, caplog):
    sona = fake(fake_recruiters.Sona())
    sona.faults, sona.signed_up = list(faults), set()
    caplog.set_level(logging.DEBUG)
    someone = came(sent_by("sona", SONA, account="sona"), "?survey_code=4711")
    with pytest.raises(ToldLater) as error:
        confirming.confirm(arrival=arrival().pk)
    rows = [Arrival.objects.values().get(), Recruiter.objects.values().get(),
            *Job.objects.values()]  # fmt: skip
    assert sona.asked
    assert "top-secret" not in f"{someone.text}{rows}{error.value!r}{caplog.text}"


def test_what_jobs_left_is_asked_for_again_but_not_at_once(sent_by, fake):
    fake(fake_recruiters.Prolific())
    came(sent_by("prolific", PROLIFIC, account="prolific"), FROM_PROLIFIC)
    Job.objects.all().delete()
    assert handing_back.tell_what_was_left() == 0
    Run.objects.update(began_at=None, ended_at=arrival().created_at - handing_back.AGAIN_AFTER)
    assert handing_back.tell_what_was_left() == 1
    assert handing_back.tell_what_was_left() == 1
    assert Job.objects.filter(name="experiments.confirm").count() == 1


def test_an_agreement_that_cannot_be_read_ends_no_participants_page_and_is_settled_later(
    sent_by, caplog
):
    someone = Participant(sent_by("prolific", PROLIFIC, account="prolific"))
    someone.begin(FROM_PROLIFIC)
    someone.send(agree="1")
    Recruiter.objects.update(settings={"codes": 5})
    someone.send(item_age="33")
    assert (someone.title, arrival().state) == ("Thank you", "open")
    assert "recruiter is told of a run failed" in caplog.text
    Recruiter.objects.update(settings=PROLIFIC)
    handing_back.tell_what_was_left()
    assert (arrival().state, arrival().outcome) == ("waiting", "completed")
    assert "DONE1" in someone.look().content.decode()


def test_who_has_not_handed_in_for_months_is_given_up(sent_by, fake):
    fake(fake_recruiters.MTurk())
    came(sent_by("mturk", {}, account="mturk"), "?assignmentId=a1&hitId=h1&workerId=w1")
    Run.objects.update(began_at=None, ended_at=arrival().created_at - handing_back.GIVEN_UP_AFTER)
    handing_back.tell_what_was_left()
    assert arrival().state == "refused"


# --- who withdraws -------------------------------------------------------------------------------
def test_who_withdraws_is_credited_for_what_was_whole_and_then_forgotten(sent_by, fake):
    prolific = fake(fake_recruiters.Prolific())
    prolific.states["sub1"] = "ACTIVE"
    someone = came(sent_by("prolific", PROLIFIC, account="prolific"), FROM_PROLIFIC)
    withdrawals.withdraw(run=Run.objects.get())
    assert (arrival().person, arrival().submission) == ("", "sub1")
    try_until_settled()
    assert prolific.accepted == [("sub1", "DONE1")]
    found = arrival()
    assert (found.person, found.submission, found.facts, found.told) == ("", "", {}, "")
    assert "DONE1" in someone.look().content.decode()


@pytest.mark.parametrize("kind", ["open", "single"])
def test_who_withdraws_on_the_way_is_forgotten_at_once(sent_by, kind):
    someone = Participant(sent_by("prolific", PROLIFIC, kind=kind))
    someone.begin(FROM_PROLIFIC)
    withdrawals.withdraw(run=Run.objects.get())
    found = arrival()
    assert (found.person, found.submission, found.state) == ("", "", "nothing")
    assert found.outcome == "withdrawn"
    assert someone.look().status_code == 200


# --- by command ----------------------------------------------------------------------------------
def command(*words, project):
    out = io.StringIO()
    place = f"{project.lab.slug}/{project.slug}"
    call_command("recruiter", *words, "--project", place, stdout=out)
    return out.getvalue()


def test_a_recruiter_is_agreed_with_and_listed_by_command(project, revision, tmp_path):
    file = tmp_path / "prolific.json"
    file.write_text(json.dumps(PROLIFIC))
    words = ["agree", "melodies", "--by", "ann", "--name", "spring", "--kind", "prolific"]
    assert "spring" in command(*words, "--terms", str(file), project=project)
    assert "nothing is confirmed" in command("list", "melodies", project=project)
    file.write_text("{")
    with pytest.raises(CommandError, match="cannot be read"):
        command(*words, "--terms", str(file), project=project)


@pytest.mark.parametrize(
    ("kind", "words", "place"),
    [
        ("sona", {}, "experiment"),
        ("sona", {"experiment": 5}, "experiment"),
        ("prolific", {"codes": ["A"]}, "codes"),
        ("prolific", {"codes": {"completed": ""}}, "codes.completed"),
        ("prolific", {"token": "abc"}, "token"),
        ("prolific", {"at_once": "yes"}, "at_once"),
        ("generic", {"parameters": {"person": ""}}, "parameters.person"),
        ("generic", {"parameters": {"who": "x"}}, "parameters.who"),
        ("generic", [], "object"),
    ],
)
def test_settings_with_a_fault_are_refused_with_its_place(sent_by, kind, words, place):
    with pytest.raises(NotAProtocol, match=re.escape(place)):
        sent_by(kind, words)
    assert Recruiter.objects.count() == 0
