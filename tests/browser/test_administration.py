"""The administration in a browser: for everybody, on a phone and a desk, within the rules."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import expect
from tests.browser.test_looks import barriers
from tests.factories import lab as make
from tests.factories.lab_world import fill

from lab import models

SCREENS = {"hand": (390, 844), "desk": (1280, 800)}


@pytest.fixture
def records(live_server, alder, carol):
    world = fill(alder, carol, "w")
    for days in range(12):
        moment = now() - timedelta(days=days)
        make.weighing(world[models.Subject], carol, 25.0 - days / 5, at=moment)
        make.water(world[models.Subject], carol, 0.8, at=moment)
    return world


def address(kind, what="changelist", *args):
    return reverse(f"admin:lab_{kind._meta.model_name}_{what}", args=args)


def of(kind, what="change"):
    return lambda world: address(kind, what, world[kind].pk)


PAGES = {
    "index": lambda _: "/admin/",
    "animals": lambda _: address(models.Subject),
    "animal": of(models.Subject),
    "animal-history": of(models.Subject, "history"),
    "animal-timeline": of(models.Subject, "timeline"),
    "animal-delete": of(models.Subject, "delete"),
    "session": of(models.Session),
    "surgery-add": lambda _: address(models.Surgery, "add"),
    "litter": of(models.Litter),
    "line": of(models.Line),
    "datasets": lambda _: address(models.Dataset),
    "trash": of(models.DeletedRecord),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_administration_is_for_everybody(name, window, records, carol, pictures):
    page = window(carol)
    page.goto(PAGES[name](records))
    wrong = []
    for screen, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=pictures / f"admin-{name}-{screen}-{scheme}.png", full_page=True)
            wrong += [f"{screen} {scheme}: {barrier}" for barrier in barriers(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{screen}: scrolls sideways")
    assert not wrong, "\n".join(wrong)


def test_an_animal_is_chosen_by_typing_and_weighed(window, records, carol):
    page = window(carol)
    page.goto(address(models.Weighing, "add"))
    page.locator(".field-subject .select2-selection").click()
    page.locator(".select2-search__field").fill("old-w")  # a former name
    page.get_by_role("option", name="KS-w").click()
    page.get_by_label("Weight (g)").fill("24.1")
    page.locator("#id_why").fill("new scales")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("24.1 g of KS-w")
    page.goto(address(models.Weighing, "add"))
    expect(page.locator(".field-subject .select2-selection")).to_contain_text("KS-w")


def test_a_template_is_written_into_a_narrative(window, records, carol):
    page = window(carol)
    page.goto(address(models.Surgery, "add"))
    page.get_by_label("Insert a template into the narrative").select_option("Surgery")
    narrative = page.locator("#id_narrative")  # its section is called the same
    expect(narrative).to_have_value(re.compile("Analgesia"))
