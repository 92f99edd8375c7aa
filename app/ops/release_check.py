"""Would this release answer? Asked in a process of its own, before any visitor can.

Loads what uWSGI will load, resolves every address, runs the system checks, and shows one page per
area to a stand-in operator. The stand-in and all that the pages write are rolled back.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core import checks
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import connections, transaction
from django.http import HttpResponseBase
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.test import Client
from django.test.utils import override_settings
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from common.areas import all_areas

ERROR_PAGES = (400, 403, 404, 500)
CLIENT_ERROR, SERVER_ERROR, OK = 400, 500, 200
SHOWN_CHARACTERS = 2000


class ReleaseBroken(Exception):
    """What is wrong with the release; the text has the address and the traceback."""


@dataclass(frozen=True)
class Page:
    """One address that the release must be able to show."""

    name: str
    url: str


def load() -> list[str]:
    """Load what can be loaded without the tables of this release; no page is shown."""
    load_application()
    resolve_addresses()
    compile_templates()
    return []


def check() -> list[str]:
    """Return the pages that everybody may see; raise ReleaseBroken when the release is broken."""
    load()
    run_system_checks()
    return show_pages(pages())


@contextmanager
def _blaming(what: str) -> Iterator[None]:
    try:
        yield
    except ReleaseBroken:
        raise
    except Exception as error:
        raise ReleaseBroken(f"{traceback.format_exc().rstrip()}\n{what} {_short(error)}") from error


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def load_application() -> None:
    with _blaming(f"{settings.WSGI_APPLICATION} cannot be loaded."):
        get_internal_wsgi_application()


def resolve_addresses() -> int:
    """Import every included URL table and view; return how many addresses there are."""
    with _blaming(f"The addresses of {settings.ROOT_URLCONF} cannot be loaded."):
        resolver = get_resolver()
        count = sum(1 for _ in _patterns(resolver))
        for status in ERROR_PAGES:
            resolver.resolve_error_handler(status)
        return count


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    _ = resolver.pattern.regex  # compiles it
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry)
            continue
        _ = entry.pattern.regex
        if not callable(entry.callback):
            raise TypeError(f"{entry!r} has no view that can be called.")
        yield entry


def run_system_checks() -> None:
    """Raise for errors; a warning is for people to read and stops no release."""
    with _blaming("The system checks cannot run."):
        found = checks.run_checks(include_deployment_checks=True, databases=list(connections))
    errors = [one for one in found if one.level >= checks.ERROR and not one.is_silenced()]
    if errors:
        raise ReleaseBroken("The system checks found:\n" + "\n".join(map(str, errors)))


def compile_templates() -> int:
    """Compile our own templates, also those of pages that are not shown here."""
    count = 0
    for engine in engines.all():
        if isinstance(engine, DjangoTemplates):
            for name in sorted(_own_templates(engine)):
                with _blaming(f"The template {name} cannot be compiled."):
                    engine.get_template(name)
                count += 1
    return count


def _own_templates(engine: DjangoTemplates) -> Iterator[str]:
    for folder in map(Path, engine.template_dirs):
        if settings.APP in folder.parents:
            files = (file for file in folder.rglob("*") if file.is_file())
            yield from (str(file.relative_to(folder)) for file in files)


def pages() -> list[Page]:
    """Return the home page, the sign-in and the first page of each area."""
    named = [("sign-in", settings.LOGIN_URL)]
    named += [(area.name, area.url_name) for area in all_areas()]
    found = [Page("home", "/"), *(Page(name, _address(name, view)) for name, view in named)]
    return list({page.url: page for page in found}.values())


def _address(name: str, view: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch as error:
        raise ReleaseBroken(f"The area {name!r} has no page: {error}") from error


def show_pages(wanted: list[Page]) -> list[str]:
    """Show each page to a stand-in operator; return those that answer strangers too.

    One short transaction per visit: SQLite lets nobody else write meanwhile. A closed site is
    checked as if it were open.
    """
    public = []
    with override_settings(MAINTENANCE=settings.STATE / "no-such-file"):
        for page in wanted:
            with rolled_back():
                _show(_client(), page)
            with rolled_back():
                stranger = _show(_client(stand_in=False), page)
            if stranger.status_code == OK:
                public.append(page.url)
    return public


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _client(*, stand_in: bool = True) -> Client:
    url = urlsplit(settings.SITE_URL)
    client = Client(SERVER_NAME=url.hostname or "localhost", HTTP_HOST=url.netloc)
    client.defaults["wsgi.url_scheme"] = url.scheme
    if url.scheme == "https":
        client.defaults["HTTP_X_FORWARDED_PROTO"] = "https"
    if stand_in:
        client.force_login(_stand_in(), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _stand_in() -> User:
    person = User(
        username=f"release-check-{uuid4().hex}", is_staff=True, is_superuser=True, is_active=True
    )
    person.set_unusable_password()
    person.save()
    return person


def _show(client: Client, page: Page) -> HttpResponseBase:
    secure = settings.SITE_URL.startswith("https://")
    with _blaming(f"The page {page.url} fails."):
        answer = client.get(page.url, secure=secure)
        content = b"".join(answer) if answer.streaming else answer.content
    if answer.status_code >= SERVER_ERROR or answer.status_code == CLIENT_ERROR:
        text = content.decode(errors="replace")[:SHOWN_CHARACTERS]
        raise ReleaseBroken(f"{text}\nThe page {page.url} answers {answer.status_code}.")
    return answer
