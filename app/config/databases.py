"""Turn ``DATABASE_URL`` into Django's settings: SQLite by default, or PostgreSQL."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from django.core.exceptions import ImproperlyConfigured

from config import addresses, environment

REMEDY = "Use postgresql://… or sqlite:///path; docs/operations/environment.md has examples."


def from_url(url: str) -> dict[str, Any]:
    """Return the ``DATABASES`` entry for ``url``.

    MariaDB and MySQL get no engine at all, so that no driver is asked for before the system check
    ``studium.E001`` can refuse them with its reason.
    """
    parts = addresses.read("DATABASE_URL", url)
    if parts.scheme == "sqlite":
        return sqlite(Path(unquote(parts.path.removeprefix("/"))))
    if parts.scheme in {"postgresql", "postgres"}:
        return _postgresql(url)
    if parts.scheme in {"mysql", "mariadb"}:
        return {"ENGINE": "django.db.backends.dummy", "REFUSED": parts.scheme}
    raise ImproperlyConfigured(f"DATABASE_URL has the scheme {parts.scheme!r}. {REMEDY}")


def of_rds(environ: environment.Environment) -> str:
    """Return the address that the RDS_… variables make together; empty without a host."""
    host = environ.text("RDS_HOSTNAME")
    if not host:
        return ""
    person = (
        f"{quote(environ.required('RDS_USERNAME'), '')}:{quote(environ.text('RDS_PASSWORD'), '')}"
    )
    port = environ.integer("RDS_PORT", 5432)
    name = quote(environ.required("RDS_DB_NAME"), "")
    return f"postgresql://{person}@{host}:{port}/{name}?sslmode=require"


def sqlite(path: Path) -> dict[str, Any]:
    """Return SQLite with a write-ahead log: readers never wait, a writer waits at most 20 s."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = addresses.read("DATABASE_URL", url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
