"""The functions that may run in the background, by the names under which they are enqueued.

An area registers them in its ``tasks.py``, which is found by itself:

    @task("planning.power", time_limit_s=1800, memory_limit_mb=2048)
    def power(progress: Progress, *, study: str) -> JSON: ...

A task gets its arguments by keyword. A machine may fail at any moment, also between a task's last
line and the record of its result, so a task must bear being run again.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jobs.errors import UnknownTask

LONGEST_BACKOFF = timedelta(hours=1)
Function = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """How a task that needs the site is done where the site is not.

    Attributes
    ----------
    task
        The name of a portable task that does the same work.
    pack
        Gives that task's arguments for the arguments of this one; runs at the site.
    unpack
        Takes in the other's result, then the arguments of this one by keyword; runs at the site,
        quickly, and must bear being run again. What it returns is the job's result.
    """

    task: str
    pack: Function
    unpack: Function


@dataclass(frozen=True, kw_only=True)
class Task:
    """A registered function and the limits that its author gave it."""

    name: str
    function: Function
    label: str
    time_limit_s: float = 3600
    memory_limit_mb: int = 1024
    attempts: int = 3
    backoff_s: float = 10
    patience_s: float = 10
    portable: bool = False
    elsewhere: Elsewhere | None = None

    def check(self, arguments: dict[str, Any]) -> None:
        """Raise TypeError when the function does not take these arguments."""
        inspect.signature(self.function).bind(None, **arguments)

    def delay_after(self, attempts: int) -> timedelta:
        """Return how long to wait after so many attempts: twice as long each time."""
        doublings = min(attempts - 1, 20)
        return min(timedelta(seconds=self.backoff_s * 2**doublings), LONGEST_BACKOFF)


_tasks: dict[str, Task] = {}


def task(name: str, *, label: str = "", **limits: Any) -> Callable[[Function], Function]:
    """Register a function under ``area.name``.

    Parameters
    ----------
    name
        The area and the work, "planning.power".
    label
        What people read; made of the name when left out.
    limits
        ``time_limit_s``, ``memory_limit_mb``, ``attempts``, ``backoff_s``, ``patience_s`` (how long
        a task may tidy up after it was told to stop) and ``portable`` (it needs neither database
        nor files of the site: all comes by its arguments, all goes by its result and its folder;
        so it may run on machines of others, `jobs.engines.batch`) or ``elsewhere``.
    """

    def register(function: Function) -> Function:
        known = _tasks.get(name)
        if known and known.function is not function:
            raise ValueError(f"Two functions want the task name {name!r}.")
        _tasks[name] = Task(name=name, function=function, label=label or _spoken(name), **limits)
        return function

    return register


def _spoken(name: str) -> str:
    return name.partition(".")[2].replace("_", " ").replace("-", " ").capitalize()


def get(name: str) -> Task:
    try:
        return _tasks[name]
    except KeyError:
        raise UnknownTask(name) from None


def names() -> frozenset[str]:
    return frozenset(_tasks)


def portable_names() -> frozenset[str]:
    return frozenset(name for name, known in _tasks.items() if known.portable or known.elsewhere)
