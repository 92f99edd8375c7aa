"""The site's secrets: one file in a volume, made once, read only by those that need it."""

import os
import re
import secrets as randomness

from container import place
from pipeline.errors import Refused
from pipeline.files import write_whole

FILE = place.KEYS / "secrets.env"
NAME = re.compile(r"[A-Z][A-Z0-9_]*")
MODE = 0o640
HEAD = "# Secrets of this site: one NAME=value a line. Never in git, never in a log.\n"


def make() -> None:
    """Write the file when there is none; what stands in it stays, and gets what is new since."""
    if not FILE.exists():
        key, identity = (randomness.token_urlsafe(64) for _ in range(2))
        _write(
            f"{HEAD}STUDIUM_SECRET_KEY={key}\nSTUDIUM_IDENTITY_KEY={identity}\n"
            "DATABASE_URL=postgresql:///studium?host=/run/postgresql\n"
        )
    elif not _has("STUDIUM_IDENTITY_KEY"):  # made before identities were sealed
        put("STUDIUM_IDENTITY_KEY", randomness.token_urlsafe(64))


def _has(name: str) -> bool:
    pairs = (line.partition("=") for line in FILE.read_text().splitlines())
    return any(found.strip() == name and value.strip() for found, _, value in pairs)


def put(name: str, value: str) -> None:
    """Set one secret; an empty value takes it away."""
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name of a setting; see docs/operations/environment.md.")
    if "\n" in value:
        raise Refused(f"{name} must be one line.")
    kept = [
        line for line in FILE.read_text().splitlines() if line.partition("=")[0].strip() != name
    ]
    _write("\n".join([*kept, *([f"{name}={value}"] if value else [])]) + "\n")


def _write(content: str) -> None:
    write_whole(FILE, content, mode=MODE)
    os.chmod(FILE, MODE)  # noqa: PTH101  whatever the umask was
