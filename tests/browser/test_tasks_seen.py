"""How a task looks, by keyboard and on phones, and how much a browser has to load for it."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from tests.browser.tasks_done import begin, heading, press
from tests.browser.test_looks import barriers, looked_at
from tests.factories import tasks
from tests.factories.tasks import key

from runs.models import Visit

STATIC = Path(settings.APP) / "experiments/static/js/runner"
OUTBOX = Path(settings.APP) / "runs/static/js/outbox"
MOST_BYTES = 15_000
MOST_FILES, MOST_LOADED = 25, 200_000
SLIDER = {"type": "html-slider-response", "stimulus": "<p>How loud was it?</p>",
          "labels": ["silent", "painful"]}  # fmt: skip
BUTTONS = {"type": "html-button-response", "stimulus": "<p>Which one?</p>",
           "choices": ["The first of them", "The second of them", "None"]}  # fmt: skip
LIKERT = {"type": "survey-likert", "questions": [
    {"prompt": "It was hard.", "labels": ["not at all", "a little", "quite", "very"]}]}  # fmt: skip


def test_the_runner_is_smaller_than_15_kilobytes():
    files = [*sorted(STATIC.glob("*.js")), *sorted(OUTBOX.glob("*.js"))]
    whole = b"".join(file.read_bytes() for file in files)
    assert len(gzip.compress(whole, 9, mtime=0)) < MOST_BYTES
    foreign = re.findall(rb'from "(?!\./|\.\./outbox/)[^"]+"|https?://', whole)
    assert foreign == []  # it needs nothing else


def test_every_state_of_a_task_is_for_everybody(window, link, pictures):
    words = tasks.words(
        [key("Press r or g"), BUTTONS, SLIDER, LIKERT],
        text="A word appears. Press **r** when it is red, **g** when it is green.",
    )
    page = begin(window(), link(words))
    page.get_by_role("button", name="Start").wait_for()
    wrong = looked_at(page, "task-card", pictures)
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Press r or g").wait_for()
    wrong += looked_at(page, "task-keys", pictures)
    page.keyboard.press("r")
    page.get_by_role("button", name="The first of them").wait_for()
    wrong += looked_at(page, "task-buttons", pictures)
    page.get_by_role("button", name="None").click()
    page.get_by_text("How loud was it?").wait_for()
    wrong += seen(page, "task-slider", pictures)
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("It was hard.").wait_for()
    wrong += seen(page, "task-likert", pictures)
    page.reload()
    page.get_by_role("button", name="Go on").wait_for()
    wrong += looked_at(page, "task-interrupted", pictures)
    page.get_by_role("button", name="Go on").click()
    page.context.set_offline(True)
    page.get_by_label("very").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("There is no connection").wait_for(timeout=20_000)
    page.screenshot(path=pictures / "task-offline.png", full_page=True)
    page.context.set_offline(False)
    page.get_by_label("Yes").wait_for()
    wrong += looked_at(page, "task-after", pictures)
    assert not wrong, "\n".join(wrong)


def seen(page, name, pictures):
    """Look as everywhere; what jsPsych's own markup lacks is not ours to mend."""
    theirs = ("label: ", "aria-input-field-name: ")
    return [one for one in looked_at(page, name, pictures) if not any(t in one for t in theirs)]


def test_a_task_by_keyboard_alone_on_a_small_phone(window, link):
    page = window(width=320, height=568)
    begin(page, link(tasks.words([*tasks.keys(2), BUTTONS], text="Press keys.")))
    page.get_by_role("button", name="Start").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "task-go"
    page.keyboard.press("Enter")
    press(page, 2)
    page.get_by_role("button", name="None").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("No", exact=True).wait_for()
    assert heading(page) == "Afterwards"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("document.activeElement.textContent.trim()") == "Afterwards"
    assert barriers(page) == []


def test_nothing_but_the_trial_is_in_sight_while_a_task_runs(window, link):
    page = begin(window(), link(tasks.words(tasks.keys(2), text="Press keys.")))
    page.get_by_role("button", name="Start").wait_for()
    rights = page.get_by_role("link", name="Your consent")
    assert rights.is_visible()
    page.wait_for_timeout(1200)  # what stands before the first trial is no part of it
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Trial 0", exact=True).wait_for()
    assert rights.is_hidden()
    press(page, 2)
    page.get_by_label("Yes").check()
    assert rights.is_visible()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    visit = Visit.objects.get(position=1)
    assert (visit.started_at - visit.served_at).total_seconds() >= 1.2
    assert visit.started_at < visit.submitted_at


def test_a_page_is_told_to_have_begun_when_it_was_seen(window, link):
    words = tasks.words(tasks.keys(1))
    words["flow"][0] = {"name": "about", "page": "after"}
    page = begin(window(), link(words))
    page.get_by_label("Yes").check()
    page.wait_for_timeout(400)  # ms in which it is certainly seen
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    visit = Visit.objects.get(position=1)
    assert (visit.submitted_at - visit.started_at).total_seconds() >= 0.4
    assert visit.started_at >= visit.served_at


def test_little_stands_before_the_first_trial(window, link, record_property):
    """How long it took is told and not asserted; it follows from what has to be loaded."""
    page = window()
    page.goto(link(tasks.words(tasks.keys(1))))
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("Trial 0", exact=True).wait_for()
    record_property("first_trial_ms", page.evaluate("performance.now()"))
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map((one) => [one.name, one.decodedBodySize])"
    )
    files = [name for name, _ in loaded if "/static/" in name]
    plugins = [name for name in files if "/vendor/jspsych/" in name]
    assert len(plugins) == 1
    assert len(files) < MOST_FILES, files
    assert sum(size for _, size in loaded) < MOST_LOADED, loaded


@pytest.mark.parametrize("kind", ["task", "page"])
def test_a_page_of_a_participant_loads_only_what_it_needs(client, link, kind):
    words = tasks.words(tasks.keys(1))
    if kind == "page":
        words["flow"][0] = {"name": "about", "page": "after"}
    answer = client.post(link(words))
    policy = client.get(answer["Location"])["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == rules["form-action"] == "'self'"
    assert rules["img-src"].startswith("'self'")
    assert ("data:" in rules["img-src"]) == (kind == "task")
    assert ("'unsafe-inline'" in rules["style-src"]) == (kind == "task")
    assert rules.get("style-src-elem", "'self'") == "'self'"
    hosts = re.findall(r"https?://|\*", policy)
    assert hosts == []


STYLED = "<style>#mine { color: rgb(1, 2, 3) }</style><b id='mine'>Look</b>"


@pytest.mark.parametrize(
    ("nodes", "is_inline"),
    [
        (tasks.keys(1), False),
        ([tasks.key("<p style='color: red'>Trial 0</p>")], False),
        ([tasks.key(STYLED)], True),
        ([LIKERT], True),
        (None, True),
    ],
)
def test_elements_of_style_are_let_through_where_a_task_brings_them_along(
    client, link, nodes, is_inline
):
    code = {"m": {"text": "export default () => [];"}}
    step = {} if nodes else {"module": "m", "modules": code}
    answer = client.post(link(tasks.words(nodes, **step)))
    policy = client.get(answer["Location"])["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["style-src-attr"] == "'unsafe-inline'"
    assert ("'unsafe-inline'" in rules["style-src-elem"]) == is_inline


def test_what_a_task_says_of_its_looks_is_seen(window, link):
    styled = "<p id='own' style='color: rgb(4, 5, 6)'>Seen</p>"
    page = window()
    page.goto(link(tasks.words([tasks.key(STYLED + styled), LIKERT])))
    page.get_by_role("button", name="Begin").click()
    page.locator("#own").wait_for()
    colour = "each => getComputedStyle(each).color"
    assert page.locator("#mine").evaluate(colour) == "rgb(1, 2, 3)"
    assert page.locator("#own").evaluate(colour) == "rgb(4, 5, 6)"
    page.keyboard.press("r")
    line = page.locator(".jspsych-survey-likert-opts li").first
    assert line.evaluate("each => getComputedStyle(each).display") == "inline-block"
