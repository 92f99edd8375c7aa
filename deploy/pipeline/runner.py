"""Run the commands that `commands` describes, or only record them."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline.errors import StepFailed, TookTooLong

LAST_LINES = 25
LONGEST_LINE = 6000  # a whole traceback may stand in one line of a log
DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Command:
    """What to run: an argument list, never a shell line."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    timeout_s: float = 900

    def __str__(self) -> str:
        return " ".join(self.argv)


class Runner(Protocol):
    def run(self, command: Command) -> str:
        """Run the command and return what it printed; raise StepFailed when it ends badly."""


@dataclass
class RecordingRunner:
    """Runs nothing: for tests and ``--dry-run``; answers by the name of the command's last word."""

    answers: Mapping[str, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> str:
        self.commands.append(command)
        found = [answer for words, answer in self.answers.items() if words in str(command)]
        return found[0] if found else ""


class LocalRunner:
    """Runs on this machine, in a process group of its own, so that a time limit ends all of it."""

    def run(self, command: Command) -> str:
        process = _start(command)
        try:
            output, errors = process.communicate(timeout=command.timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            raise TookTooLong(
                f"`{_brief(command)}` took longer than {command.timeout_s:.0f} s and was ended.\n"
                + last_lines(output + errors)
            ) from None
        if process.returncode:
            raise StepFailed(f"`{_brief(command)}` failed:\n" + last_lines(errors or output))
        return output


def _start(command: Command) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(
            command.argv,
            cwd=command.folder,
            env=child_environment(command.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  the pipeline has one thread
        )
    except OSError as error:
        raise StepFailed(f"`{_brief(command)}` could not be started: {error}") from None


def _end_with_parent() -> None:
    """Let the kernel end the child with us: it must not go on behind the back of who comes next."""
    LIBC.prctl(DEATH_OF_PARENT, signal.SIGKILL)


def child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return our environment without git's own variables, which would mislead a child's git."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own.pop("PYTHONPATH", None)
    return own | dict(variables)


def last_lines(text: str, count: int = LAST_LINES) -> str:
    """Return the end of what was said, for people: some lines, none of them endless."""
    lines = text.strip().splitlines()[-count:]
    return "\n".join(f"  | {_shortened(line)}" for line in lines)


def _shortened(line: str) -> str:
    """Leave the middle out, between words: nobody would know half a secret as one."""
    if len(line) <= LONGEST_LINE:
        return line
    start = line[: LONGEST_LINE // 2].rpartition(" ")[0]
    end = line[-LONGEST_LINE // 2 :].partition(" ")[2]
    return f"{start} … {end} ({len(line)} characters)"


def _brief(command: Command) -> str:
    words = [Path(word).name if word.startswith("/") else word for word in command.argv]
    return " ".join(words)
