"""A release is looked at in a process of its own before anybody can visit it."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from tests.integration.migrations.conftest import ON_POSTGRESQL, SOURCE, URL, connect, control

SETTINGS = """
from config.settings.test import *
INSTALLED_APPS += ["corner"]
ROOT_URLCONF = "corner.urls"
{more}
"""
APP = """
from common.areas import Area, everybody
from django.apps import AppConfig

class CornerConfig(AppConfig):
    name = "corner"
    area = Area(
        name="corner", label="Corner", icon="home", url_name="{url_name}",
        description="A corner for the test", visible_to=everybody,
    )
"""
URLS = """
from config.urls import *
from config.urls import urlpatterns
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import include, path

def page(request):
{view}

urlpatterns = [*urlpatterns, path("corner/", include(([path("", page, name="first")], "corner")))]
"""
FINE = '    return HttpResponse("fine")'


def run(url, *words, folder=SOURCE, **more):
    paths = [str(folder), str(SOURCE / "app"), str(SOURCE / "deploy")]
    env = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, str(SOURCE / "app" / "manage.py"), *words],
        env=env | more,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A database of the whole product, migrated once; tests get copies."""
    if not ON_POSTGRESQL:
        file = tmp_path_factory.mktemp("migrated") / "product.sqlite3"
        yield prepared(f"sqlite:///{file}")
        return
    name = f"product_{uuid4().hex}"
    control(f"CREATE DATABASE {name}")
    yield prepared(urlsplit(URL)._replace(path=f"/{name}").geturl())
    control(f"DROP DATABASE {name} WITH (FORCE)")


def prepared(url):
    result = run(url, "migrate_phase", "early")
    assert result.code == 0, result.err
    return url


@pytest.fixture
def url(migrated, tmp_path):
    if not ON_POSTGRESQL:
        copy = tmp_path / "copy.sqlite3"
        shutil.copy(migrated.removeprefix("sqlite:///"), copy)
        yield f"sqlite:///{copy}"
        return
    name = f"copy_{uuid4().hex}"
    control(f"CREATE DATABASE {name} TEMPLATE {urlsplit(migrated).path.strip('/')}")
    yield urlsplit(URL)._replace(path=f"/{name}").geturl()
    control(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def check(tmp_path, url):
    """Check the product with a corner added to it."""
    folder = tmp_path / "code"
    (folder / "corner").mkdir(parents=True)

    def checked(view=FINE, *, urls="", settings="", url_name="corner:first", **more):
        (folder / "settings_of_test.py").write_text(SETTINGS.format(more=settings))
        (folder / "corner" / "apps.py").write_text(APP.format(url_name=url_name))
        (folder / "corner" / "__init__.py").touch()
        (folder / "corner" / "urls.py").write_text(URLS.format(view=view) + urls)
        state = {"STUDIUM_STATE": str(tmp_path / "state")}
        module = {"DJANGO_SETTINGS_MODULE": "settings_of_test"}
        return run(url, "check_release", folder=folder, **(module | state | more))

    return checked


def count(url, table):
    connection = connect(url)
    cursor = connection.cursor()
    cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608  our own name
    found = cursor.fetchone()[0]
    connection.close()
    return found


def test_a_good_release_names_the_pages_that_strangers_may_see(check):
    result = check()
    assert result.code == 0, result.err
    pages = json.loads(result.out.splitlines()[-1])["pages"]
    assert {"/corner/", "/accounts/sign-in/"} <= set(pages)
    assert len(pages) == len(set(pages))


def test_a_page_that_sends_strangers_away_is_not_among_them(check):
    result = check('    return HttpResponse() if request.user.is_staff else redirect("/")')
    assert result.code == 0, result.err
    assert "/corner/" not in json.loads(result.out.splitlines()[-1])["pages"]


def test_nothing_of_it_stays_in_the_database(check, url):
    view = (
        "    from accounts.models import User\n"
        '    User.objects.create(username=f"left by {request.user.pk}", email="left@example.org")\n'
    )
    assert check(view + FINE).code == 0
    assert [count(url, table) for table in ("accounts_user", "django_session")] == [0, 0]


def test_a_broken_address_table_is_found_with_its_traceback(check):
    result = check(urls="\nfrom nowhere import views\n")
    assert result.code == 1
    assert "No module named 'nowhere'" in result.err
    assert "corner/urls.py" in result.err


def test_a_broken_address_table_that_is_included_is_found(check):
    result = check(urls='\nurlpatterns.append(path("more/", include("corner.nowhere")))\n')
    assert result.code == 1
    assert "corner.nowhere" in result.err


def test_a_page_that_raises_is_named_with_its_traceback(check):
    result = check('    raise LookupError("the shelf is empty")')
    assert result.code == 1
    assert "LookupError: the shelf is empty" in result.err
    assert "corner/urls.py" in result.err
    assert "The page /corner/ fails" in result.err.strip().splitlines()[-1]


def test_what_a_refused_release_raises_is_no_error_of_the_live_one(check, tmp_path):
    result = check('    raise LookupError("the shelf is empty")', STUDIUM_STATE=str(tmp_path / "state"))
    assert result.code == 1
    assert list((tmp_path / "state").glob("errors/*")) == []


def test_a_page_that_only_strangers_break_is_found(check):
    result = check(f"    assert request.user.is_staff\n{FINE}")
    assert result.code == 1
    assert "The page /corner/ fails" in result.err


def test_a_page_that_breaks_while_it_streams_is_found(check):
    result = check("    return StreamingHttpResponse(str(1 / n) for n in (1, 0))")
    assert result.code == 1
    assert "ZeroDivisionError" in result.err
    assert "/corner/" in result.err


@pytest.mark.parametrize("status", [500, 503])
def test_a_page_that_answers_an_error_is_shown(check, status):
    result = check(f'    return HttpResponse("out of order", status={status})')
    assert result.code == 1
    assert "out of order" in result.err
    assert f"The page /corner/ answers {status}" in result.err


def test_an_area_without_its_page_is_found(check):
    result = check(url_name="corner:lost")
    assert result.code == 1
    assert "'corner' has no page" in result.err


def test_the_system_checks_may_warn_but_not_fail(check):
    register = """
from django.core import checks
@checks.register({words})
def look(app_configs, **_):
    return [checks.{level}("the roof leaks", hint="call the roofer")]
"""
    assert check(urls=register.format(level="Warning", words="deploy=True")).code == 0
    result = check(urls=register.format(level="Error", words="deploy=True"))
    assert result.code == 1
    assert "the roof leaks" in result.err
    assert "call the roofer" in result.err


def test_a_template_that_no_area_shows_must_compile_too(check, tmp_path):
    own = tmp_path / "own" / "templates"
    own.mkdir(parents=True)
    (own / "rare.html").write_text("{% if %}")
    place = f'APP = __import__("pathlib").Path({str(own.parent)!r})\n'
    result = check(settings=f'{place}TEMPLATES[0]["DIRS"] += [{str(own)!r}]')
    assert result.code == 1
    assert "The template rare.html cannot be compiled" in result.err


def test_the_pages_see_the_address_of_the_site(check):
    view = (
        "    found = request.build_absolute_uri()\n"
        '    assert found == "https://lab.example.org/corner/", found\n'
    )
    settings = (
        'ALLOWED_HOSTS = ["lab.example.org"]\n'
        'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")\n'
        "SECURE_SSL_REDIRECT = True\n"
    )
    result = check(view + FINE, settings=settings, STUDIUM_URL="https://lab.example.org")
    assert result.code == 0, result.err


def test_a_site_that_does_not_know_its_own_name_is_told(check):
    result = check(settings='ALLOWED_HOSTS = ["elsewhere.example.org"]')
    assert result.code == 1
    assert "The page / answers 400" in result.err


def test_a_closed_site_can_be_released(check, tmp_path):
    closed = tmp_path / "maintenance.json"
    closed.write_text('{"mode": "on", "message": "back soon"}')
    result = check(STUDIUM_MAINTENANCE=str(closed))
    assert result.code == 0, result.err
    assert "/corner/" in json.loads(result.out.splitlines()[-1])["pages"]


def test_people_can_write_while_it_looks(check, url):
    """SQLite has one writer at a time: the stand-in may not keep the others waiting."""
    waits, over = [], threading.Event()

    def write():
        connection = connect(url)
        while not over.is_set():
            began = time.monotonic()
            connection.cursor().execute("UPDATE accounts_user SET last_name = 'x'")
            waits.append(time.monotonic() - began)
            time.sleep(0.01)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    result = check()
    over.set()
    writer.join()
    assert result.code == 0, result.err
    assert max(waits) < 2
