"""Sliders in a real browser: untouched is no answer, and what stands beside them stands right."""

import pytest
from tests.factories import accounts, experiments

from accounts.roles import Role
from runs.models import Answer

ANCHORS = [{"at": at, "label": label} for at, label in ((0, "silent"), (100, "painful"),
                                                       (25, "quiet"))]  # fmt: skip
SCALE = {"minimum": 0, "maximum": 100, "step": 1, "anchors": ANCHORS}
LOUD = {"text": "How loud was it?", "kind": "slider", "scale": SCALE, "shows_value": False}
SHRILL = {"text": "How shrill?", "kind": "slider", "scale": {"minimum": 0, "maximum": 100}}
THUMB = 28


@pytest.fixture
def page(window, transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    words = experiments.WORDS | {
        "items": {"loud": LOUD, "shrill": SHRILL},
        "pages": {"only": {"title": "Only", "items": ["loud", "shrill"]}},
        "flow": [{"name": "only", "page": "only"}, {"name": "end", "kind": "end"}],
    }
    revision = experiments.published(accounts.project(lab), ann, words)
    opened = window(width=390, height=844)
    opened.goto(f"/take/{experiments.token(revision, ann)}/")
    opened.get_by_role("button", name="Begin").click()
    return opened


def slider(page, name):
    return page.get_by_role("slider", name=name)


def test_anchors_stand_at_their_values(page):
    box = slider(page, "How loud was it?").bounding_box()
    for text, share in (("silent", 0), ("quiet", 0.25), ("painful", 1)):
        label = page.get_by_text(text).first.bounding_box()
        assert box["x"] <= label["x"]
        assert label["x"] + label["width"] <= box["x"] + box["width"]
        at = label["x"] + label["width"] * share  # the part of the label that points at its value
        assert abs(at - (box["x"] + THUMB / 2 + share * (box["width"] - THUMB))) < 2, text


def test_untouched_is_no_answer(page):
    for name in ("How loud was it?", "How shrill?"):
        assert slider(page, name).get_attribute("aria-valuetext") == "not answered yet"
        assert "untouched" in slider(page, name).get_attribute("class")
    page.get_by_role("button", name="Continue").click()
    assert page.get_by_text("Please answer this.").count() == 2
    assert Answer.objects.count() == 0


def test_by_keyboard_by_a_click_where_it_stands_and_as_a_number(page):
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="How loud was it?").click()
    page.keyboard.press("ArrowRight")
    loud, shrill = slider(page, "How loud was it?"), slider(page, "How shrill?")
    assert loud.get_attribute("aria-valuetext") == "51"
    assert "untouched" not in loud.get_attribute("class")
    shrill.click()
    assert shrill.get_attribute("aria-valuetext") == "50"
    page.get_by_label("As a number").fill("12.5")
    assert shrill.get_attribute("aria-valuetext") == "12.5"
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert sorted(answer.value for answer in Answer.objects.all()) == [12.5, 51]
