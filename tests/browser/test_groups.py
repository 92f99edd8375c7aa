"""Groups in real browsers: nobody presses anything, and all begin together."""

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import accounts, experiments, groups

from accounts.roles import Role
from experiments.models import Group, Meeting
from runs.models import Trial

SOON_MS = 15_000  # a browser asks every few seconds, and less often on a busy machine


@pytest.fixture(autouse=True)
def busy(window, complaints):
    """Let SQLite in memory, unlike in a file, refuse at once what comes together: 503, asked again.

    It is torn down before `window`, which looks at the complaints.
    """
    yield
    complaints[:] = [one for one in complaints if "503" not in one]


@pytest.fixture
def ann(transactional_db):
    return accounts.person("ann", lab=accounts.lab("Alder"), role=Role.EXPERIMENTER)


@pytest.fixture
def address(ann):
    def of(**words):
        project = accounts.project(ann.memberships.get().lab)
        revision = experiments.published(project, ann, groups.words(size=2, **words))
        return f"/take/{experiments.token(revision, ann)}/"

    return of


def begin(page, address):
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("#group", state="attached")
    return page


def at_phase(page, phase):
    page.wait_for_selector(f'#group[data-phase="{phase}"]', state="attached", timeout=SOON_MS)


def test_who_waits_is_taken_along_when_the_last_one_comes(window, address, pictures):
    address = address()
    first = begin(window(), address)
    assert "1 of 2 are here" in first.locator("#said").inner_text()
    wrong = looked_at(first, "participant-lobby", pictures)
    second = begin(window(), address)
    at_phase(first, "open")
    assert first.evaluate("document.activeElement.id") == "content"
    first.get_by_label("How old are you?").fill("33")
    second.get_by_label("How old are you?").fill("44")
    second.get_by_role("button", name="Continue").click()
    first.wait_for_timeout(2000)  # the group has changed; what is written here stays
    assert first.get_by_label("How old are you?").input_value() == "33"
    first.get_by_role("button", name="Continue").click()
    assert first.get_by_role("heading", level=1).inner_text() == "Why"
    assert not wrong, "\n".join(wrong)


def test_two_play_and_see_what_the_other_did(window, address, pictures):
    address = address(acts=True)
    pages = [begin(window(), address), begin(window(), address)]
    for page in pages:
        at_phase(page, "acting")
    wrong = looked_at(pages[0], "participant-acting", pictures)
    pages[0].get_by_role("button", name="Cooperate").click()
    pages[0].locator("#said", has_text="1 has still to choose").wait_for()
    pages[1].get_by_role("button", name="Defect").dblclick()
    for page in pages:
        page.locator("#said", has_text="Round 2 of 2").wait_for(timeout=SOON_MS)
        assert page.locator(".round li").all_inner_texts() == [
            "Member 1: Cooperate", "Member 2: Defect"]  # fmt: skip
    for page in pages:
        page.get_by_role("button", name="Defect").click()
    for page in pages:
        at_phase(page, "done")
    wrong += looked_at(pages[0], "participant-rounds", pictures)
    pages[0].get_by_role("button", name="Continue").click()
    assert pages[0].get_by_role("heading", level=1).inner_text() == "Why"
    assert Trial.objects.count() == 4
    assert not Trial.objects.filter(is_disputed=True).exists()
    assert all(trial.rt_ms > 0 for trial in Trial.objects.all())
    assert not wrong, "\n".join(wrong)


def test_a_line_that_was_dead_for_a_while_takes_up_again(window, address):
    address = address()
    first = begin(window(), address)
    first.context.set_offline(True)
    begin(window(), address)
    first.wait_for_timeout(5000)
    assert first.locator("#group").get_attribute("data-phase") == "lobby"
    first.context.set_offline(False)
    at_phase(first, "open")


def test_without_scripts_the_page_takes_itself_along(browser, live_server, window, address):
    address = address()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    try:
        first = begin(context.new_page(), address)
        begin(window(), address)
        at_phase(first, "open")
        first.get_by_label("How old are you?").fill("33")
        first.get_by_role("button", name="Continue").click()
        assert first.get_by_role("heading", level=1).inner_text() == "Why"
    finally:
        context.close()


def test_an_experimenter_watches_and_begins(window, address, ann, pictures):
    address = address(least=1)
    someone = begin(window(), address)
    console = window(ann)
    console.goto(f"/groups/{Group.objects.get().pk}/")
    wrong = looked_at(console, "group", pictures)
    console.get_by_role("button", name="Begin with those who are here").click()
    at_phase(someone, "open")
    assert Meeting.objects.get().opened_at
    console.get_by_label("What is worth knowing").fill("Began alone.")
    console.get_by_role("button", name="Save notes").click()
    console.get_by_text("The notes are saved.").wait_for()
    console.goto("/groups/")
    wrong += looked_at(console, "groups", pictures)
    assert not wrong, "\n".join(wrong)
