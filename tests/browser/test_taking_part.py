"""A participant in a real browser: by pointer and by keyboard, on a phone and on a desk."""

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import accounts, experiments

from accounts.roles import Role
from runs.models import Answer, Run

ROW = {"text": "How did it feel?", "kind": "choice", "display": "row", "scale": "agree",
       "help": "There is no wrong answer."}  # fmt: skip
PLAYED = {"options": [{"code": "p", "label": "Piano"}, {"code": "f", "label": "Flute"}]}
MENU = {"text": "Which instrument?", "kind": "choice", "display": "menu", "need": "optional",
        "scale": PLAYED}  # fmt: skip
ENDS = [{"at": 0, "label": "silent"}, {"at": 100, "label": "painful"}]
LOUDNESS = {"minimum": 0, "maximum": 100, "anchors": ENDS}
SLIDER = {"text": "How loud was it?", "kind": "slider", "scale": LOUDNESS}
GRID = {"kind": "choice", "display": "matrix", "scale": "agree", "need": "optional"}


@pytest.fixture
def address(transactional_db):
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    words = experiments.WORDS
    more = {
        "felt": ROW,
        "instrument": MENU,
        "loud": SLIDER,
        "calm": GRID | {"text": "It was *calm*"},
        "fast": GRID | {"text": "It was fast"},
    }
    page = words["pages"]["rating"] | {
        "items": ["liked", "felt", "heard", "instrument", "loud", "calm", "fast", "why"],
        "header": "Think of the melody that you have *just* heard.",
    }
    words = words | {"items": words["items"] | more, "pages": words["pages"] | {"rating": page}}
    revision = experiments.published(accounts.project(lab), ann, words)
    return f"/take/{experiments.token(revision, ann)}/"


def test_every_page_of_a_participant_is_for_everybody(window, address, pictures):
    page = window()
    page.goto(address)
    wrong = looked_at(page, "participant-welcome", pictures)
    page.get_by_role("button", name="Begin").click()
    wrong += looked_at(page, "participant-consent", pictures)
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_label("How old are you?").fill("33")
    page.get_by_role("button", name="Continue").click()
    wrong += looked_at(page, "participant-items", pictures)
    page.get_by_label("As a number").fill("200")
    page.get_by_role("button", name="Continue").click()
    wrong += looked_at(page, "participant-faults", pictures)
    page.get_by_role("link", name="How loud was it?").click()
    assert page.evaluate("document.activeElement.name") == "item-loud"
    assert not wrong, "\n".join(wrong)


SMALL = {"a phone": (320, 640), "a desk at 400 %": (320, 256)}


@pytest.mark.parametrize("screen", SMALL)
def test_by_keyboard_alone(window, address, screen):
    width, height = SMALL[screen]
    page = window(width=width, height=height)
    page.goto(address)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past what comes before the content
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).inner_text() == "Consent"
    page.get_by_role("button", name="I agree and take part").focus()
    page.keyboard.press("Enter")
    page.get_by_label("How old are you?").focus()
    page.keyboard.type("33")
    page.keyboard.press("Enter")
    page.get_by_label("No", exact=True).first.focus()
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("Yes", exact=True).first.is_checked()


def test_a_double_click_two_tabs_and_the_way_back(window, address):
    page = window()
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="I agree and take part").click()
    twin = page.context.new_page()
    twin.goto(page.url)
    page.get_by_label("How old are you?").fill("33")
    page.get_by_role("button", name="Continue").dblclick()
    page.wait_for_load_state()
    twin.get_by_label("How old are you?").fill("44")
    twin.get_by_role("button", name="Continue").click()
    assert twin.get_by_role("heading", level=1).inner_text() == "The melody"
    page.go_back()
    page.go_forward()
    assert page.get_by_role("heading", level=1).inner_text() == "The melody"
    assert [answer.value for answer in Answer.objects.all()] == [33]


def test_who_declines_can_close_the_page(window, address, pictures):
    page = window()
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="I do not agree").click()
    assert not looked_at(page, "participant-declined", pictures)
    assert Run.objects.get().status == "declined"
