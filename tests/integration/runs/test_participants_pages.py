"""The lab's pages about participants: pseudonyms for all, and the rest for the permitted."""

import json

import pytest
from django.test import Client
from tests.factories import accounts, runs
from tests.integration.experiments.whole_database import tables_with

from accounts.models import AuditEntry
from accounts.roles import Role
from runs.models import Answer, Identity, Participant, Run, Withdrawal
from runs.rows import rows_of
from runs.services import identities, trials

BASE = "/participants/alder/memory/"


@pytest.fixture
def lab(project):
    return project.lab


@pytest.fixture
def max_(lab):
    return accounts.person("max", lab=lab, role=Role.MANAGER)


@pytest.fixture
def erin(lab, project, max_):
    """Somebody to whom the identities were permitted."""
    erin = accounts.person("erin", lab=lab, role=Role.EXPERIMENTER)
    identities.permit(project=project, user=erin, by=max_)
    return erin


@pytest.fixture
def vera(lab):
    return accounts.person("vera", lab=lab, role=Role.VIEWER)


@pytest.fixture
def person(run, visit):
    rows = rows_of([runs.row(0, response={"why": "sentinel-why"})])
    trials.store(visit=visit, holder="x", rows=rows)
    Run.objects.update(external={"PROLIFIC_PID": "sentinel-recruiter"})
    facts = {"given-name": "Sentinella", "e-mail": "anna.sentinel@example.org"}
    identities.know(participant=run.participant, facts=facts)
    return run.participant


@pytest.fixture
def address(person):
    return f"{BASE}{person.pseudonym}/"


def test_a_pseudonym_is_all_that_is_shown(as_, vera, erin, max_, person, address):
    for by in (vera, erin, max_):
        for page in (BASE, address, f"{BASE}?q={person.pseudonym[:3].lower()}"):
            text = as_(by).get(page).content.decode()
            assert person.pseudonym in text
            assert "entinel" not in text
    assert b"begins like this" in as_(vera).get(f"{BASE}?q=00000").content


def test_forms_are_offered_to_those_who_may(as_, vera, erin, max_, address):
    offered = {
        by.username: [word in as_(by).get(address).content for word in
                      (b"Read it", b"Download", b"danger-zone")]
        for by in (vera, erin, max_)
    }  # fmt: skip
    assert offered == {"vera": [False, False, False], "erin": [True, True, False],
                       "max": [False, True, True]}  # fmt: skip


def test_reading_needs_a_permission_and_a_reason(as_, vera, erin, max_, address):
    asked = {"read-reason": "She called."}
    for by in (vera, max_):
        assert as_(by).post(f"{address}identity/", asked).status_code == 403
    assert as_(erin).post(f"{address}identity/", {}).status_code == 422
    assert not AuditEntry.objects.filter(action="identity.read").exists()
    answer = as_(erin).post(f"{address}identity/", asked)
    assert b"Sentinella" in answer.content
    assert "no-store" in answer["Cache-Control"]
    assert b"Sentinella" not in as_(erin).get(address).content
    assert AuditEntry.objects.get(action="identity.read").user == erin


def test_a_participant_is_found_by_their_address(as_, max_, erin, address):
    asked = {"find-address": "Anna.Sentinel@example.org", "find-reason": "Wrote to us."}
    assert as_(max_).post(f"{BASE}find/", asked).status_code == 403
    assert as_(erin).post(f"{BASE}find/", asked)["Location"] == address
    asked["find-address"] = "nobody@example.org"
    assert as_(erin).post(f"{BASE}find/", asked)["Location"] == BASE
    assert as_(erin).post(f"{BASE}find/", {"find-address": "x"})["Location"] == BASE


def handed_out(browser, address, **asked):
    answer = browser.post(f"{address}data/", {"hand-out-reason": "Asked for it."} | asked)
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_what_is_kept_is_handed_out_without_who_it_is(as_, max_, address, person):
    told = handed_out(as_(max_), address, **{"hand-out-identity": "1"})
    assert told["pseudonym"] == person.pseudonym
    assert told["tables"]["runs.answer"][0]["value"] == "sentinel-why"
    assert "sentinel-why" in told["tables"]["runs.trial"][0]["raw"]
    text = json.dumps(told)
    for word in ("Sentinella", "anna.sentinel", "sentinel-recruiter", "digest", "sealed"):
        assert word not in text


def test_who_it_is_is_handed_out_by_those_who_may_read_it(as_, erin, address):
    told = handed_out(as_(erin), address, **{"hand-out-identity": "1"})
    assert told["identity"]["given-name"] == "Sentinella"
    assert told["tables"]["runs.run"][0]["external"] == {"PROLIFIC_PID": "sentinel-recruiter"}
    actions = AuditEntry.objects.filter(user=erin).values_list("action", flat=True)
    assert {"identity.read", "participant.handed-out"} <= set(actions)


def test_a_manager_erases_and_is_asked_twice(as_, max_, erin, vera, address, person):
    said = {"erase-reason": "Asked by mail.", "erase-words": person.pseudonym.lower()}
    for by in (vera, erin):
        assert as_(by).post(f"{address}erase/", said).status_code == 403
    for wrong in ({"erase-words": "X"}, {"erase-reason": ""}):
        assert as_(max_).post(f"{address}erase/", said | wrong).status_code == 422
    assert Answer.objects.exists()
    assert as_(max_).post(f"{address}erase/", said).status_code == 302
    for model in (Answer, Identity):
        assert not model.objects.exists()
    made = Withdrawal.objects.get()
    assert (made.by, made.reason) == (max_, "Asked by mail.")
    assert not tables_with("sentinel", "Sentinel")
    assert made.receipt in as_(vera).get(address).content.decode()
    assert as_(max_).post(f"{address}erase/", said).status_code == 302
    assert Withdrawal.objects.count() == 1


def test_answers_stay_where_the_lab_erases_who_it_was(as_, max_, address, person):
    said = {"erase-reason": "x", "erase-words": person.pseudonym, "erase-keep_answers": "1"}
    as_(max_).post(f"{address}erase/", said)
    assert Answer.objects.exists()
    assert not Identity.objects.exists()
    assert Participant.objects.get().withdrawn_at


def test_strangers_find_nothing(as_, address, db):
    bob = accounts.person("bob", lab=accounts.lab("Birch"), role=Role.ADMIN)
    for page in (BASE, address):
        assert as_(bob).get(page).status_code == 404
    for way in ("find/",):
        assert as_(bob).post(f"{BASE}{way}").status_code == 404
    for way in ("identity/", "data/", "erase/"):
        assert as_(bob).post(f"{address}{way}").status_code == 404
        assert Client().post(f"{address}{way}")["Location"].startswith("/accounts/sign-in/")
