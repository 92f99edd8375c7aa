"""The process that lab functions are forked from: warm, small, and free of the site.

It is started with the folder of one version of a lab's code, and a socket. Each message on it is
one call: limits as JSON, the question in a file of its own, and a socket for the reply. The call
runs in a fork, so that a loop can be ended and nothing that it did to the process stays.
"""

import contextlib
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

from experiments.scripting import call, enclosure
from experiments.scripting.call import Room
from experiments.scripting.told import Stimulus, stimuli_of

IDLE_S = 600.0  # after so long without a call it ends; the next call starts another
MESSAGE = 4096
WAIT_S = 0.2
MOST_LISTS = 4


class Forked:
    """One call that runs."""

    def __init__(self, limits: dict[str, Any], reply: socket.socket, pid: int, room: Room) -> None:
        self.pid = pid
        self.room = room
        self.reply = reply
        self.module = str(limits["module"])
        self.until = time.monotonic() + float(limits["limit_s"])
        self.end = os.pidfd_open(pid)
        self.timed_out = False

    def kill(self) -> None:
        for stop in (os.killpg, os.kill):  # it may not have a group of its own yet
            with contextlib.suppress(ProcessLookupError):
                stop(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Collect it, end what it left behind, and tell how it went."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        shutil.rmtree(self.room.scratch, ignore_errors=True)
        said = {"code": os.waitstatus_to_exitcode(status), "timed_out": self.timed_out}
        with contextlib.suppress(OSError), self.reply:
            files = [self.room.result, self.room.printed]
            socket.send_fds(self.reply, [json.dumps(said).encode()], files)
        for each in (self.room.result, self.room.printed, self.end):
            os.close(each)


class Zygote:
    def __init__(self, control: socket.socket, code: str, scratch: str, *folders: str) -> None:
        self.control = control
        self.scratch = scratch
        self.folders = folders
        self.calls = 0
        self.size = os.open("/proc/self/statm", os.O_RDONLY)  # of this process, also for its forks
        self.held = enclosure.enclose(code=code, scratch=scratch, folders=folders)
        self.running: dict[int, Forked] = {}
        self.stimuli: dict[str, tuple[Stimulus, ...]] = {"": ()}
        self.waiting = selectors.DefaultSelector()
        self.waiting.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Answer calls until nobody is there to call, or nobody has for long."""
        until = time.monotonic() + IDLE_S
        while self.running or time.monotonic() < until:
            for key, _ in self.waiting.select(WAIT_S if self.running else IDLE_S):
                until = time.monotonic() + IDLE_S
                if key.fileobj is not self.control:
                    self._ended(key.fd)
                elif not self._hear():  # nobody calls any more; what runs may end
                    self.waiting.unregister(self.control)
                    until = 0.0
            self._stop_late_ones()

    def _hear(self) -> bool:
        words, files, _, _ = socket.recv_fds(self.control, MESSAGE, 3)
        if not words:
            return False
        limits = json.loads(words)
        question, reply = files[0], socket.socket(fileno=files[1])
        for listed in files[2:]:
            self._know(limits["stimuli"], listed)
        self._fork(limits, question, reply)
        return True

    def _know(self, name: str, listed: int) -> None:
        """Read a list of stimuli once; the forks have it without reading."""
        with os.fdopen(listed, encoding="utf-8") as file:
            if name in self.stimuli:
                return
            if len(self.stimuli) > MOST_LISTS:
                self.stimuli = {"": ()}
            with contextlib.suppress(OSError, ValueError, TypeError):
                self.stimuli[name] = stimuli_of(json.load(file))

    def _fork(self, limits: dict[str, Any], question: int, reply: socket.socket) -> None:
        self.calls += 1
        room = Room(
            question=question,
            result=os.memfd_create("result"),
            printed=os.memfd_create("printed"),
            scratch=f"{self.scratch}/{self.calls}",
            held=self.held,
            folders=self.folders,
            size=int(os.pread(self.size, 100, 0).split()[0]) * resource.getpagesize(),
        )
        pid = os.fork()
        if pid == 0:
            call.run(limits, self.stimuli.get(limits["stimuli"]), room)
        os.close(question)
        forked = Forked(limits, reply, pid, room)
        self.running[forked.end] = forked
        self.waiting.register(forked.end, selectors.EVENT_READ)

    def _ended(self, end: int) -> None:
        forked = self.running.pop(end)
        self.waiting.unregister(end)
        forked.close()
        with contextlib.suppress(Exception):  # a fork that runs it will say what is wrong with it
            import_module(forked.module)

    def _stop_late_ones(self) -> None:
        at = time.monotonic()
        for forked in self.running.values():
            if at >= forked.until:
                forked.timed_out = True
                forked.kill()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.insert(0, sys.argv[2])
    sys.dont_write_bytecode = True
    Zygote(socket.socket(fileno=int(sys.argv[1])), *sys.argv[2:]).serve()
