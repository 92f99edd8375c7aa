"""Programs that a container must outlive: the worker's jobs, and the clock's calls."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

MINUTE_S = 60
MANAGE = ("/usr/local/bin/studium-pipeline", "manage", "--")


class Asked(Exception):
    """The engine asked the container to end."""


def worker() -> int:
    """Run the worker; when asked to end, end it and wait for the jobs that it leaves running.

    The engine ends the container when its patience (`stop_grace_period`) is over; jobs that were
    cut off begin again on the next worker.
    """
    process = subprocess.Popen([*MANAGE, "worker"])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.terminate())
    code = _wait_for(process.pid)
    with suppress(ChildProcessError):  # raised when the last one has gone
        while True:
            os.wait()
    return code


def _wait_for(wanted: int) -> int:
    """Bury whoever ends, as the first process of a container has to, until the wanted one does."""
    while True:
        pid, status = os.wait()
        if pid == wanted:
            return max(os.waitstatus_to_exitcode(status), 0)


def cron() -> int:
    """Call `runcrons` each minute; the application knows itself what is due."""
    signal.signal(signal.SIGTERM, _end)
    with suppress(Asked):
        while True:
            _call([*MANAGE, "runcrons"])
            time.sleep(MINUTE_S - time.time() % MINUTE_S)
    return 0


def _call(command: Sequence[str]) -> None:
    """Let a call that runs come to its end before the container does."""
    process = subprocess.Popen(command)
    try:
        process.wait()
    except Asked:
        process.wait()
        raise


def _end(*_: object) -> None:
    raise Asked
