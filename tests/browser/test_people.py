"""Consent, registration, signing in and withdrawing in a real browser, without any script."""

import re
from urllib.parse import urlsplit

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import accounts, experiments
from tests.integration.experiments.post import arrives

from accounts.roles import Role
from runs.models import Answer, Identity, Participant, Run
from runs.services import identities

CONSENT = {
    "name": "consent", "kind": "consent", "title": "Consent", "text": "We keep your answers.",
    "version": "2026-03", "signature": "Your full name, as your signature",
    "choices": [{"name": "adult", "text": "I am of age.", "need": "required"},
                {"name": "share", "text": "My answers may be shared with other laboratories."}],
}  # fmt: skip
WHO = {
    "name": "who", "kind": "registration", "title": "Who you are",
    "identity": [{"name": "given-name"}, {"name": "birth-date", "help": "We count your age."},
                 {"name": "e-mail"}, {"name": "telephone", "need": "optional"},
                 {"name": "postal-address", "need": "optional"}],
}  # fmt: skip
IN = {"name": "in", "kind": "sign-in", "title": "Your account"}
END = {"name": "end", "kind": "end", "title": "Thank you", "text": "That was all."}


@pytest.fixture
def lab(transactional_db):
    return accounts.lab("Alder")


@pytest.fixture
def address(lab):
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    words = {"format": experiments.FORMAT, "name": "who", "title": "Memory",
             "flow": [CONSENT, WHO, IN, END]}  # fmt: skip
    revision = experiments.published(accounts.project(lab), ann, words)
    return f"/take/{experiments.token(revision, ann)}/"


def consents(page, look):
    look("consent")
    page.get_by_role("button", name="I agree and take part").click()
    look("consent-faults")
    page.get_by_role("link", name="I am of age.").click()
    assert page.evaluate("document.activeElement.name") == "choice-adult"
    page.keyboard.press("Space")
    page.get_by_label("Your full name").fill("Anna Alder")
    page.get_by_role("button", name="I agree and take part").click()


def registers(page, look):
    look("registration")
    page.get_by_label("Given name").fill("Anna")
    page.get_by_label("Day").fill("31")
    page.get_by_label("Month").select_option("February")
    page.get_by_label("Year").fill("1988")
    page.get_by_label("E-mail").fill("anna@example.org")
    page.get_by_role("button", name="Continue").click()
    look("registration-faults")
    assert page.get_by_label("Given name").input_value() == "Anna"
    page.get_by_label("Day").fill("3")
    page.get_by_role("button", name="Continue").click()


def signs_in(page, look):
    look("sign-in")
    page.get_by_label("E-mail").fill("anna@example.org")
    page.get_by_role("button", name="I am new").click()
    look("code")
    [letter] = [one for one in arrives() if "code" in one.subject]
    page.get_by_label("Code from the mail").fill(re.search(r"\w{4}-\w{4}", letter.body)[0])
    page.get_by_label("Choose a password").fill("correct horse staple")
    page.get_by_role("button", name="Continue").click()


def withdraws(page, look):
    page.get_by_role("link", name="Your consent").click()
    look("about")
    page.goto(urlsplit(page.locator('a[href*="/withdraw/"]').get_attribute("href")).path)
    look("withdraw")
    page.get_by_label("I want to withdraw").check()
    page.get_by_role("button", name="Withdraw").click()
    look("withdrawn")


def test_every_page_about_the_person_is_for_everybody(window, address, pictures):
    page, wrong = window(), []

    def look(name):
        wrong.extend(looked_at(page, f"people-{name}", pictures))

    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    consents(page, look)
    registers(page, look)
    signs_in(page, look)
    assert page.get_by_role("heading", level=1).inner_text() == "Thank you"
    assert Answer.objects.get().measure.name == "age"
    withdraws(page, look)
    assert Run.objects.get().status == "withdrawn"
    assert not Identity.objects.exists()
    assert not wrong, "\n".join(wrong)


def test_the_labs_pages_about_participants_are_for_everybody(window, lab, pictures):
    project = accounts.project(lab)
    max_ = accounts.person("max", lab=lab, role=Role.MANAGER)
    identities.permit(project=project, user=max_, by=max_)
    person = Participant.objects.create(project=project)
    identities.know(participant=person, facts={"given-name": "Anna", "birth-date": "1988-02-03"})
    page = window(max_)
    page.goto("/accounts/projects/alder/memory/")
    page.get_by_role("link", name="Participants").click()
    wrong = looked_at(page, "participants", pictures)
    page.get_by_role("link", name=person.pseudonym).click()
    wrong += looked_at(page, "participant", pictures)
    form = page.locator("form", has=page.get_by_role("button", name="Read it"))
    form.get_by_label("Reason").fill("She called.")
    page.get_by_role("button", name="Read it").click()
    assert page.get_by_text("Anna").is_visible()
    wrong += looked_at(page, "participant-identity", pictures)
    assert not wrong, "\n".join(wrong)
