"""Calling lab functions from a process of the site: it starts a process to fork from, once.

A warm process is kept for each version of a lab's code that is in use, the latest few. It is given
nothing of the site: no environment with secrets, no connection, no open file.
"""

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2]
MOST = 3
GRACE_S = 3.0  # what starting and ending may take beyond the function's own time
TRIES = 2
LONGEST_SAID = 20_000


@dataclass(frozen=True)
class Question:
    """One call: of which code, which function, with what. Without ``here`` it is only checked."""

    code: Path
    call: str
    arguments: dict[str, Any]
    kind: str = ""
    here: dict[str, Any] | None = None
    stimuli: str = ""
    limit_s: float = 5.0
    memory_mb: int = 512
    folders: tuple[str, ...] = ()

    @property
    def limits(self) -> bytes:
        module = self.call.rpartition(".")[0]
        return json.dumps({
            "limit_s": self.limit_s, "memory_mb": self.memory_mb,
            "stimuli": self.stimuli, "module": module,
        }).encode()  # fmt: skip

    @property
    def words(self) -> bytes:
        told: dict[str, Any] = {"call": self.call, "arguments": self.arguments, "kind": self.kind}
        return json.dumps(told if self.here is None else told | {"here": self.here}).encode()


@dataclass(frozen=True)
class Outcome:
    """What came of a call: a value, or what went wrong and what was printed on the way."""

    value: Any = None
    error: str = ""
    printed: str = ""
    took_ms: float = 0


class Gone(Exception):
    """The process that calls are forked from has ended."""


class Warm:
    """A process of one version of a lab's code."""

    def __init__(self, code: Path, folders: tuple[str, ...] = ()) -> None:
        self.scratch = tempfile.mkdtemp(prefix="studium-functions-")
        given = [str(code), self.scratch, *folders]
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [_python(), "-m", "experiments.scripting.zygote", str(theirs.fileno()), *given],
                pass_fds=[theirs.fileno()], env=_environment(), cwd=code, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def ask(self, question: Question) -> Outcome:
        """Return what became of a call.

        Raises
        ------
        Gone
            The process had ended before, and nothing was called.
        """
        began = time.monotonic()
        mine, theirs = socket.socketpair()
        with mine:
            with theirs:
                self._send(question, theirs)
            mine.settimeout(question.limit_s + GRACE_S)
            outcome = _heard(mine, question)
        took = (time.monotonic() - began) * 1000
        return Outcome(outcome.value, outcome.error, outcome.printed, round(took, 1))

    def _send(self, question: Question, theirs: socket.socket) -> None:
        asked, listed = os.memfd_create("question"), _opened(question.stimuli)
        try:
            with os.fdopen(os.dup(asked), "wb") as file:
                file.write(question.words)
            socket.send_fds(self.control, [question.limits], [asked, theirs.fileno(), *listed])
        except (BrokenPipeError, ConnectionError):
            raise Gone from None
        finally:
            for each in (asked, *listed):
                os.close(each)

    def retire(self) -> None:
        """Let it end once the calls that it runs are through."""
        self.control.close()

    def end(self) -> None:
        """End it and what it runs; with nobody at the socket it would end by itself."""
        self.control.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.tidy()

    def tidy(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def has_ended(self) -> bool:
        """Say whether it has ended by itself; then what it leaves is tidied up."""
        if self.process.poll() is None:
            return False
        self.tidy()
        return True


def _opened(path: str) -> list[int]:
    """Return a list of stimuli as an open file: the process itself may not look for it."""
    with contextlib.suppress(OSError):
        return [os.open(path, os.O_RDONLY)] if path else []
    return []


def _heard(mine: socket.socket, question: Question) -> Outcome:
    try:
        words, files, _, _ = socket.recv_fds(mine, 4096, 2)
    except TimeoutError:
        return Outcome(error="It did not answer, and neither did the process that runs it.")
    if not words or len(files) != 2:  # noqa: PLR2004  the result, and what was printed
        return Outcome(error="The process that runs it has ended.")
    said, (result, printed) = json.loads(words), files
    try:
        return _told(said, _content(result), _content(printed), question)
    finally:
        os.close(result)
        os.close(printed)


def _told(said: dict[str, Any], result: bytes, printed: bytes, question: Question) -> Outcome:
    text = printed.decode(errors="replace")[-LONGEST_SAID:].replace("\0", "�")
    if said["timed_out"]:
        return Outcome(error=f"It did not end within {question.limit_s:g} s.", printed=text)
    if said["code"] != 0:
        return Outcome(error=_last_line(text) or f"It ended with {said['code']}.", printed=text)
    try:
        found = json.loads(result)
    except (ValueError, RecursionError):
        return Outcome(error="What it returned came to pieces on the way.", printed=text)
    if "wrong" in found:
        return Outcome(error=found["wrong"], printed=text)
    return Outcome(found["is"], printed=text)


def _content(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")[:1000]


def _python() -> str:
    """Return the interpreter of this environment; inside a web server it is not the program."""
    here = Path(sys.prefix) / "bin" / "python3"
    return str(here) if here.exists() else sys.executable


def _environment() -> dict[str, str]:
    """Return all that the process is told: no secret of the site is among it."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return one | {"PYTHONPATH": str(SOURCE), "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}


class Pool:
    """The warm processes of this process of the site."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._warm: OrderedDict[Path, Warm] = OrderedDict()
        self._ending: list[Warm] = []
        self._mine = os.getpid()

    def ask(self, question: Question) -> Outcome:
        for _ in range(TRIES):
            warm = self._of(question.code, question.folders)
            try:
                outcome = warm.ask(question)
            except Gone:
                self._forget(question.code, warm)
                continue
            if warm.process.poll() is not None or "neither did" in outcome.error:
                self._forget(question.code, warm)
            return outcome
        return Outcome(error="No process could be started to run it.")

    def _of(self, code: Path, folders: tuple[str, ...]) -> Warm:
        with self._lock:
            if self._mine != os.getpid():  # forked: those processes are the parent's
                self._warm, self._ending, self._mine = OrderedDict(), [], os.getpid()
            found = self._warm[code] = self._warm.get(code) or Warm(code, folders)
            self._warm.move_to_end(code)
            while len(self._warm) > MOST:
                _, old = self._warm.popitem(last=False)
                old.retire()
                self._ending.append(old)
            self._ending = [each for each in self._ending if not each.has_ended]
        return found

    def _forget(self, code: Path, warm: Warm) -> None:
        with self._lock:
            if self._warm.get(code) is warm:
                self._warm.pop(code)
        warm.end()

    def end(self) -> None:
        with self._lock:
            ending, self._warm = [*self._warm.values(), *self._ending], OrderedDict()
            self._ending = []
        if self._mine == os.getpid():
            for warm in ending:
                warm.end()


POOL = Pool()
atexit.register(POOL.end)
