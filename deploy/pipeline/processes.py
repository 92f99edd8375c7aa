"""Processes named by pid and start time, so that a reused pid is never taken for the old one."""

from dataclasses import dataclass
from pathlib import Path

STARTED = 19  # field of /proc/PID/stat after the name: starttime, in clock ticks since boot
STATE = 0


@dataclass(frozen=True)
class Process:
    """One process of this boot."""

    pid: int
    started: int

    def is_alive(self) -> bool:
        fields = _stat(self.pid)
        return bool(fields) and int(fields[STARTED]) == self.started and fields[STATE] != "Z"


def of(pid: int) -> Process | None:
    """Return the process that has this pid now."""
    fields = _stat(pid)
    return Process(pid, int(fields[STARTED])) if fields else None


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
