"""What a deployed site refuses to start with: asked of real processes."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

PROJECT = Path(__file__).resolve().parents[3]
MANAGE = PROJECT / "app" / "manage.py"
GOOD_KEY = secrets.token_urlsafe(50)


@pytest.fixture
def site(tmp_path):
    """Run a command of a deployed site."""
    file = tmp_path / "secrets.env"

    def run(*words, secret_lines=(f"STUDIUM_SECRET_KEY={GOOD_KEY}",), mode=0o600, **variables):
        file.write_text("\n".join(secret_lines))
        file.chmod(mode)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{PROJECT / 'app'}:{PROJECT / 'deploy'}",
            "DJANGO_SETTINGS_MODULE": "config.settings.deployed",
            "STUDIUM_STATE": str(tmp_path),
            "STUDIUM_SECRETS": str(file),
            "STUDIUM_HOSTS": "lab.example",
            "STUDIUM_URL": "https://lab.example",
        }
        done = subprocess.run(
            [sys.executable, *words],
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return SimpleNamespace(code=done.returncode, said=done.stdout + done.stderr)

    return run


def test_a_complete_site_passes_every_check(site):
    done = site(str(MANAGE), "check")
    assert done.code == 0, done.said


@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_mariadb_is_refused_with_the_reason_and_no_driver(site, scheme):
    done = site(str(MANAGE), "check", DATABASE_URL=f"{scheme}://u:sentinel-word@h/d")
    assert done.code == 1
    assert "studium.E001" in done.said
    assert "a failed migration stays half done" in done.said
    assert "MySQLdb" not in done.said
    assert "sentinel-word" not in done.said


def test_the_web_server_refuses_mariadb_as_well(site):
    done = site("-c", "import config.wsgi", DATABASE_URL="mysql://u:p@h/d")
    assert done.code == 1
    assert "MariaDB and MySQL are refused" in done.said.splitlines()[-1]


def test_the_development_server_is_refused(site):
    done = site(str(MANAGE), "runserver", "8599", "--noreload")
    assert done.code == 1
    assert "The development server is not for deployed sites" in done.said
    assert "Traceback" not in done.said


def test_debug_is_refused(site, tmp_path):
    (tmp_path / "loose.py").write_text("from config.settings.deployed import *\nDEBUG = True\n")
    path = f"{tmp_path}:{PROJECT / 'app'}:{PROJECT / 'deploy'}"
    done = site(str(MANAGE), "check", DJANGO_SETTINGS_MODULE="loose", PYTHONPATH=path)
    assert done.code == 1
    assert "studium.E002" in done.said


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("short", "has 5 characters; 50 are needed"),
        ("django-insecure-0123456789abcdefghijklmnopqrstuvwxyz-ABCDEF", "is a placeholder"),
        ("ab" * 40, "repeats the same few characters"),
    ],
)
def test_a_weak_key_is_refused_without_showing_it(site, key, fault):
    done = site(str(MANAGE), "check", secret_lines=[f"STUDIUM_SECRET_KEY={key}"])
    assert done.code == 1
    assert fault in done.said
    assert "make configure" in done.said
    assert key not in done.said or key == "short"


def test_a_missing_key_is_named_with_the_remedy(site):
    done = site(str(MANAGE), "check", secret_lines=[])
    assert done.code == 1
    assert "STUDIUM_SECRET_KEY is not set" in done.said


def test_a_secrets_file_that_everybody_may_read_is_refused(site):
    done = site(str(MANAGE), "check", mode=0o644)
    assert done.code == 1
    assert "chmod 600" in done.said


def test_a_secrets_file_that_is_not_there_is_named(site):
    done = site(str(MANAGE), "check", STUDIUM_SECRETS="/nowhere/secrets.env")
    assert done.code == 1
    assert "/nowhere/secrets.env" in done.said.splitlines()[-1]


def test_a_site_that_answers_to_any_name_is_refused(site):
    done = site(str(MANAGE), "check", STUDIUM_HOSTS="*")
    assert "studium.E005" in done.said


LOAD = """
import sys, django; django.setup()
import config.urls, jobs.worker, jobs.management.commands.worker
print(sorted({"celery", "kombu", "boto3", "botocore"} & set(sys.modules)))
"""


def test_a_site_that_stays_on_its_own_machines_loads_neither_celery_nor_boto(site):
    done = site("-c", LOAD)
    assert done.said.splitlines()[-1] == "[]"


ASK = """
import django; django.setup()
from django.conf import settings as s
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0, s.SESSION_ENGINE)
"""


@pytest.mark.parametrize(("scheme", "secure"), [("https", "True"), ("http", "False")])
def test_cookies_are_for_https_alone_when_the_site_has_it(site, scheme, secure):
    done = site("-c", ASK, STUDIUM_URL=f"{scheme}://lab.example")
    assert done.said.split()[:3] == [secure] * 3


@pytest.mark.parametrize(
    ("url", "in_clear"),
    [
        ("https://lab.example", False),
        ("http://lab.example", True),
        ("http://192.168.1.5:8080", True),
        ("http://127.0.0.1:8001", False),
        ("http://localhost:8001", False),
    ],
)
def test_plain_http_over_a_network_is_known_as_such(site, url, in_clear):
    ask = "from config.settings import deployed as s; print(s.TRAVELS_IN_CLEAR)"
    assert site("-c", ask, STUDIUM_URL=url).said.split() == [str(in_clear)]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_check_for_deployment_is_quiet_about_what_is_meant(site, scheme):
    done = site(str(MANAGE), "check", "--deploy", STUDIUM_URL=f"{scheme}://lab.example")
    assert done.code == 0
    assert "security.W" not in done.said


def test_a_site_with_https_still_hears_of_a_cookie_that_is_not_secure(site, tmp_path):
    loose = "from config.settings.deployed import *\nSESSION_COOKIE_SECURE = False\n"
    (tmp_path / "loose.py").write_text(loose)
    path = f"{tmp_path}:{PROJECT / 'app'}:{PROJECT / 'deploy'}"
    done = site(str(MANAGE), "check", "--deploy", DJANGO_SETTINGS_MODULE="loose", PYTHONPATH=path)
    assert "security.W012" in done.said


def test_sessions_stay_in_the_database_whatever_the_cache_is(site):
    done = site("-c", ASK, CACHE_URL="redis://127.0.0.1:1/0")
    assert done.said.split()[3] == "django.contrib.sessions.backends.db"


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"STUDIUM_JOB_ENGINE": "steam"}, "Write local, celery"),
        ({"STUDIUM_JOB_ENGINE": "celery"}, "Set BROKER_URL"),
        ({"STUDIUM_JOB_ENGINE": "batch"}, "Set STUDIUM_BATCH_BUCKET"),
    ],
)
def test_an_engine_that_cannot_run_jobs_is_refused(site, given, remedy):
    done = site(str(MANAGE), "check", **given)
    assert done.code == 1
    assert "studium.E007" in done.said
    assert remedy in done.said
