"""When a scheduled job is due, and when it was missed, whatever the rhythm of the cron line.

A tick is one call of `runcrons`. A job runs at the tick that is nearest to the moment when it is
due; so a five-minute job under a five-minute cron line with jitter runs at each tick, a daily job
under a twelve-hourly line at every second one, and under a one-minute line nothing drifts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from django.db.models import Max
from django.utils import timezone

from ops.models import CronRun, CronTick

REMEMBERED = 6
GRACE = timedelta(minutes=10)
UNKNOWN_TICK = timedelta(minutes=1)
Outcome = CronRun.Outcome


@dataclass(frozen=True)
class Rhythm:
    """How often a job should run, how soon again after a failure, and how long it may take."""

    code: str
    every: timedelta
    retry: timedelta
    limit: timedelta

    def wait_after(self, outcome: str) -> timedelta:
        good = outcome in {Outcome.FINISHED, Outcome.RUNNING}
        return self.every if good else min(self.retry, self.every)


@dataclass(frozen=True)
class Miss:
    code: str
    reason: str


def note_tick(now: datetime | None = None) -> None:
    """Remember this tick and forget the old ones."""
    CronTick.objects.create(at=now or timezone.now())
    kept = CronTick.objects.order_by("-at").values_list("pk", flat=True)[:REMEMBERED]
    CronTick.objects.exclude(pk__in=list(kept)).delete()


def last_tick() -> datetime | None:
    return CronTick.objects.order_by("-at").values_list("at", flat=True).first()


def tick_period() -> timedelta:
    """Return the usual time between ticks; a call by hand in between changes little."""
    ticks = list(CronTick.objects.order_by("at").values_list("at", flat=True))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ticks)]
    return timedelta(seconds=median(gaps)) if gaps else UNKNOWN_TICK


def is_due(rhythm: Rhythm, now: datetime | None = None) -> bool:
    """Say whether this tick is nearer to the due moment than the next one will be."""
    last = CronRun.objects.filter(job=rhythm.code).order_by("-started_at").first()
    if last is None:
        return True
    due_at = last.started_at + rhythm.wait_after(last.outcome)
    return (now or timezone.now()) + tick_period() / 2 >= due_at


def misses(rhythms: Sequence[Rhythm], now: datetime | None = None) -> list[Miss]:
    """Return the jobs that should have succeeded by now and have not."""
    at, period, since, last = now or timezone.now(), tick_period(), _known_since(), _successes()
    found = (_miss(rhythm, at, period, last.get(rhythm.code), since) for rhythm in rhythms)
    return [miss for miss in found if miss]


def _successes() -> dict[str, datetime]:
    """Return when each job began that succeeded last."""
    finished = CronRun.objects.filter(outcome=Outcome.FINISHED).order_by()
    return dict(finished.values_list("job").annotate(last=Max("started_at")))


def _known_since() -> datetime:
    """Return when this site began to tick: before that nothing can have been missed."""
    first = CronRun.objects.order_by("started_at").values_list("started_at", flat=True).first()
    return first or timezone.now()


def _miss(
    rhythm: Rhythm, now: datetime, period: timedelta, last: datetime | None, since: datetime
) -> Miss | None:
    allowed = max(rhythm.every, period) + period + rhythm.limit + GRACE
    waited = now - (last or since)
    if waited <= allowed:
        return None
    what = "has not succeeded for" if last else "has never succeeded in"
    return Miss(rhythm.code, f"{what} {_spoken(waited)}; {_spoken(allowed)} are allowed")


def _spoken(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:.1f} h" if hours >= 1 else f"{span / timedelta(minutes=1):.0f} min"


def silence(now: datetime | None = None) -> str:
    """Say that cron has stopped calling, or nothing."""
    last = last_tick()
    if last is None:
        return "cron has never called `manage.py runcrons`: its line is missing"
    quiet = (now or timezone.now()) - last
    allowed = tick_period() * 2 + GRACE
    if quiet <= allowed:
        return ""
    return f"cron has not called for {_spoken(quiet)}; it used to every {_spoken(tick_period())}"
