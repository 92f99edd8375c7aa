"""Every process of a release holds a shared lock, so that its end can be proven.

The lock is the kernel's: it is inherited by forked workers, not by executed programs, and is gone
with the last holder, however that one ended. Late migrations wait for it.
"""

import fcntl
import os
from pathlib import Path

VARIABLE = "STUDIUM_RELEASE_LOCK"
_held: list[int] = []


def hold() -> None:
    """Take this release's shared lock until the process ends; do nothing outside a release."""
    path = os.environ.get(VARIABLE)
    if not path or _held:
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o660)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held.append(descriptor)
