"""Choose loopback ports that nobody listens on."""

import os
import socket
from collections.abc import Callable, Collection

from laptop.errors import LaptopError

LOWEST, HIGHEST = 1024, 65000
LOOPBACK = "127.0.0.1"
FIRST = {"staging": 8001, "production": 8002}
TRIES = 500


def first(name: str) -> int:
    """Return where the search for a site's port begins: PORT on the command line, or the usual."""
    given = os.environ.get("PORT", "")
    if not given:
        return FIRST[name]
    if not given.isdigit() or not LOWEST <= int(given) <= HIGHEST:
        raise LaptopError(f"PORT={given!r}: write a number from {LOWEST} to {HIGHEST}.")
    return int(given) + FIRST[name] - FIRST["staging"]


def wanted(name: str) -> int | None:
    """Return the port that the command line asks for, if it asks for one."""
    return first(name) if os.environ.get("PORT") else None


def is_free(port: int) -> bool:
    """Say whether a server could listen on ``port``, on loopback and on all addresses."""
    for address in (LOOPBACK, "0.0.0.0"):  # noqa: S104  bound for an instant, to see whether it may
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((address, port))
            except OSError:
                return False
    return True


def choose(first: int, taken: Collection[int] = (), free: Callable[[int], bool] = is_free) -> int:
    """Return the first free port from ``first`` on that is not ``taken`` by a sibling."""
    candidates = range(first, first + TRIES)
    found = next((port for port in candidates if port not in taken and free(port)), None)
    if found is None:
        raise LaptopError(
            f"No free port between {first} and {first + TRIES}. "
            "Choose where to look: make up PORT=8100"
        )
    return found
