"""Refuse settings that would harm a site, before it answers; each refusal says why and what to do.

`manage.py check` and every command run them, and so does the WSGI application when it starts.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, run_checks
from django.core.exceptions import ImproperlyConfigured

TAG = "studium"
ENGINES = ("local", "celery", "batch")
SHORTEST_KEY = 50
SHORTEST_IDENTITY_KEY = 40  # characters of Base64: 240 bits
FEWEST_LETTERS = 10
PLACEHOLDERS = ("django-insecure", "changeme", "change-me", "development only", "test only")
MAKE_A_KEY = (
    "Put STUDIUM_SECRET_KEY=… into the site's secrets file; `make configure` makes one, or "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'."
)
MYSQL_REASON = (
    "MariaDB and MySQL are refused: they end a transaction at each schema change, so that a failed "
    "migration stays half done, and they have no partial unique indexes, on which Studium's rules "
    "(one run at a time, one job per key) rest."
)
Check = Callable[..., Sequence[CheckMessage]]


def database(**_: Any) -> list[CheckMessage]:
    if "REFUSED" not in settings.DATABASES["default"]:
        return []
    hint = "Set DATABASE_URL to postgresql://…, or leave it out for SQLite."
    return [Error(MYSQL_REASON, hint=hint, id="studium.E001")]


def debug(**_: Any) -> list[CheckMessage]:
    if not (settings.DEPLOYED and settings.DEBUG):
        return []
    reason = "DEBUG is on for a deployed site: its error pages show settings and people's data."
    hint = "Set DEBUG = False. Errors can be read at /ops/errors/ by the id on the error page."
    return [Error(reason, hint=hint, id="studium.E002")]


def secret_key(**_: Any) -> list[CheckMessage]:
    """Ask for a key that cannot be guessed: sessions and sign-in links are signed with it."""
    key = settings.SECRET_KEY
    if not settings.DEPLOYED:
        return []
    if any(word in key.lower() for word in PLACEHOLDERS):
        return [_weak_key("is a placeholder that stands in source code")]
    if len(key) < SHORTEST_KEY:
        return [_weak_key(f"has {len(key)} characters; {SHORTEST_KEY} are needed")]
    if len(set(key)) < FEWEST_LETTERS:
        return [_weak_key("repeats the same few characters")]
    return []


def _weak_key(fault: str) -> Error:
    return Error(f"STUDIUM_SECRET_KEY {fault}.", hint=MAKE_A_KEY, id="studium.E003")


def secrets_file(**_: Any) -> list[CheckMessage]:
    """Refuse a secrets file that other people of the machine may read."""
    file = settings.SECRETS_FILE
    if not settings.DEPLOYED or not file or not file.stat().st_mode & 0o007:
        return []
    reason = f"The secrets file {file} may be read by everybody on this machine."
    return [Error(reason, hint=f"Type: chmod 600 {file}", id="studium.E004")]


def identity_keys(**_: Any) -> list[CheckMessage]:
    """Refuse a key that could be guessed: it is all that keeps a stolen database silent."""
    weak = [key for key in settings.IDENTITY_KEYS if key and not _is_strong(key)]
    if not (settings.DEPLOYED and weak):
        return []
    reason = f"STUDIUM_IDENTITY_KEY or its old one is no random text of {SHORTEST_IDENTITY_KEY}."
    hint = "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'."
    return [Error(reason, hint=hint, id="studium.E006")]


def _is_strong(key: str) -> bool:
    return len(key) >= SHORTEST_IDENTITY_KEY and len(set(key)) >= FEWEST_LETTERS


def hosts(**_: Any) -> list[CheckMessage]:
    if not settings.DEPLOYED or (settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS):
        return []
    reason = "STUDIUM_HOSTS must name the site's host names: any other would get links to itself."
    return [Error(reason, hint="Set `hosts` in the site's site.toml.", id="studium.E005")]


def job_engine(**_: Any) -> list[CheckMessage]:
    """Refuse an engine that is none, or that lacks what it cannot do without."""
    if settings.JOB_ENGINE not in ENGINES:
        reason = f"STUDIUM_JOB_ENGINE is {settings.JOB_ENGINE!r}."
        return [Error(reason, hint=f"Write {', '.join(ENGINES)}.", id="studium.E007")]
    if settings.JOB_ENGINE == "celery" and not settings.BROKER["url"]:
        reason = "STUDIUM_JOB_ENGINE is celery, and nothing says where the broker is."
        hint = "Set BROKER_URL in the site's secrets file; docs/operations/jobs.md has examples."
        return [Error(reason, hint=hint, id="studium.E007")]
    if settings.JOB_ENGINE == "batch" and not settings.BATCH["bucket"]:
        reason = "STUDIUM_JOB_ENGINE is batch, and nothing says by which bucket jobs come and go."
        hint = "Set STUDIUM_BATCH_BUCKET; docs/operations/batch.md has the steps."
        return [Error(reason, hint=hint, id="studium.E007")]
    return []


ALL: tuple[Check, ...] = (
    database,
    debug,
    secret_key,
    identity_keys,
    secrets_file,
    hosts,
    job_engine,
)


def refuse_to_start() -> None:
    """Raise the first faults of the settings; for processes that run no system checks."""
    faults = [fault for fault in run_checks(tags=[TAG]) if fault.is_serious()]
    if faults:
        raise ImproperlyConfigured("\n".join(f"{fault.msg} {fault.hint}" for fault in faults))
