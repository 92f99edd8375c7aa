"""What people read when a job did not succeed: what happened, why, and what to do."""

import signal
from dataclasses import dataclass

from jobs.models import Job
from jobs.registry import Task


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt that did not succeed ended: for the person, and for operators."""

    message: str
    traceback: str = ""
    again: bool = False


def time_is_up(task: Task) -> Outcome:
    return Outcome(
        message=f"This work may take {duration(task.time_limit_s)} and was ended when they were "
        "over. Ask for less at once (fewer repetitions, a smaller range) and start it again."
    )


def duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:g} seconds" if minutes < 2 else f"{minutes:.0f} minutes"  # noqa: PLR2004


def out_of_memory(task: Task) -> Outcome:
    return Outcome(
        message=f"This work needed more than the {task.memory_limit_mb} MB of memory that it may "
        "use. Ask for less at once (fewer repetitions, a smaller range) and start it again, or "
        "ask an operator for a higher limit."
    )


def lost(job: Job, how: str) -> Outcome:
    tried = f" It was tried {job.attempts} times." if job.attempts > 1 else ""
    return Outcome(
        message=f"The process that did this work {how}.{tried} What it had saved by then is kept. "
        "Start it again; if it ends so once more, give an operator the number of this job.",
        again=True,
    )


def ending(code: int) -> str:
    """Say how a process ended, from its exit code or (negative) the signal that ended it."""
    if code == -signal.SIGKILL:
        return "was killed (the machine may be short of memory)"
    if code < 0:
        return f"crashed ({signal.Signals(-code).name})"
    return f"ended without a result (exit code {code})"


PROGRAM_FAULT = (
    "Something in the program went wrong during this work; it is not your doing. "
    "Start it again; if it fails the same way, give an operator the number of this job."
)
GONE = "ended without a word (it was killed, or the machine was restarted)"
NO_SUCH_TASK = (
    "This release no longer has this kind of work. Start it anew from the page it came from."
)
