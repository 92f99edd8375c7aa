"""Ways in and out in a real browser: handed back to recruiters, and pages of links and series."""

from urllib.parse import parse_qs

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import accounts, experiments

from accounts.roles import Role
from experiments.models import Appointment
from experiments.services import recruiting, series
from runs.models import Participant, Run

SHORT = experiments.WORDS | {"flow": [
    {"name": "consent", "kind": "consent", "title": "Consent", "text": "We keep your answers."},
    {"name": "end", "kind": "end", "title": "Thank you", "text": "That was all."},
]}  # fmt: skip
PROLIFIC = {"codes": {"completed": "DONE1"}}
FROM_PROLIFIC = "?PROLIFIC_PID=pid1&STUDY_ID=study1&SESSION_ID=sub1"
FROM_MTURK = ("?assignmentId=a1&hitId=h1&workerId=w1"
              "&turkSubmitTo=https%3A%2F%2Fworkersandbox.mturk.com")  # fmt: skip
WEEK = {"format": "studium-series/1", "name": "week", "title": "A week", "waves": [
    {"name": "first", "protocol": "melodies"},
    {"name": "second", "protocol": "melodies", "days": 1, "opens": "05:30", "closes": "22:00"},
]}  # fmt: skip


@pytest.fixture
def ann(transactional_db):
    return accounts.person("ann", lab=accounts.lab("Alder"), role=Role.EXPERIMENTER)


@pytest.fixture
def revision(ann):
    return experiments.published(accounts.project(ann.memberships.get().lab), ann, SHORT)


@pytest.fixture
def sent_by(revision, ann):
    def made(kind, words):
        recruiter = recruiting.agree(
            protocol=revision.protocol, by=ann, name=kind, kind=kind, words=words
        )
        return f"/take/{experiments.token(revision, ann, recruiter=recruiter)}/"

    return made


@pytest.fixture
def outside(browser, live_server):
    """Open a window whose requests to other hosts end here; what was asked, what it objected to."""
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    page.set_default_timeout(10_000)
    asked, objected = [], []

    def answer(route):
        asked.append((route.request.method, route.request.url, route.request.post_data or ""))
        route.fulfill(status=200, content_type="text/html", body="<h1>Received</h1>")

    page.route(lambda url: not url.startswith(live_server.url), answer)
    page.on("console", lambda said: objected.append(said.text) if said.type == "error" else None)
    yield page, asked, objected
    context.close()


def through(page, address):
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="I agree and take part").click()


def test_a_worker_hands_in_at_mturk(outside, sent_by):
    page, asked, objected = outside
    through(page, sent_by("mturk", PROLIFIC) + FROM_MTURK)
    page.get_by_role("button", name="Hand in at MTurk").click()
    page.get_by_role("heading", name="Received").wait_for()
    [(method, url, body)] = asked
    assert (method, url) == ("POST", "https://workersandbox.mturk.com/mturk/externalSubmit")
    assert parse_qs(body)["assignmentId"] == ["a1"]
    assert objected == []


@pytest.mark.parametrize("at_once", [True, False])
def test_prolific_is_returned_to_with_the_code(outside, sent_by, at_once):
    page, asked, objected = outside
    through(page, sent_by("prolific", PROLIFIC | {"at_once": at_once}) + FROM_PROLIFIC)
    if not at_once:
        page.get_by_role("link", name="Go back to Prolific").click()
    page.get_by_role("heading", name="Received").wait_for()
    assert asked[0][:2] == ("GET", "https://app.prolific.com/submissions/complete?cc=DONE1")
    assert objected == []
    assert Run.objects.get().status == "completed"


def test_the_ways_in_and_out_are_for_everybody(window, revision, ann, sent_by, pictures):
    page = window()
    asks = f"/take/{experiments.token(revision, ann, resume='browser')}/"
    page.goto(asks)
    page.get_by_role("button", name="Begin").click()
    page.goto(asks)
    wrong = looked_at(page, "participant-asked", pictures)
    page.get_by_role("link", name="Go on where I stopped").click()
    page.get_by_role("heading", name="Consent").wait_for()
    single = f"/take/{experiments.token(revision, ann, kind='single')}/"
    page.goto(single)
    page.get_by_role("button", name="Begin").click()
    page.goto(single)
    wrong += looked_at(page, "participant-go-on", pictures)
    through(page, sent_by("prolific", PROLIFIC) + FROM_PROLIFIC)
    wrong += looked_at(page, "participant-handed-back", pictures)
    Run.objects.filter(status="completed").update(status="timed out")
    page.reload()
    wrong += looked_at(page, "participant-timed-out", pictures)
    assert not wrong, "\n".join(wrong)


def test_the_page_of_a_series_is_for_everybody_and_leads_into_a_wave(
    window, revision, ann, pictures
):
    project = revision.protocol.project
    made = series.write(project=project, by=ann, words=WEEK)
    person = Participant.objects.create(project=project)
    enrolled = series.enrol(series=made, participant=person, by=ann, time_zone="Europe/Berlin")
    page = window()
    page.goto(f"/series/{enrolled.token}/")
    wrong = looked_at(page, "participant-series", pictures)
    page.get_by_label("Where do you live?").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Use this time zone").click()
    page.get_by_text("Times are those of Asia/Tokyo.").wait_for()
    page.get_by_role("link", name="Open first").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert Appointment.objects.get(wave="first").state == "done"
    assert not wrong, "\n".join(wrong)
