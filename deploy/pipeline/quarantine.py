"""Objects that are only looked at: they come as a pack, stand apart, and go again."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import Refused
from pipeline.git import QUARANTINE
from pipeline.site import Site

MOST_BYTES = 200 * 2**20  # as receive.maxInputSize of the repository
LIMIT_S = 120
FORGOTTEN_S = 3600
PREFIX = "tmp_objdir-plan-"  # git prunes what is called so, should we be killed


@contextmanager
def quarantined(site: Site, pack: BinaryIO) -> Iterator[None]:
    """Let our git see the objects of ``pack`` besides the repository's, which it never joins."""
    objects = site.repository / "objects"
    _sweep(objects)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=objects) as box:
        seen = {"GIT_OBJECT_DIRECTORY": box, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)}
        _unpack(site, pack, seen)
        before = {name: os.environ.get(name) for name in QUARANTINE}
        os.environ.update(seen)
        try:
            yield
        finally:
            _restore(before)


def _unpack(site: Site, pack: BinaryIO, seen: dict[str, str]) -> None:
    words = ["index-pack", "--stdin", "--strict", f"--max-input-size={MOST_BYTES}"]
    try:
        done = subprocess.run(
            ["git", f"--git-dir={site.repository}", *words],
            stdin=pack,
            env=os.environ | seen,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"The commit took longer than {LIMIT_S} s to arrive. Try again.") from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip()
        raise Refused(f"The commit did not arrive whole: {told}. Try again; nothing was kept.")


def _sweep(objects: Path) -> None:
    """Remove what a killed plan has left."""
    for box in objects.glob(f"{PREFIX}*"):
        if time.time() - box.stat().st_mtime > FORGOTTEN_S:
            shutil.rmtree(box, ignore_errors=True)


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
