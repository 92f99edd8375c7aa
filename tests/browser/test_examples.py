"""Both worked examples in a real browser, from the link to the stored rows."""

import pytest
from tests.browser.test_looks import looked_at
from tests.factories import accounts

from accounts.roles import Role
from experiments.services import examples
from runs.models import Answer, Run, Trial, Visit


@pytest.fixture
def addresses(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT, settings.SCRIPT_CACHE = tmp_path / "media", tmp_path / "cache"
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    installed = examples.install(project=accounts.project(lab), by=ann)
    return [f"/take/{each.token}/" for each in installed]


def begin(page, address):
    page.goto(address)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_label("How old are you?").fill("33")


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


def on(page):
    page.get_by_role("button", name="Continue").click()
    page.wait_for_load_state()


def test_melodies_are_heard_and_rated(window, addresses, pictures):
    page = window()
    begin(page, addresses[0])
    page.get_by_label("2 to 5 years").check()
    on(page)
    wrong = looked_at(page, "participant-stimulus", pictures)
    assert not wrong, "\n".join(wrong)
    for number in range(8):
        assert heading(page) == "How was this melody?"
        sound = page.locator("audio")
        sound.evaluate("each => each.readyState >= 2 || new Promise(r => each.oncanplay = r)")
        assert sound.evaluate("each => each.duration") > 2
        slider = page.get_by_role("slider")
        slider.focus()
        slider.press("End" if number % 2 else "Home")
        page.get_by_label("A little").check()
        on(page)
    page.wait_for_load_state()
    if heading(page) == "One last question":
        on(page)
    assert heading(page) == "Your ratings"
    on(page)
    assert heading(page) == "Thank you"
    assert Run.objects.get().status == "completed"
    heard = list(Visit.objects.filter(step="rate").values_list("stimulus", flat=True))
    assert len(set(heard)) == 8
    liked = Answer.objects.filter(measure__name="liked").order_by("visit__position")
    assert [(a.stimulus, a.value) for a in liked] == [
        (name, 100 if number % 2 else 0) for number, name in enumerate(heard)
    ]


def test_colours_are_named_and_each_press_is_a_row(window, addresses):
    page = window()
    begin(page, addresses[1])
    page.get_by_label("Yes").check()
    on(page)
    page.get_by_role("button", name="Start").click()
    named = name_colours(page)
    page.get_by_role("radio").first.wait_for()
    for group in page.get_by_role("group").all():
        group.get_by_label("A little").check()
    on(page)
    assert heading(page) == "Your result"
    assert "You named 12 of 12 colours correctly." in page.content()
    on(page)
    assert heading(page) == "Thank you"
    assert Run.objects.get().status == "completed"
    main = Answer.objects.filter(measure__name="colour", trial__isnull=False)
    assert main.count() == 12
    practised = Answer.objects.filter(measure__name="practice-colour", trial__isnull=False)
    assert main.count() + practised.count() == named
    indices = list(Trial.objects.order_by("index").values_list("index", flat=True))
    assert indices == list(range(len(indices)))


SEEN = "all => all.length ? [all[0].textContent, getComputedStyle(all[0]).color] : null"
INKS = {"rgb(176, 0, 32)": "r", "rgb(0, 102, 43)": "g", "rgb(11, 63, 196)": "b"}


def name_colours(page):
    """Press the key of each ink that is shown, until the items come; return how many there were."""
    named = 0
    shown = page.locator("#jspsych-html-keyboard-response-stimulus p")
    for _ in range(400):
        if page.get_by_role("radio").first.is_visible():
            return named
        ink = shown.evaluate_all(SEEN)
        if ink and ink[1] in INKS:
            page.keyboard.press(INKS[ink[1]])
            named += 1
        elif ink and "space bar" in ink[0]:
            page.keyboard.press("Space")
        page.wait_for_timeout(60)
    raise AssertionError("the task does not end")
