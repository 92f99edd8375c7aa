"""The scheduled jobs as pages show them: when, how it went, how long it took, what is late."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from ops import cron, rhythms
from ops.cron import ScheduledJob
from ops.models import CronRun

Outcome = CronRun.Outcome
RUNS_SHOWN = 50
BADGES = {
    Outcome.FINISHED: "good",
    Outcome.RUNNING: "accent",
    Outcome.FAILED: "harm",
    Outcome.TIMED_OUT: "harm",
    Outcome.KILLED: "harm",
}


@dataclass(frozen=True)
class Run:
    """One run, judged by its job's own idea of slow."""

    row: CronRun
    label: str
    slow: timedelta | None

    @property
    def badge(self) -> str:
        return BADGES[Outcome(self.row.outcome)]

    @property
    def seconds(self) -> float:
        return self.row.duration.total_seconds()

    @property
    def is_slow(self) -> bool:
        return self.slow is not None and self.row.duration > self.slow


@dataclass(frozen=True)
class Plan:
    """One job: its rhythm, its last run, and whether it was missed."""

    job: type[ScheduledJob]
    last: Run | None
    missed: str

    @property
    def every(self) -> float:
        return self.job.every.total_seconds()

    @property
    def due_at(self) -> datetime | None:
        if self.last is None:
            return None
        rhythm = self.job.rhythm()
        return self.last.row.started_at + rhythm.wait_after(self.last.row.outcome)


def plans() -> list[Plan]:
    """Return every scheduled job. Costs the queries of the miss check and one more."""
    jobs = cron.jobs()
    missed = {miss.code: miss.reason for miss in cron.misses()}
    last_ids = CronRun.objects.order_by().values("job").annotate(last=Max("pk"))
    rows = CronRun.objects.filter(pk__in=last_ids.values("last"))
    last = {row.job: _run(row, jobs) for row in rows}
    return [Plan(job, last.get(job.code), missed.get(job.code, "")) for job in jobs]


def recent_runs(*, job: str = "", bad: bool = False) -> list[Run]:
    rows = CronRun.objects.all()
    if job:
        rows = rows.filter(job=job)
    if bad:
        rows = rows.exclude(outcome__in=[Outcome.FINISHED, Outcome.RUNNING])
    jobs = cron.jobs()
    return [_run(row, jobs) for row in rows[:RUNS_SHOWN]]


def _run(row: CronRun, jobs: list[type[ScheduledJob]]) -> Run:
    job = next((known for known in jobs if known.code == row.job), None)
    return Run(row, job.label if job else row.job, job.slow if job else None)


def silence() -> str:
    return rhythms.silence()
