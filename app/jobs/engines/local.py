"""The engine of one machine: workers poll the database and start one process group per job."""

import fcntl
import os
import subprocess
import sys
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs import processes, registry
from jobs.models import Job

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
RELEASE_LOCK = "STUDIUM_RELEASE_LOCK"
STDERR = 2


class LocalEngine:
    """Jobs as processes of this machine, or of others that share the database."""

    def submit(self, job: Job) -> None:
        """Do nothing: a worker looks at the queue at least once a second."""

    def is_alive(self, job: Job) -> bool | None:
        process = identity(job)
        return processes.is_alive(process) if process else None

    def stop(self, job: Job) -> None:
        if process := identity(job):
            processes.end_session(process)

    def names_here(self) -> Collection[str]:
        return registry.names()


def identity(job: Job) -> processes.Identity | None:
    """Return the process that began the job; None before it has said which it is."""
    if job.pid is None or job.pid_started is None:
        return None
    return processes.Identity(job.host, job.boot, job.pid, job.pid_started)


def start(job: Job, token: uuid.UUID) -> subprocess.Popen[bytes]:
    """Start the process of one attempt in a session of its own, so that it outlives its worker.

    What it says before it can do better goes to the job's log; the site's own log, which is our
    standard error, is handed down beside it.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(MANAGE), "run_job", str(job.pk), "--token", str(token)]
    with _release_lock() as locks, _site_log() as site_log, job.log_file.open("ab") as log:
        command += ["--site-log", str(site_log)]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(*locks, site_log),
        )


@contextmanager
def _site_log() -> Iterator[int]:
    copy = os.dup(STDERR)
    try:
        yield copy
    finally:
        os.close(copy)


@contextmanager
def _release_lock() -> Iterator[tuple[int, ...]]:
    """Hand the release's lock down, so that no moment passes between the worker's and the job's.

    The kernel keeps a shared lock for as long as any process has the open file that took it.
    """
    path = os.environ.get(RELEASE_LOCK)
    if not path:
        yield ()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield (descriptor,)
    finally:
        os.close(descriptor)
