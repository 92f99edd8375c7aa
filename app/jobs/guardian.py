"""The process of one attempt: it watches over the task's process and alone writes about the job.

It heart-beats, passes on progress and log, ends the task on a cancel or at the end of its time, and
records the outcome. None of this depends on the worker, which may be gone long before, nor on the
task, which may be stuck, out of memory or killed.
"""

import logging
import os
import signal
import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from django.db import InterfaceError, OperationalError, connection, connections

from jobs import processes, registry, services
from jobs.child import Child
from jobs.errors import StoreSilent, Superseded
from jobs.logs import Log
from jobs.models import Job
from jobs.progress import Wish
from jobs.services import Outcome, explain

LOOK_S, SAY_S, BEAT_S = 0.5, 1.0, 5.0
KILL_AFTER_TERM_S = 5.0
UNHEARD_S = 90.0  # less than what others wait before they give a silent attempt up
PATIENT_FOR_S = 3600.0
STDERR = 2
TRANSIENT = (OperationalError, InterfaceError, StoreSilent)
logger = logging.getLogger(__name__)


def run(job_id: uuid.UUID, token: uuid.UUID, *, site_log: int | None = None) -> None:
    """Make one attempt at a job; do nothing when the attempt was given up meanwhile."""
    process = processes.me()
    try:
        begun = patiently(lambda: services.begin(job_id=job_id, token=token, process=process))
        if site_log is not None:
            os.dup2(site_log, STDERR)
            os.close(site_log)
        Guardian(begun, Row(begun, token)).run()
    except Superseded:
        logger.warning("Another attempt holds job %s; this one ends.", job_id)


def patiently(write: Callable[[], Any]) -> Any:
    """Repeat a write that must not be lost until the database takes it."""
    until, pause = time.monotonic() + PATIENT_FOR_S, 0.2
    while True:
        try:
            return write()
        except TRANSIENT:
            if time.monotonic() > until:
                raise
            logger.warning("The database did not take a write; trying again.", exc_info=True)
            connection.close()
            time.sleep(pause)
            pause = min(pause * 2, 10)


class Record(Protocol):
    """Where a guardian reads what is asked of its attempt, and writes what became of it."""

    def wants(self) -> bool: ...
    def beat(self, **news: Any) -> None: ...
    def succeed(self, result: Any, **last: Any) -> None: ...
    def withdraw(self, **last: Any) -> None: ...
    def fail(self, outcome: Outcome, **last: Any) -> None: ...


class Row:
    """The job's row in the site's database."""

    def __init__(self, job: Job, token: uuid.UUID) -> None:
        self.job = job
        self.names: dict[str, Any] = {"job_id": job.pk, "token": token}

    def wants(self) -> bool:
        return services.wants(**self.names)

    def beat(self, **news: Any) -> None:
        services.beat(**self.names, **news)

    def succeed(self, result: Any, **last: Any) -> None:
        services.succeed(**self.names, result=result, **last)

    def withdraw(self, **last: Any) -> None:
        services.withdraw(**self.names, **last)

    def fail(self, outcome: Outcome, **last: Any) -> None:
        services.fail(job=self.job, token=self.names["token"], outcome=outcome, **last)


class Guardian:
    """Runs one task in a process of its own and stays with it until it ends."""

    def __init__(self, job: Job, record: Record) -> None:
        self.job, self.record = job, record
        self.task = registry.get(job.name)
        self.log = Log(job.log_file)
        self.superseded = False
        self._told_to_go = False
        self._asked = self._termed = 0.0
        self._looked = self._said = self._heard = time.monotonic()
        self._shown: dict[str, Any] = {}

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._remember_to_go)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.log.line(f"— attempt {self.job.attempts} on {self.job.host}, {self.job.release} —")
        connections.close_all()  # a connection must not be shared with the task's process
        self.child = Child(self.task, self.job, self.log)
        self._started = time.monotonic()
        self._be_brief_when_locked()
        while not self.child.wait(LOOK_S):
            self._turn(time.monotonic())
        self.child.end()
        self.log.close()
        self._record()

    def _remember_to_go(self, _number: int, _frame: object) -> None:
        self._told_to_go = True

    @staticmethod
    def _be_brief_when_locked() -> None:
        """Wait for SQLite's lock only briefly: the task may hold it, and needs us meanwhile."""
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 1000")

    def _turn(self, now: float) -> None:
        if now - self._looked >= SAY_S:
            self._looked = now
            self._talk(now)
        if now - self._started > self.task.time_limit_s:
            self._ask(Wish.TIME_IS_UP, now)
        if self._told_to_go or self._is_unheard(now):
            self._ask(Wish.GIVE_WAY, now)
        self._insist(now)

    def _talk(self, now: float) -> None:
        """Ask the database whether to go on, and tell it how far the task is."""
        try:
            if not self.record.wants():
                self._ask(Wish.CANCEL, now)
            self._say(now)
            self._heard = now
        except Superseded:
            self.superseded = True
            self.child.wish = Wish.GIVE_WAY
            self.child.signal(signal.SIGKILL)
        except TRANSIENT:
            logger.warning("The database did not answer job %s.", self.job.pk)
            if connection.vendor != "sqlite":
                connection.close()

    def _say(self, now: float) -> None:
        news = self.child.progress | {"log_tail": self.log.tail}
        if news != self._shown or now - self._said >= BEAT_S:
            self.record.beat(**news)
            self._shown, self._said = news, now

    def _is_unheard(self, now: float) -> bool:
        """Say whether workers of other hosts may soon take this attempt for lost."""
        return connection.vendor != "sqlite" and now - self._heard > UNHEARD_S

    def _ask(self, wish: Wish, now: float) -> None:
        """Ask the task to end: by a flag that it reads; when it has no more time, by a signal."""
        if self.child.wish != Wish.GO_ON:
            return
        self.child.wish = wish
        self._asked = now
        self.log.line(f"— asked to end: {wish.name.lower().replace('_', ' ')} —")
        if wish != Wish.CANCEL:
            self._terminate(now)

    def _terminate(self, now: float) -> None:
        self._termed = now
        self.child.signal(signal.SIGTERM)

    def _insist(self, now: float) -> None:
        if not self._asked:
            return
        if not self._termed and now - self._asked > self.task.patience_s:
            self._terminate(now)
        elif self._termed and now - self._termed > KILL_AFTER_TERM_S:
            self.child.signal(signal.SIGKILL)

    def _record(self) -> None:
        if self.superseded:
            raise Superseded
        last = self.child.progress | {"log_tail": self.log.tail}
        if "succeeded" in self.child.said:
            result = self.child.said["succeeded"]
            patiently(lambda: self.record.succeed(result, **last))
        elif self.child.wish == Wish.CANCEL:
            patiently(lambda: self.record.withdraw(**last))
        else:
            outcome = self._outcome()
            patiently(lambda: self.record.fail(outcome, **last))

    def _outcome(self) -> Outcome:
        if self.child.wish == Wish.TIME_IS_UP:
            return explain.time_is_up(self.task)
        if self.child.wish == Wish.GIVE_WAY:
            return explain.lost(self.job, "was told to make way (the machine was being shut down)")
        if "failed" in self.child.said:
            return Outcome(**self.child.said["failed"])
        if self.child.ran_out_of_memory:
            return explain.out_of_memory(self.task)
        return explain.lost(self.job, explain.ending(self.child.code))
