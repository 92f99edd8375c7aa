"""Processes that outlive the terminal, found again by pid file and known by their command line."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from laptop import console
from laptop.errors import NotRunning

POLL_S = 0.05
_children: dict[int, "subprocess.Popen[bytes]"] = {}  # they outlive us, so nobody waits for them


@dataclass(frozen=True)
class Daemon:
    """One process of a site: how it is started, and how its pid is known to be ours."""

    name: str
    argv: Sequence[str]
    pid_file: Path
    markers: tuple[str, ...]  # together they stand in the command line of this process alone
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM

    def pid(self) -> int | None:
        """Return the pid of the running process, or None; a reused pid is nobody's."""
        pid = _number_in(self.pid_file)
        if pid and is_ours(pid, self.markers):
            return pid
        return next(iter(self.search()), None)

    def search(self) -> list[int]:
        """Return all such processes, the eldest first, also those whose pid file was lost."""
        found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return sorted(pid for pid in found if is_ours(pid, self.markers))

    def is_outdated(self) -> bool:
        """Say whether the running process was started with other words than it would be now."""
        pid = self.pid()
        if pid is None:
            return False
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        return words != [os.fsencode(word) for word in self.argv]

    def start(self) -> int:
        """Start the process in a session of its own, unless it runs already."""
        if running := self.pid():
            return running
        self.pid_file.unlink(missing_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env={**clean_environment(), **self.env},
            )
        _children[process.pid] = process
        self._wait_for_pid_file(process)
        return process.pid

    def _wait_for_pid_file(self, process: "subprocess.Popen[bytes]", limit_s: float = 15) -> None:
        """Wait until the process says that it has begun; it writes its pid file itself."""
        deadline = time.monotonic() + limit_s
        while _number_in(self.pid_file) != process.pid:
            if process.poll() is not None or time.monotonic() > deadline:
                ends = f"The end of {self.log}:\n{console.tail(self.log)}"
                raise NotRunning(f"The {self.name} did not start. {ends}")
            time.sleep(POLL_S)

    def stop(self, limit_s: float) -> bool:
        """Ask the process to end and wait; after ``limit_s`` end it. Say whether it ran."""
        found = self.search()
        for pid in found:
            child = _children.pop(pid, None)
            end(pid, self.markers, self.stop_signal, limit_s)
            if child:
                child.wait()
        self.pid_file.unlink(missing_ok=True)
        return bool(found)


def _number_in(file: Path) -> int:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0


def end(pid: int, markers: tuple[str, ...], how: signal.Signals, limit_s: float) -> None:
    """Signal the process, wait until it is gone, and kill it after the limit."""
    for number, patience_s in ((how, limit_s), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if _is_gone(pid, markers, patience_s):
            return


def _is_gone(pid: int, markers: tuple[str, ...], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while is_ours(pid, markers):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def is_ours(pid: int, markers: tuple[str, ...]) -> bool:
    """Say whether this pid runs now, belongs to us and has the markers in its command line."""
    place = Path(f"/proc/{pid}")
    try:
        words = (place / "cmdline").read_bytes().replace(b"\0", b" ")
        state = (place / "stat").read_text().rpartition(")")[2].split()[0]
        owner = place.stat().st_uid
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    named = all(os.fsencode(marker) in words for marker in markers)
    return named and state != "Z" and owner == os.geteuid()


def clean_environment() -> dict[str, str]:
    """Return our environment without what belongs to make, git or a virtual environment."""
    foreign = ("GIT_", "MAKE", "MFLAGS", "PYTHON", "VIRTUAL_ENV", "STUDIUM_", "DJANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
