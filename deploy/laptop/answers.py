"""What a person may answer to `make configure`, and why something is refused.

Each check returns the value to keep, or raises ValueError with what would be right.
"""

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
LOWEST_PORT, HIGHEST_PORT = 1024, 65535


@dataclass(frozen=True)
class Question:
    """One fact or secret: where it is kept, how it is asked, what is right."""

    key: str  # "web.processes" or the name of a secret
    text: str
    check: Callable[[str], Any]


def address(answer: str) -> str:
    parts = urlsplit(answer)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise ValueError("write it like http://127.0.0.1:8001, without a slash at the end")
    if not parts.port or not LOWEST_PORT <= parts.port <= HIGHEST_PORT:
        raise ValueError(f"it needs a port between {LOWEST_PORT} and {HIGHEST_PORT}")
    return answer


def hosts(answer: str) -> list[str]:
    names = answer.replace(",", " ").split()
    wrong = [name for name in names if not HOST.fullmatch(name)]
    if wrong or not names:
        raise ValueError(f"{wrong[0]!r} is no host name" if wrong else "name at least one host")
    return names


def time_zone(answer: str) -> str:
    known = zoneinfo.available_timezones()
    if known and answer not in known:
        raise ValueError(f"{answer!r} is no time zone; write it like Europe/Berlin or UTC")
    return answer


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def check(answer: str) -> int:
        if not answer.isascii() or not answer.isdigit() or not least <= int(answer) <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return int(answer)

    return check


def url(what: str, *schemes: str, needs_host: tuple[str, ...] = ()) -> Callable[[str], str]:
    """Return a check for a secret that is an address; the refusal never repeats the answer."""

    def check(answer: str) -> str:
        if re.search(r"\s", answer):
            raise ValueError("it may hold no spaces; write them as %20")
        try:
            parts = urlsplit(answer)
        except ValueError:
            raise ValueError(f"it is no address; {what}") from None
        if parts.scheme not in schemes:
            raise ValueError(what)
        if parts.scheme in needs_host and not parts.hostname:
            raise ValueError(f"it names no host; {what}")
        return answer

    return check


def database(answer: str) -> str:
    if answer.startswith(("mysql:", "mariadb:")):
        raise ValueError(
            "MariaDB and MySQL are refused: they end a transaction at each schema change, so that "
            "a failed migration stays half done. Use PostgreSQL or SQLite"
        )
    form = "write postgresql://user:password@host/name, or - for SQLite in the site's folder"
    return url(form, "postgresql", "postgres", "sqlite")(answer)


def sentry(answer: str) -> str:
    form = "write it like https://KEY@host/PROJECT, or - for none"
    check = url(form, "https", "http", needs_host=("https", "http"))
    if not urlsplit(check(answer)).username:
        raise ValueError(f"it names no key; {form}")
    return answer


FACTS = (
    Question("url", "Address that people type", address),
    Question("hosts", "Host names that the site answers to", hosts),
    Question("time_zone", "The laboratory's time zone", time_zone),
    Question("web.processes", "Web processes", whole_number(1, 64)),
    Question("web.threads", "Threads in each of them", whole_number(1, 64)),
    Question("release.keep", "Releases kept for a rollback", whole_number(2, 50)),
)
SECRETS = (
    Question("DATABASE_URL", "Database (empty: SQLite in the site's folder)", database),
    Question(
        "CACHE_URL",
        "Cache (empty: the database)",
        url(
            "write redis://host:6379/0, rediss://…, unix:///path or memcached://host:11211",
            "redis",
            "rediss",
            "unix",
            "memcached",
            needs_host=("redis", "rediss", "memcached"),
        ),
    ),
    Question(
        "EMAIL_URL",
        "Mail (empty: the site's default)",
        url(
            "write smtp://user:password@host:587?tls=1, smtps://…, mailgun://domain, "
            "file:///folder or console://",
            "smtp",
            "smtps",
            "mailgun",
            "file",
            "console",
            needs_host=("smtp", "smtps", "mailgun"),
        ),
    ),
    Question("SENTRY_DSN", "Sentry (empty: errors stay in the log)", sentry),
)
