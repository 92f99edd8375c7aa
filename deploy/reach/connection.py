"""A site's facts, key and pinned host key, from variables: for a machine that has no sites/ yet."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from invoke.exceptions import Exit

from reach.targets import USUAL, WRONG_USE

HOST, KEY, KNOWN = "STUDIUM_HOST", "STUDIUM_SSH_KEY", "STUDIUM_KNOWN_HOSTS"
MARK = "# Written by `fab connect`; `fab disconnect` removes it.\n"
FACTS = """\
{mark}name = "{name}"
branch = "{name}"
environment = "{name}"

[reach]
remote = "pn-{name}"
ssh = "{host}"
site_file = "/srv/studium/site.toml"
identity = "{name}.key"
"""
ADDRESS = re.compile(r"[a-z_][a-z0-9_-]*@([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")


def connect(project: Path, name: str, given: Mapping[str, str]) -> None:
    """Write sites/NAME.toml, its key and its host's key; say nothing of what is in them."""
    if name not in USUAL:
        raise Exit(f"Only {' and '.join(USUAL)} are connected like this.", WRONG_USE)
    file = project / "sites" / f"{name}.toml"
    if file.exists() and not _is_ours(file):
        raise Exit(f"{file} is there already, and is a person's: nothing was changed.", WRONG_USE)
    lacking = [each for each in (HOST, KEY, KNOWN) if not given.get(each, "").strip()]
    if lacking:
        raise Exit(
            f"{', '.join(lacking)} must be given as variables; docs/operations/promotion.md says "
            "where they are kept.",
            WRONG_USE,
        )
    host = given[HOST].strip()
    if not (found := ADDRESS.fullmatch(host)):
        raise Exit(f"{HOST} must be user@host or user@host:port, not {host!r}.", WRONG_USE)
    key = file.with_suffix(".key")
    try:
        _write(key, f"{given[KEY].strip()}\n")
        _write(_pinned(key), f"{given[KNOWN].strip()}\n")
        _check_key(key)
        _check_host(_pinned(key), found[1], found[2] or "22")
    except Exit:
        disconnect(project, name)
        raise
    _write(file, FACTS.format(mark=MARK, name=name, host=host))
    print(f"{name} is {host}, by a key of its own; its host key is pinned.")


def disconnect(project: Path, name: str) -> None:
    """Remove what `connect` has written, and nothing else."""
    file = project / "sites" / f"{name}.toml"
    if file.exists() and not _is_ours(file):
        raise Exit(f"{file} is a person's: nothing was removed.", WRONG_USE)
    key = file.with_suffix(".key")
    for each in (key, _pinned(key), file):
        each.unlink(missing_ok=True)


def _is_ours(file: Path) -> bool:
    return file.read_text().startswith(MARK)


def _pinned(key: Path) -> Path:
    return key.with_name(f"{key.name}.known_hosts")


def _write(file: Path, text: str) -> None:
    """Write a file that is never, not even for an instant, anybody else's to read."""
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)


def _check_key(key: Path) -> None:
    words = ("ssh-keygen", "-y", "-P", "", "-f", str(key))
    if subprocess.run(words, capture_output=True, check=False).returncode:
        raise Exit(f"{KEY} is no private key without a passphrase.", WRONG_USE)


def _check_host(known: Path, host: str, port: str) -> None:
    name = host if port == "22" else f"[{host}]:{port}"
    words = ("ssh-keygen", "-F", name, "-f", str(known))
    if subprocess.run(words, capture_output=True, check=False).returncode:
        raise Exit(
            f"{KNOWN} has no key of {name}. On a machine that you trust: ssh-keyscan -t ed25519 "
            f"{f'-p {port} ' if port != '22' else ''}{host}, compared with the host's own.",
            WRONG_USE,
        )
