"""A real browser against the site with its static files: Debian's Chromium through Playwright."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
# Playwright runs an event loop in this thread; Django's ORM would refuse to be called beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items):
    if CHROMIUM is None:
        absent = pytest.mark.skip(reason="Chromium is not installed: apt-get install chromium")
        for item in items:
            if "browser" in item.path.parts:
                item.add_marker(absent)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def session_of(as_):
    """Return the session of a person as a browser's cookie."""

    def cookie_of(person, address):
        value = as_(person).cookies[settings.SESSION_COOKIE_NAME].value
        return {"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}

    return cookie_of


@pytest.fixture
def window(browser, live_server, session_of):
    """Open a window for a person (None for a stranger), and close it with the test."""
    contexts = []

    def opened(person=None, *, width=1280, height=800, scheme="light"):
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if person:
            context.add_cookies([session_of(person, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def pictures():
    folder = Path(os.environ.get("STUDIUM_SCREENSHOTS", settings.STATE / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
