"""Say all the time what is being done, and for how long already."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from laptop.errors import StepFailed

TERMINAL_TICK_S = 1.0
LOG_TICK_S = 15.0
LAST_LINES = 30


class Console:
    """Steps on a terminal show running seconds; in a log file a line now and then."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.live = self.out.isatty()
        self.began = time.monotonic()

    def say(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    def title(self, text: str) -> None:
        self.say(f"\n\033[1m{text}\033[0m" if self.live else f"\n== {text}")

    def elapsed(self) -> str:
        return seconds(time.monotonic() - self.began)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show ``text`` with its seconds while the block runs."""
        began, over = time.monotonic(), threading.Event()
        ticker = threading.Thread(target=self._tick, args=(text, began, over), daemon=True)
        if not self.live:
            self.say(f"   … {text}")
        ticker.start()
        mark = "failed"
        try:
            yield
            mark = "✓"
        finally:
            over.set()
            ticker.join()
            self._finish(mark, text, time.monotonic() - began)

    def _tick(self, text: str, began: float, over: threading.Event) -> None:
        while not over.wait(TERMINAL_TICK_S if self.live else LOG_TICK_S):
            so_far = seconds(time.monotonic() - began)
            if self.live:
                print(f"\r\033[K   … {text} {so_far}", end="", file=self.out, flush=True)
            else:
                self.say(f"   … {text}: {so_far} so far")

    def _finish(self, mark: str, text: str, took_s: float) -> None:
        start = "\r\033[K" if self.live else ""
        self.say(f"{start}   {mark} {text} ({seconds(took_s)})")


def seconds(value: float) -> str:
    if value < 60:  # noqa: PLR2004  a minute
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60:02d} s"


def run_logged(
    argv: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run a command with its output in ``log``; on failure show the log's last lines."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as out:
        print("$", " ".join(argv), file=out, flush=True)
        result = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
            env=dict(env) if env is not None else None,
            cwd=folder,
        )
    if result.returncode:
        raise StepFailed(f"`{' '.join(argv)}` failed. The end of {log}:\n{tail(log)}")


def tail(log: Path, count: int = LAST_LINES) -> str:
    if not log.exists():
        return "  | (nothing was written)"
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"  | {line}" for line in lines)
