"""The hooks' part: start a runner in a session of its own, and show what it says.

A hook only follows the runner's file. Whatever happens to the hook, to git or to the client, the
runner goes on.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from pipeline import attempts, journal, processes
from pipeline.errors import JournalBroken
from pipeline.files import write_whole
from pipeline.journal import Attempt
from pipeline.processes import Process
from pipeline.runner import child_environment
from pipeline.site import Site
from pipeline.voice import write

LOOK_S = 0.05
PLAIN = {"PYTHONUTF8": "1"}
FULL_MB = 1
CODE = Path(__file__).resolve().parents[1]


def start_runner(site: Site, attempt: Attempt, code: Path = CODE) -> Process:
    """Start the runner with this code; it shares nothing with this process."""
    log = attempts.log(site, attempt.id)
    log.parent.mkdir(parents=True, exist_ok=True)
    order = log.with_suffix(".order")
    write_whole(order, json.dumps(asdict(attempt)))
    with log.open("a") as output:
        child = subprocess.Popen(
            (sys.executable, "-m", "pipeline", "carry", "--site", str(site.file), str(order)),
            env=child_environment({}) | {"PYTHONPATH": str(code)} | PLAIN,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return processes.of(child.pid) or Process(child.pid, 0)


def follow_to_verdict(site: Site, attempt: Attempt, runner: Process) -> bool:
    """Show the runner's words until its verdict; without one, what is live decides."""
    tail = Tail(attempts.log(site, attempt.id))
    tail.follow(lambda: bool(attempts.verdict(site, attempt.id)) or not _runs(runner))
    verdict = attempts.verdict(site, attempt.id)
    if verdict:
        return verdict == attempts.ACCEPTED
    _tell_if_full(site)
    is_live = (unfinished(site, attempt.new) or attempt).is_live(site)
    write(f"The pipeline ended without a verdict; {'it is' if is_live else 'it is not'} live.")
    return is_live


def _tell_if_full(site: Site) -> None:
    """Say what the runner could not write down any more."""
    if shutil.disk_usage(site.root).free < FULL_MB * 2**20:
        write(f"No space left on the disk of {site.root}. Free some, and push again.")


def follow_to_end(site: Site, attempt: Attempt, runner: Process) -> None:
    tail = Tail(attempts.log(site, attempt.id), attempts.seen_file(site, attempt.id))
    tail.follow(lambda: attempts.end_file(site, attempt.id).exists() or not _runs(runner))


def _runs(runner: Process) -> bool:
    """Say whether the runner is alive; as its parent, take note of its end."""
    with suppress(ChildProcessError):
        os.waitpid(runner.pid, os.WNOHANG)
    return runner.is_alive()


class Tail:
    """Shows what is added to a file."""

    def __init__(self, path: Path, seen: Path | None = None) -> None:
        self.path = path
        self.position = 0
        self.seen = seen or path.with_suffix(".seen")
        if seen and seen.exists():
            self.position = int(seen.read_text() or 0)

    def follow(self, is_over: Callable[[], bool]) -> None:
        over = False
        while not over:
            over = is_over()
            self.show()
            if not over:
                time.sleep(LOOK_S)
        with suppress(OSError):  # a full disk; some lines are shown twice
            self.seen.write_text(str(self.position))

    def show(self) -> None:
        try:
            with self.path.open("rb") as file:
                file.seek(self.position)
                content = file.read()
        except OSError:
            return
        whole = content[: content.rfind(b"\n") + 1]
        self.position += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            write(line)


def unfinished(site: Site, commit: str) -> Attempt | None:
    """Return the attempt that has made ``commit`` live and is not over."""
    with suppress(JournalBroken):
        attempt = journal.load(site)
        return attempt if attempt and attempt.new == commit else None
    return None
