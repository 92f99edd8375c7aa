"""One release at a time: a lock that the kernel holds, with a record of its owner.

The kernel frees the lock when its holder ends, however that happens, so it is never stale.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import Locked

GLANCE_S = 0.2


@dataclass(frozen=True)
class Owner:
    """Who is changing the site, what to, since when."""

    who: str
    doing: str  # "releasing 1a2b3c4d5e6f"
    since: str  # ISO 8601, UTC
    pid: int

    def __str__(self) -> str:
        return f"{self.who} is {self.doing} since {self.since} (process {self.pid})"


SOMEBODY = Owner("somebody", "starting", "just now", 0)


@contextmanager
def held(path: Path, owner: Owner) -> Iterator[None]:
    """Hold the lock, or raise Locked with the present owner."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        _take(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(owner)).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    """Take the lock; who only looks whether it is free (`is_free`) has it for an instant."""
    deadline = time.monotonic() + GLANCE_S
    while not _taken(descriptor):
        owner = owner_of(path)
        if owner and time.monotonic() > deadline:
            raise Locked(f"{owner}. Nothing was changed; try again when it is over.")
        time.sleep(GLANCE_S / 10)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def owner_of(path: Path) -> Owner | None:
    """Return who holds the lock, or None when it is free."""
    if not path.exists() or is_free(path):
        return None
    try:
        return Owner(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        return SOMEBODY


def is_free(path: Path) -> bool:
    """Say whether nobody holds ``path``, shared or exclusive."""
    if not path.exists():
        return True
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
