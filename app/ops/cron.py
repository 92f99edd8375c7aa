"""django-cron, made dependable: everything scheduled goes through this module.

django-cron brings the classes, the settings and the command's name. Ours are the lock, the decision
whether a job is due, the start row, the time limit and the outcome that reaches the exit code.
"""

import logging
import os
import platform
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType, TracebackType
from typing import ClassVar

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from django.utils.module_loading import import_string
from django_cron import CronJobBase, CronJobManager, Schedule

from common.redaction import redact
from ops import rhythms
from ops.cron_lock import JobLock
from ops.models import CronRun
from ops.services.errors import take_in_errors

logger = logging.getLogger(__name__)
Outcome = CronRun.Outcome


class OverTime(BaseException):
    """The time limit of a job. Not an Exception, so that no job swallows it by accident."""


class ScheduledJob(CronJobBase):  # type: ignore[misc]  # no annotations
    """What runs by the clock. A subclass names itself, its rhythm and its limit, and works."""

    code: ClassVar[str]
    label: ClassVar[str]
    every: ClassVar[timedelta]
    retry: ClassVar[timedelta] = timedelta(minutes=15)
    limit: ClassVar[timedelta] = timedelta(minutes=10)
    slow: ClassVar[timedelta] = timedelta(minutes=2)
    schedule = Schedule(run_every_mins=0)  # django-cron wants one; `is_due` decides

    def work(self) -> str:
        """Do the job and return one line about it."""
        raise NotImplementedError

    @classmethod
    def rhythm(cls) -> rhythms.Rhythm:
        return rhythms.Rhythm(cls.code, cls.every, cls.retry, cls.limit)

    def do(self) -> str:
        """Work between a start row and an outcome. Called under the job's lock."""
        _bury_killed(self.code)
        run = CronRun.objects.create(
            job=self.code, release=settings.RELEASE, host=platform.node(), pid=os.getpid()
        )
        try:
            with _time_limit(self.limit):
                message = self.work()
        except OverTime:
            _end(run, Outcome.TIMED_OUT, f"Stopped after {self.limit}, its limit.")
            raise
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            _end(run, Outcome.FAILED, f"{type(error).__name__}: {error}\n\n{trace}")
            raise
        _end(run, Outcome.FINISHED, message)
        return message


def _bury_killed(code: str) -> None:
    """Name the runs that never ended: we hold the lock, so nobody is running them."""
    CronRun.objects.filter(job=code, outcome=Outcome.RUNNING).update(
        outcome=Outcome.KILLED,
        finished_at=timezone.now(),
        message="The process ended without a word: killed, or the machine stopped.",
    )


def _end(run: CronRun, outcome: Outcome, message: str) -> None:
    close_old_connections()
    CronRun.objects.filter(pk=run.pk).update(
        outcome=outcome, finished_at=timezone.now(), message=redact(message)
    )


@contextmanager
def _time_limit(limit: timedelta) -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise OverTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit.total_seconds())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Manager(CronJobManager):  # type: ignore[misc]  # no annotations
    """Run one job the way django-cron does, but know what came of it."""

    outcome = "not due"
    detail = ""
    began = 0.0

    def get_lock_class(self) -> type[JobLock]:
        return JobLock

    def make_log_msg(self, messages: tuple[str, ...]) -> str:
        """Write django-cron's own log without secrets, too."""
        return redact(str(super().make_log_msg(messages)))

    def should_run_now(self, force: bool = False) -> bool:
        self.user_time = None
        self.began = time.monotonic()
        due = force or rhythms.is_due(self.cron_job_class.rhythm())
        self.outcome = "due" if due and self.dry_run else "finished" if due else "not due"
        return due

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        super().__exit__(kind, error, trace)
        if error is None:
            self._judge_pace()
        elif isinstance(error, JobLock.LockFailedException):
            self.outcome, self.detail = "held", "another process is running it"
        elif isinstance(error, OverTime):
            self.outcome, self.detail = "timed out", f"stopped after {self.cron_job_class.limit}"
            _report(self.cron_job_class, error)
        elif isinstance(error, Exception):
            self.outcome, self.detail = "failed", redact(f"{type(error).__name__}: {error}")
            _report(self.cron_job_class, error)
        else:  # Ctrl-C and exits go on
            return False
        return True

    def _judge_pace(self) -> None:
        took = timedelta(seconds=time.monotonic() - self.began)
        self.detail = str(self.msg)
        if self.outcome == "finished" and took > self.cron_job_class.slow:
            self.outcome = "slow"
            self.detail = f"took {took}, usually under {self.cron_job_class.slow}; {self.detail}"


def _report(job: type[ScheduledJob], error: BaseException) -> None:
    """Tell the log, the page of errors and Sentry: django-cron tells nobody."""
    logger.error(
        "The scheduled job %s failed.",
        job.code,
        exc_info=error,
        extra={"place": f"cron {job.code}"},
    )


@dataclass(frozen=True)
class Line:
    """What one tick did about one job."""

    job: str
    outcome: str
    detail: str = ""

    @property
    def is_bad(self) -> bool:
        return self.outcome in {"failed", "timed out", "slow", "unknown", "missed"}


def jobs() -> list[type[ScheduledJob]]:
    return [import_string(path) for path in settings.CRON_CLASSES]


def tick(names: list[str], *, force: bool = False, dry_run: bool = False) -> list[Line]:
    """Run what is due among ``names`` (classes or codes; none: all) and look for misses."""
    if not dry_run and not names:
        rhythms.note_tick()
        take_in_errors()
    lines = [_run(name, force=force, dry_run=dry_run) for name in names or settings.CRON_CLASSES]
    if not names:
        lines += [Line(miss.code, "missed", miss.reason) for miss in misses()]
    return lines


def misses(now: datetime | None = None) -> list[rhythms.Miss]:
    return rhythms.misses([job.rhythm() for job in jobs()], now=now)


def _run(name: str, *, force: bool, dry_run: bool) -> Line:
    job = _class(name)
    if job is None:
        known = ", ".join(known.code for known in jobs())
        return Line(name, "unknown", f"There is no such job. Known: {known}.")
    with Manager(job, silent=True, dry_run=dry_run) as manager:
        manager.run(force)
    return Line(job.code, manager.outcome, manager.detail)


def _class(name: str) -> type[ScheduledJob] | None:
    by_code = {job.code: job for job in jobs()}
    if name in by_code:
        return by_code[name]
    try:
        found = import_string(name)
    except ImportError:
        return None
    return found if isinstance(found, type) and issubclass(found, ScheduledJob) else None
