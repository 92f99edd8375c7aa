"""Processes named by pid and start time, so that a reused pid is never taken for the old one."""

import re
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

    def is_called(self, name: str) -> bool:
        """Say whether ``name`` stands in its command line, or nobody may know."""
        return name in (_command_line(self.pid) or name)


def of(pid: int) -> Process | None:
    """Return the process that has this pid now."""
    fields = _stat(pid)
    return Process(pid, int(fields[STARTED])) if fields else None


def running(pattern: re.Pattern[str]) -> set[int]:
    """Return the pids whose command line matches."""
    return {pid for pid in _pids() if pattern.search(_command_line(pid))}


def holding(file: Path) -> set[int]:
    """Return the pids that have this file open; those that are not ours to look at are left out."""
    wanted = file.resolve()
    return {pid for pid in _pids() if wanted in _open_files(pid)}


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command_line(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
    return words.replace(b"\0", b" ").decode(errors="replace")


def _open_files(pid: int) -> list[Path]:
    try:
        return [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
