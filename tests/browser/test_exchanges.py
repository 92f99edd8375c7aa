"""A trial that members of a group make together, in two browsers: each has what the others said."""

import json

import pytest
from tests.browser.tasks_done import until
from tests.factories import accounts, experiments, groups, tasks

from accounts.roles import Role
from experiments.models import Revision
from runs.models import Event, Trial

SOON_MS = 20_000
ASK = {"type": "group-exchange", "prompt": "<p>Share or keep?</p>", "choices": ["Share", "Keep"]}
TOLD = {"type": "html-button-response", "choices": ["On"],
        "stimulus": {"$fn": "text", "text": "The other chose {it}.",
                     "with": {"it": {"field": "others"}}}}  # fmt: skip


@pytest.fixture(autouse=True)
def busy(window, complaints):
    """As for groups; and who writes upon an older version is told so, and writes again."""
    yield
    ours = [one for one in complaints if one.startswith("409") and one.endswith("/group/")]
    complaints[:] = [one for one in complaints if "503" not in one and one not in ours]


@pytest.fixture
def two(window, transactional_db):
    """Let two begin together; return their pages, at the task."""

    def begun(*nodes):
        ann = accounts.person("ann", lab=accounts.lab("Alder"), role=Role.EXPERIMENTER)
        project = accounts.project(ann.memberships.get().lab)
        words = groups.words(size=2)
        task = tasks.words(list(nodes), after="")["flow"][0] | {"name": "dilemma"}
        words["flow"] = [words["flow"][0], task, words["flow"][-1]]
        token = experiments.token(experiments.published(project, ann, words), ann)
        pages = [window(), window()]
        for page in pages:
            page.goto(f"/take/{token}/")
            page.get_by_role("button", name="Begin").click()
            page.wait_for_selector("#group", state="attached")
        for page in pages:
            page.wait_for_selector('#group[data-phase="open"]', state="attached", timeout=SOON_MS)
            page.get_by_label("How old are you?").fill("33")
            page.get_by_role("button", name="Continue").click()
        return pages

    return begun


def data(number):
    rows = Trial.objects.filter(plugin="group-exchange", index=number)
    rows = rows.order_by("visit__run__member__seat")
    return [json.loads(row.raw) for row in rows]


def test_two_see_what_the_other_chose_and_both_rows_hold_it(two):
    first, second = two(ASK, TOLD, ASK | {"prompt": "<p>And now?</p>"}, TOLD)
    first.get_by_role("button", name="Share").click()
    first.get_by_text("Waiting for the others").wait_for()
    assert not Trial.objects.filter(plugin="group-exchange").exists()
    second.get_by_role("button", name="Keep").click()
    first.get_by_text("The other chose Keep.").wait_for(timeout=SOON_MS)
    second.get_by_text("The other chose Share.").wait_for(timeout=SOON_MS)
    for page, choice in ((first, "Keep"), (second, "Keep")):
        page.get_by_role("button", name="On").click()
        page.get_by_text("And now?").wait_for()
        page.get_by_role("button", name=choice).click()
    for page in (first, second):
        page.get_by_text("The other chose Keep.").wait_for(timeout=SOON_MS)
        page.get_by_role("button", name="On").click()
        page.get_by_role("heading", name="Thank you").wait_for()
    rows = data(0)
    assert [row["response"] for row in rows] == ["Share", "Keep"]
    assert [row["values"] for row in rows] == [{"0": "Share", "1": "Keep"}] * 2
    assert [row["others"] for row in rows] == [["Keep"], ["Share"]]
    assert all(row["is_complete"] and row["missing"] == [] for row in rows + data(2))
    assert Event.objects.filter(kind="group state").count() == 4
    assert "studium-plugin-group-exchange" in Revision.objects.get().words["libraries"]


def test_who_reloads_while_waiting_is_not_asked_again(two):
    first, second = two(ASK, TOLD)
    first.get_by_role("button", name="Share").click()
    first.get_by_text("Waiting for the others").wait_for()
    until(first, lambda: Event.objects.filter(kind="group state").count() == 1)
    first.reload()
    first.get_by_role("button", name="Go on").click()
    first.get_by_text("Waiting for the others").wait_for()
    second.get_by_role("button", name="Keep").click()
    first.get_by_text("The other chose Keep.").wait_for(timeout=SOON_MS)
    assert Event.objects.filter(kind="group state").count() == 2


def test_who_does_not_answer_in_time_is_told_of_as_missing(two):
    first, second = two(ASK | {"wait_s": 1}, TOLD)
    first.get_by_role("button", name="Share").click()
    first.get_by_role("button", name="On").click(timeout=SOON_MS)
    first.get_by_role("heading", name="Thank you").wait_for()
    (row,) = data(0)
    assert (row["is_complete"], row["missing"], row["values"]) == (False, [1], {"0": "Share"})
    second.get_by_role("button", name="Keep").click()
    second.get_by_text("The other chose Share.").wait_for(timeout=SOON_MS)
