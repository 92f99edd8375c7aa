"""Every main page on phones and on a desk, light and dark: for everybody, within its width."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.browser.pages import PAGES

from common import incidents

SCREENS = {"phone": (320, 640), "hand": (390, 844), "desk": (1280, 800)}
GRAVE = {"moderate", "serious", "critical"}


def barriers(page):
    """Return what axe finds worse than minor, with the first place of each."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in GRAVE]


def looked_at(page, name, pictures):
    """Return what is wrong with a page on every screen, in both schemes; take its pictures."""
    wrong = []
    for screen, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=pictures / f"{name}-{screen}-{scheme}.png", full_page=True)
            wrong += [f"{screen} {scheme}: {barrier}" for barrier in barriers(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{screen}: scrolls sideways")
    return wrong


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(name, window, world, pictures):
    person, address = PAGES[name](world)
    page = window(person)
    page.goto(address)
    wrong = looked_at(page, name, pictures)
    assert not wrong, "\n".join(wrong)


def test_the_page_of_a_mistake_is_for_everybody(window, pictures, rf, complaints):
    page = window()
    content = incidents.broken(rf.get("/")).content
    page.route("**/broken/", lambda route: route.fulfill(status=500, body=content))
    page.goto("/broken/")
    wrong = looked_at(page, "mistake", pictures)
    assert not wrong, "\n".join(wrong)


def test_the_page_of_a_closed_site_is_for_everybody(window, pictures, settings, tmp_path):
    settings.MAINTENANCE = tmp_path / "maintenance.json"
    settings.MAINTENANCE.write_text('{"mode": "on", "message": "New disks are built in."}')
    page = window()
    page.goto("/")
    wrong = looked_at(page, "closed", pictures)
    assert not wrong, "\n".join(wrong)
