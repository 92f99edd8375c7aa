"""What a task is given: a way to say how far it is, and to hear that it should stop."""

import json
import math
import mmap
import os
import time
import uuid
from enum import IntEnum
from pathlib import Path
from typing import Any

from jobs import plain
from jobs.errors import Cancelled, OutOfTime, Stopped

LONGEST_PHASE, LONGEST_MESSAGE = 200, 500


class Wish(IntEnum):
    """What is asked of a running task, in the one byte that it shares with its guardian."""

    GO_ON = 0
    CANCEL = 1
    TIME_IS_UP = 2
    GIVE_WAY = 3


def stop_for(wish: int) -> Stopped:
    if wish == Wish.CANCEL:
        return Cancelled()
    return OutOfTime() if wish == Wish.TIME_IS_UP else Stopped()


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


class Progress:
    """The handle that every task function gets as its first argument."""

    def __init__(self, *, job_id: uuid.UUID, folder: Path, messages: int, wish: mmap.mmap) -> None:
        self.job_id, self.folder = job_id, folder
        self._messages, self._wish = messages, wish

    def report(
        self,
        done: float | None = None,
        total: float | None = None,
        *,
        phase: str | None = None,
        message: str | None = None,
    ) -> None:
        """Say how far the work is. Cheap enough for every turn of a loop; also checks for an end.

        Parameters
        ----------
        done, total
            In any unit, as long as both have the same.
        phase
            What is being done now, "Fitting the mixture"; stays until it is changed.
        message
            A detail of it, "Voxel 31 of 200".
        """
        said: dict[str, Any] = {
            "done": _number(done),
            "total": _number(total),
            "phase": None if phase is None else plain.text(phase, LONGEST_PHASE),
            "message": None if message is None else plain.text(message, LONGEST_MESSAGE),
        }
        self.send({"progress": {name: value for name, value in said.items() if value is not None}})
        self.check()

    def log(self, text: str) -> None:
        """Add a line to the job's log; what a task prints lands there too."""
        print(time.strftime("%H:%M:%S"), text, flush=True)  # noqa: T201  it is the job's log

    def check(self) -> None:
        """Raise when the job was cancelled or its time is up; costs next to nothing."""
        if wish := self._wish[0]:
            raise stop_for(wish)

    def send(self, message: dict[str, Any]) -> None:
        """Write one line; a short one goes through in one piece, whoever else writes."""
        line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        while line:
            line = line[os.write(self._messages, line) :]
