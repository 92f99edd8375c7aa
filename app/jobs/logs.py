"""A job's log file: everything at first, then only the end, so that no task can fill a disk."""

from collections import deque
from contextlib import suppress
from pathlib import Path

from jobs import plain

MEBIBYTE = 1024 * 1024
KEPT_FROM_START = 8 * MEBIBYTE
KEPT_FROM_END = MEBIBYTE
TAIL = 4_000
LINES = 40


class Log:
    """Writes what a job prints and remembers the end of it."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("ab", buffering=0)
        self._room = max(KEPT_FROM_START - file.stat().st_size, 0)
        self._end: deque[bytes] = deque()
        self._waiting = self._dropped = 0
        self._tail = b""

    def write(self, content: bytes) -> None:
        """Keep what was printed; a full disk costs the file its end, and the job nothing."""
        self._tail = (self._tail + content)[-TAIL:]
        head, rest = content[: self._room], content[self._room :]
        if head:
            with suppress(OSError):
                self._file.write(head)
            self._room -= len(head)
        if rest:
            self._keep(rest)

    def line(self, text: str) -> None:
        self.write(f"{text}\n".encode("utf-8", "replace"))

    def _keep(self, content: bytes) -> None:
        self._end.append(content)
        self._waiting += len(content)
        while self._waiting > KEPT_FROM_END and len(self._end) > 1:
            gone = len(self._end.popleft())
            self._waiting -= gone
            self._dropped += gone

    @property
    def tail(self) -> str:
        return last_lines(self._tail)

    def close(self) -> None:
        gap = f"\n[… {self._dropped / MEBIBYTE:.1f} MB of the log are left out here …]\n"
        with suppress(OSError):
            self._file.write(gap.encode() if self._dropped else b"")
            for content in self._end:
                self._file.write(content)
        self._file.close()


def last_lines(content: bytes) -> str:
    lines = content.decode("utf-8", "replace").splitlines()
    if len(content) >= TAIL:
        lines = lines[1:]  # the first one is cut somewhere
    return plain.text("\n".join(lines[-LINES:]))


def end_of(file: Path) -> str:
    """Return the last lines of a log file; nothing when there is none."""
    try:
        with file.open("rb") as log:
            log.seek(max(file.stat().st_size - TAIL, 0))
            return last_lines(log.read())
    except FileNotFoundError:
        return ""
