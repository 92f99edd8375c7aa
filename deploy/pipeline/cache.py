"""Folders that releases share by the hash of a lock file: each built once, kept while used.

Several sites of one machine may share a cache, so every site signs what it uses; a folder that
nobody's releases use any more is removed.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.files import write_whole
from pipeline.releases import FACTS
from pipeline.site import Site

COMPLETE = ".complete"
USERS = ".users"
KINDS = ("environments", "libraries")


def fingerprint(*contents: bytes) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]


@contextmanager
def being_built(folder: Path) -> Iterator[bool]:
    """Say whether the folder must be built; a second builder waits, a failure leaves nothing."""
    with _locked(folder):
        wanted = not (folder / COMPLETE).exists()
        if wanted:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            yield wanted
        except BaseException:
            if wanted:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        if wanted:
            os.sync()  # a power cut must not leave the mark without the files
            (folder / COMPLETE).touch()


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def sign(site: Site, folder: Path) -> None:
    """Note that this site's releases use the folder."""
    users = folder / USERS
    signature = users / fingerprint(str(site.releases).encode())
    if not signature.exists():
        users.mkdir(exist_ok=True)
        write_whole(signature, str(site.releases))


def prune(site: Site) -> list[str]:
    """Remove what no release of any site uses, or whose builder was killed; return the names."""
    gone = []
    for kind in KINDS:
        for folder in [path for path in (site.cache / kind).glob("*") if path.is_dir()]:
            with suppress(BlockingIOError), _locked(folder, wait=False):
                if not (folder / COMPLETE).exists() or not _is_used(folder):
                    _remove(folder)
                    gone.append(f"{kind}/{folder.name}")
    return gone


def _remove(folder: Path) -> None:
    """Take the mark away first: a removal that is killed leaves nothing that seems whole."""
    (folder / COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(folder)


def _is_used(folder: Path) -> bool:
    signed = [Path(user.read_text()) for user in (folder / USERS).glob("*")]
    return not signed or any(_uses(releases, folder) for releases in signed)


def _uses(releases: Path, folder: Path) -> bool:
    """Say whether a release uses the folder; one that is being built has no facts yet."""
    for release in releases.glob("*Z-*") if releases.is_dir() else ():
        try:
            facts = json.loads((release / FACTS).read_text())
        except (OSError, ValueError):
            return True
        if str(folder) in {facts["environment"], str(Path(facts["libraries"]).parent)}:
            return True
    return False
