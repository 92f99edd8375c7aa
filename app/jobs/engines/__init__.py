"""Where jobs run. The row of a job is the truth; an engine only brings it to a process.

Whatever runs a job claims it (`services.claim`), then writes through its attempt's token. So an
engine cannot run a job twice, however often it delivers it.
"""

from collections.abc import Collection
from functools import cache
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from jobs.models import Job

LOCAL, CELERY, BATCH = "local", "celery", "batch"
# By name, and imported when asked for: a site that does not use one does not load its packages.
ENGINES = {
    LOCAL: "jobs.engines.local.LocalEngine",
    CELERY: "jobs.engines.messages.CeleryEngine",
    BATCH: "jobs.engines.batch.BatchEngine",
}


class Engine(Protocol):
    """What the rest of the area needs to know about a place where jobs run."""

    def submit(self, job: Job) -> None:
        """Bring a committed, queued job to whatever will run it; may be called more than once."""

    def is_alive(self, job: Job) -> bool | None:
        """Say whether the process of a running job lives; None when only heartbeats can tell."""

    def stop(self, job: Job) -> None:
        """End a running job's processes by force; quiet when there are none left."""

    def names_here(self) -> Collection[str]:
        """Return the tasks that workers on machines of the site may take."""


def engine() -> Engine:
    return _engine(settings.JOB_ENGINE)


@cache
def _engine(name: str) -> Engine:
    return cast("Engine", import_string(ENGINES[name])())
