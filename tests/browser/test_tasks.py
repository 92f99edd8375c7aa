"""A task in a real browser: from the link to the stored rows, with all that interrupts it."""

import json

import pytest
from tests.factories import accounts, experiments, tasks

from accounts.roles import Role
from runs.models import Answer, Event, Run, Trial


@pytest.fixture
def lab(transactional_db):
    return accounts.lab("Alder")


@pytest.fixture
def link(lab):
    """Publish a protocol; return the address of a link to it."""
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    project = accounts.project(lab)

    def made(words):
        revision = experiments.published(project, ann, words)
        return f"/take/{experiments.token(revision, ann)}/"

    return made


def begin(page, address):
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    return page


def press(page, count, first=0):
    for number in range(first, first + count):
        page.get_by_text(f"Trial {number}", exact=True).wait_for()
        page.keyboard.press("r" if number % 2 else "g")


def rows(field="n"):
    return [trial.raw_data.get(field) for trial in trials()]


def trials():
    found = list(Trial.objects.order_by("index"))
    for trial in found:
        trial.raw_data = json.loads(trial.raw)
    return found


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


def test_every_trial_is_stored_and_the_items_come_after(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(6))))
    press(page, 6)
    page.get_by_label("Yes").check()
    assert Trial.objects.count() == 6
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()
    assert heading(page) == "Thank you"
    assert rows() == [0, 1, 2, 3, 4, 5]
    assert [t.response for t in trials()] == ["g", "r"] * 3
    for trial in trials():
        assert trial.plugin == "html-keyboard-response"
        assert trial.plugin_version == "2.2.0"
        assert 0 <= trial.onset_ms <= trial.end_ms
        assert trial.end_ms - trial.onset_ms >= trial.rt_ms - 20
    assert Answer.objects.filter(measure__name="keys", trial__isnull=False).count() == 6
    assert Answer.objects.get(measure__name="liked").label == "Yes"
    assert Run.objects.get().status == "completed"
    assert Event.objects.filter(kind="task finished").count() == 1
