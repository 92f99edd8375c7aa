"""Every main page on a phone and on a desk, light and dark: reachable by all, within its width."""

import pytest
from axe_playwright_python.sync_playwright import Axe

SCREENS = {"phone": (320, 640), "hand": (390, 844), "desk": (1280, 800)}
PAGES = {
    "welcome": (None, "/"),
    "home": ("alice", "/"),
    "components": (None, "/components/"),
    "search": ("alice", "/search/?q=jo"),
    "not-there": ("alice", "/nowhere/"),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(name, screen, scheme, window, pictures, request):
    person, address = PAGES[name]
    width, height = SCREENS[screen]
    person = request.getfixturevalue(person) if person else None
    page = window(person, width=width, height=height, scheme=scheme)
    hosts = set()
    page.on("request", lambda sent: hosts.add(sent.url.split("/")[2]))
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.screenshot(path=pictures / f"{name}-{screen}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(hosts) == 1
    assert [text for text in complaints if "404" not in text] == []
    found = Axe().run(page, options={"preload": False}).response["violations"]
    grave = {f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in {"serious", "critical"}}
    assert not grave
