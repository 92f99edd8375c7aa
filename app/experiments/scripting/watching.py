"""The last layer: Python itself refuses what a function asks of it, in words that say why.

It holds back what was not meant to be; code that means to can get round Python, and then the
kernel's layers are what is left.
"""

import os
import sys
from collections.abc import Iterable
from typing import Any

NETWORK = frozenset({
    "socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg",
    "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
})  # fmt: skip
# Which arguments are paths that change, and which say below what open folder they are; what is
# below one is left to the kernel.
CHANGES = {
    "os.mkdir": ((0,), (2,)), "os.rmdir": ((0,), (1,)), "os.remove": ((0,), (1,)),
    "os.rename": ((0, 1), (2, 3)), "os.link": ((1,), (3,)), "os.symlink": ((1,), (2,)),
    "os.truncate": ((0,), ()), "os.chmod": ((0,), (2,)), "os.chown": ((0,), (3,)),
    "os.utime": ((0,), (3,)),
}  # fmt: skip
NOTHING: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(*, writes: Iterable[str]) -> None:
    """Refuse the network, and files that are changed outside of some folders, from now on."""
    allowed = tuple(os.path.realpath(each) for each in writes)

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event in NETWORK:
            raise PermissionError("A function of a protocol has no network.")
        paths = _changed(event, arguments)
        for path in paths:
            _need_within(path, allowed)

    sys.addaudithook(look)


def _changed(event: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if event == "open":
        path, _, flags = arguments
        return (path,) if isinstance(flags, int) and flags & WRITES else ()
    paths, folders = CHANGES.get(event, NOTHING)
    if any(arguments[at] != -1 for at in folders):
        return ()
    return tuple(arguments[at] for at in paths)


def _need_within(path: Any, allowed: tuple[str, ...]) -> None:
    if isinstance(path, int) or path is None:
        return  # a file that is open already
    real = os.path.realpath(os.fsdecode(path))
    if not any(real == each or real.startswith(f"{each}/") for each in allowed):
        raise PermissionError(f"A function of a protocol writes in its own folder, not at {real}.")
