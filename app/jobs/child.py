"""A task's process as its guardian sees it: its pipes, its wishes, its end."""

import json
import mmap
import os
import selectors
import signal
import time
from contextlib import suppress
from typing import Any

from jobs import task_process
from jobs.logs import Log
from jobs.models import Job
from jobs.progress import Wish
from jobs.registry import Task

CHUNK = 64 * 1024
DRAIN_S = 2.0


class Child:
    """Starts a task in a forked process and listens to it."""

    def __init__(self, task: Task, job: Job, log: Log) -> None:
        self.log = log
        self.progress: dict[str, Any] = {}
        self.said: dict[str, Any] = {}
        self.code = 0
        self._wish = mmap.mmap(-1, 1)
        self._rest = b""
        self._messages, messages = os.pipe()
        self._output, output = os.pipe()
        ends = {"messages": messages, "output": output, "guardian": os.getpid()}
        self.pid = os.fork()
        if self.pid == 0:
            task_process.run(task, job, wish=self._wish, **ends)
        for end in (messages, output):
            os.close(end)
        self._listen()

    def _listen(self) -> None:
        self._end = os.pidfd_open(self.pid)
        self._selector = selectors.DefaultSelector()
        for source in (self._messages, self._output):
            os.set_blocking(source, False)
            self._selector.register(source, selectors.EVENT_READ)
        self._selector.register(self._end, selectors.EVENT_READ)

    @property
    def wish(self) -> Wish:
        return Wish(self._wish[0])

    @wish.setter
    def wish(self, wish: Wish) -> None:
        self._wish[0] = wish

    @property
    def ran_out_of_memory(self) -> bool:
        return self.code == task_process.OUT_OF_MEMORY

    def signal(self, number: int) -> None:
        """Signal the task and what it started; the process itself when it has no group yet."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Listen until the process has ended (then True) or the time is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready = {key.fd for key, _ in self._selector.select(left)}
            for source in ready - {self._end}:
                self._read(source)
            if self._end in ready:
                return True
        return False

    def end(self) -> None:
        """Collect the exit code, end what the task left behind, read what is still to be read."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # before its number is given free
        _, status = os.waitpid(self.pid, 0)
        self.code = os.waitstatus_to_exitcode(status)
        self._selector.unregister(self._end)
        until = time.monotonic() + DRAIN_S
        while self._selector.get_map() and time.monotonic() < until:
            for key, _ in self._selector.select(0.1):
                self._read(key.fd)

    def _read(self, source: int) -> None:
        content = os.read(source, CHUNK)
        if not content:
            self._selector.unregister(source)
        elif source == self._output:
            self.log.write(content)
        else:
            self._hear(content)

    def _hear(self, content: bytes) -> None:
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self.progress |= message.pop("progress", {})
            self.said |= message
