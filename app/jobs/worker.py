"""The worker: starts waiting jobs, each in a process of its own, and looks after lost ones.

It may end or be killed at any moment: jobs that run go on without it.
"""

import logging
import os
import select
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from jobs import processes, queries, services
from jobs.engines import local
from jobs.errors import Superseded
from jobs.logs import end_of
from jobs.models import Job
from jobs.services import explain

IDLE_S = (0.1, 0.5)
SEEN_EVERY_S, RESCUE_EVERY_S = 5.0, 2.0
DATABASE_PAUSE_S = 2.0
ENDING = (signal.SIGTERM, signal.SIGINT)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """A process that this worker started."""

    job: Job
    token: uuid.UUID
    process: subprocess.Popen[bytes]


class Alarm:
    """Something to wait for that a signal's handler may ring, again and again.

    A `threading.Event` is not: its lock is held while it rings, and a second signal within the
    first one's handler would wait for that lock for ever.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)

    def ring(self) -> None:
        with suppress(BlockingIOError):  # full: it rings already
            os.write(self._writer, b"!")

    def wait(self, seconds: float) -> None:
        """Return when it rings, or after ``seconds``."""
        if select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 4096)


class Worker:
    """One worker with a number of slots, each for one job at a time."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.process = processes.me()
        self.name = f"{self.process.host}-{self.process.pid}-{uuid.uuid4().hex[:6]}"
        self._running: list[Running] = []
        self._orphans = 0
        self._seen = self._rescued = -RESCUE_EVERY_S - SEEN_EVERY_S
        self._stop, self._wake = False, Alarm()

    def run(self) -> None:
        """Work until a signal, or until another release is live; leave running jobs to finish."""
        for number in ENDING:
            signal.signal(number, self._end)
        signal.signal(signal.SIGCHLD, lambda *_: self._wake.ring())
        logger.info("Worker %s of release %s: %s slots", self.name, settings.RELEASE, self.slots)
        idle = IDLE_S[0]
        while not (self._stop or another_release_is_live()):
            started = self._turn()
            idle = IDLE_S[0] if started else min(idle * 1.5, IDLE_S[1])
            self._wake.wait(idle)
        self.say_goodbye()

    def _end(self, _number: int, _frame: object) -> None:
        self._stop = True
        self._wake.ring()

    def _turn(self) -> bool:
        return self.safely(self._work)

    def _work(self) -> bool:
        self.keep_house()
        return self._start_waiting()

    def keep_house(self) -> None:
        """Notice what has ended, say that this worker lives, look after lost jobs."""
        self._reap()
        self._look_around(time.monotonic())

    @property
    def is_full(self) -> bool:
        return len(self._running) + self._orphans >= self.slots

    def safely(self, work: Callable[[], bool | None]) -> bool:
        """Do something that asks the database, and wait a little when it does not answer."""
        try:
            return bool(work())
        except (OperationalError, InterfaceError):
            logger.warning("The database does not answer; trying again.", exc_info=True)
            close_old_connections()
            connection.close()
            self._wake.wait(DATABASE_PAUSE_S)
            return False

    def _look_around(self, now: float) -> None:
        if now - self._seen >= SEEN_EVERY_S:
            self._seen = now
            release = settings.RELEASE
            services.see_worker(
                worker=self.name, process=self.process, release=release, slots=self.slots
            )
        if now - self._rescued >= RESCUE_EVERY_S:
            self._rescued = now
            if rescued := services.rescue():
                logger.warning("%s jobs had lost their process", rescued)
            services.tend()
            mine = [running.job.pk for running in self._running]
            self._orphans = queries.jobs_without_worker(self.process.host, besides=mine)

    def _start_waiting(self) -> bool:
        started = False
        while not (self.is_full or self._stop):
            job = services.claim(worker=self.name, process=self.process)
            if job is None:
                break
            self.start(job)
            started = True
        return started

    def start(self, job: Job) -> None:
        """Start the process of a job that this worker has claimed."""
        if job.token is not None:
            logger.info("Job %s (%s): attempt %s begins", job.pk, job.name, job.attempts)
            self._start(job, job.token)

    def _start(self, job: Job, token: uuid.UUID) -> None:
        try:
            self._running.append(Running(job, token, local.start(job, token)))
        except OSError as error:  # no memory, no disk, too many processes: later it may do
            logger.error("Job %s could not be started", job.pk, exc_info=error)  # noqa: TRY400
            services.lose(job=job, token=token, how=f"could not be started ({error.strerror})")

    def _reap(self) -> None:
        """Notice processes that ended; one that left its job running has crashed."""
        for ended in [each for each in self._running if each.process.poll() is not None]:
            self._account_for(ended)
            self._running.remove(ended)

    def _account_for(self, ended: Running) -> None:
        how = explain.ending(ended.process.returncode)
        job = Job.objects.filter(pk=ended.job.pk).first()
        if job is None or job.token != ended.token:
            logger.info("Job %s: %s", ended.job.pk, job.status if job else "deleted")
            return
        local.LocalEngine().stop(job)
        logger.error("The process of job %s (%s) %s", job.pk, job.name, how)
        with suppress(Superseded):
            services.lose(job=job, token=ended.token, how=how, traceback=end_of(job.log_file))

    def say_goodbye(self) -> None:
        logger.info("Worker %s ends; %s jobs go on without it", self.name, len(self._running))
        try:
            services.worker_gone(worker=self.name)
        except (OperationalError, InterfaceError):
            logger.warning("The database does not answer; its row will be pruned.")
        for number in ENDING:  # Python puts handlers away before the process has ended
            signal.signal(number, signal.SIG_IGN)


def another_release_is_live() -> bool:
    """Say whether the site was switched to another release than this process belongs to."""
    live = Path(settings.LIVE)
    return live.is_symlink() and live.resolve().name != settings.RELEASE
