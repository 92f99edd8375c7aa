"""The site's secrets: generated once, kept for ever, readable by the site's user alone."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from pipeline.files import write_whole

KEY, IDENTITY_KEY = "STUDIUM_SECRET_KEY", "STUDIUM_IDENTITY_KEY"
HEAD = "# Secrets of this site: one NAME=value a line. Never in git, never in a log.\n"
PRIVATE = 0o600


def read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write(path: Path, values: Mapping[str, str]) -> None:
    lines = (f"{name}={value}\n" for name, value in values.items() if value)
    write_whole(path, HEAD + "".join(lines), mode=PRIVATE)
    path.chmod(PRIVATE)


def new_key() -> str:
    return secrets.token_urlsafe(50)


def with_keys(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values with the keys that every site has; those that are there stay."""
    return {KEY: new_key(), IDENTITY_KEY: new_key(), **values}


def ensure(path: Path) -> None:
    """Make the file with keys of its own, unless they are there; a wider mode is narrowed."""
    values = read(path)
    if not {KEY, IDENTITY_KEY} <= set(values):
        write(path, with_keys(values))
    path.chmod(PRIVATE)
