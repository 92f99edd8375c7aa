"""Where jobs run. The row of a job is the truth; an engine only brings it to a process.

Whatever runs a job claims it (`services.claim`), then writes through its attempt's token. So an
engine cannot run a job twice, however often it delivers it.
"""

from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from jobs.models import Job


class Engine(Protocol):
    """What the rest of the area needs to know about a place where jobs run."""

    def submit(self, job: Job) -> None:
        """Bring a committed, queued job to whatever will run it; may be called more than once."""

    def is_alive(self, job: Job) -> bool | None:
        """Say whether the process of a running job lives; None when only heartbeats can tell."""

    def stop(self, job: Job) -> None:
        """End a running job's processes by force; quiet when there are none left."""


@cache
def engine() -> Engine:
    return cast("Engine", import_string(settings.JOB_ENGINE)())
