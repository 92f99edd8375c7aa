"""A real browser against the site with its static files: Debian's Chromium through Playwright."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import handlers
from django.db import connection
from playwright.sync_api import sync_playwright
from tests.browser.world import World, inhabit
from tests.factories import accounts, experiments

from accounts.roles import Role
from config.static_files import OpenStaticFiles

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
handlers.StaticFilesHandler = OpenStaticFiles  # from here `live_server` takes what it serves with


def pytest_collection_modifyitems(items):
    if CHROMIUM is None:
        absent = pytest.mark.skip(reason="Chromium is not installed: apt-get install chromium")
        for item in items:
            if "browser" in item.path.parts:
                item.add_marker(absent)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """Let SQLite use a file, as on a laptop: in memory it refuses where it could wait."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


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
def complaints():
    """Collect what no page may do: ask another host, break a rule of content, throw."""
    return []


def watch(page, address, complaints):
    def asked(request):
        if not request.url.startswith((address, "data:")):
            complaints.append(f"asked another host: {request.url}")

    def said(message):
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def answered(response):
        if response.status >= 400 and response.request.resource_type != "document":
            complaints.append(f"{response.status}: {response.url}")

    page.on("request", asked)
    page.on("console", said)
    page.on("response", answered)
    page.on("pageerror", lambda error: complaints.append(str(error)))


@pytest.fixture
def window(browser, live_server, session_of, complaints):
    """Open a window for a person (None for a stranger); no window may have given complaints."""
    contexts = []

    def opened(person=None, *, width=1280, height=800):
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        contexts.append(context)
        if person:
            context.add_cookies([session_of(person, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(10_000)
        watch(page, live_server.url, complaints)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def world(live_server, settings, tmp_path, alice, bob, carol, olga):
    settings.LEDGER = tmp_path / "ledger.jsonl"
    settings.BACKUPS = tmp_path / "backups"
    settings.STATE = tmp_path / "state"  # its log holds no errors of other tests
    return inhabit(World(alice, bob, carol, olga))


@pytest.fixture(scope="session")
def pictures():
    folder = Path(os.environ.get("STUDIUM_SCREENSHOTS", settings.STATE / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def link(transactional_db):
    """Publish a protocol; return the address of a link to it."""
    lab = accounts.lab("Alder")
    ann = accounts.person("ann", lab=lab, role=Role.EXPERIMENTER)
    project = accounts.project(lab)

    def made(words, before=None):
        if before:
            before(project, ann)
        revision = experiments.published(project, ann, words)
        return f"/take/{experiments.token(revision, ann)}/"

    return made
