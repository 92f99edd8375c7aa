"""Which process is it, is it alive, and how to end it with everything that it started.

A process id alone proves nothing: ids are used again. Together with the moment the process started
(in clock ticks since boot) and the id of the boot it names one process for ever.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROC = Path("/proc")
STATE, SESSION, STARTED = 0, 3, 19  # positions in /proc/<pid>/stat, counted after the name
DEAD = {"Z", "X"}


@dataclass(frozen=True)
class Identity:
    """One process of one boot of one host."""

    host: str
    boot: str
    pid: int
    started: int


@cache
def host() -> str:
    return socket.gethostname()


@cache
def boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def me() -> Identity:
    return Identity(host(), boot(), os.getpid(), _started(os.getpid()) or 0)


def is_alive(process: Identity) -> bool | None:
    """Say whether a process lives; None when it is another host's and cannot be known here."""
    if process.host != host():
        return None
    return process.boot == boot() and _started(process.pid) == process.started


def end_session(leader: Identity, number: int = signal.SIGKILL) -> int:
    """Signal every process of the leader's session, also when the leader itself is gone.

    The kernel gives a number to no new process as long as a session of that number has members,
    so a living process of another start time proves that the session is over.
    """
    if is_alive(leader) is None or leader.boot != boot():
        return 0
    if _started(leader.pid) not in {None, leader.started}:
        return 0
    members = list(_session_members(leader.pid))
    for pid in members:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return len(members)


def _session_members(session: int) -> Iterator[int]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields and fields[STATE] not in DEAD and int(fields[SESSION]) == session:
                yield int(entry.name)


def _started(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[STARTED]) if fields and fields[STATE] not in DEAD else None


def _stat(pid: int) -> list[str] | None:
    try:
        content = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return content.rpartition(")")[2].split()  # a name may hold blanks and parentheses
