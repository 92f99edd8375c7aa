"""Delete what has served its time, so that no table grows for ever."""

import time
from datetime import timedelta
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone
from django_cron.models import CronJobLog

from accounts.services import upkeep
from jobs import services as job_services
from ops.models import BackupRecord, Counter, CronRun, ErrorOccurrence, ErrorReport
from runs.services import letters, returning, uploads

GOOD_RUNS_KEPT = timedelta(days=14)
BAD_RUNS_KEPT = timedelta(days=90)
LOGS_KEPT = timedelta(days=30)
ERRORS_KEPT = timedelta(days=90)
BACKUPS_KEPT = timedelta(days=400)
JOBS_KEPT = timedelta(days=90)
KEYS_KEPT = timedelta(days=90)


def prune() -> dict[str, int]:
    """Delete old rows of every area and return how many there were of each kind."""
    jobs = {"jobs": job_services.prune(older_than=JOBS_KEPT)}
    sealed = {"letters": letters.prune(), "codes": returning.prune()}
    sealed |= {"unfinished files": uploads.prune()}
    return _prune_own() | jobs | upkeep.prune(older_than=KEYS_KEPT) | sealed


def _prune_own() -> dict[str, int]:
    now = timezone.now()
    old: dict[str, QuerySet[Any]] = {
        "good runs": _good_runs().filter(started_at__lt=now - GOOD_RUNS_KEPT),
        "bad runs": CronRun.objects.filter(started_at__lt=now - BAD_RUNS_KEPT).exclude(
            outcome=CronRun.Outcome.FINISHED
        ),
        "django-cron's log": CronJobLog.objects.filter(end_time__lt=now - LOGS_KEPT),
        "occurrences": ErrorOccurrence.objects.filter(at__lt=now - ERRORS_KEPT),
        "errors": ErrorReport.objects.filter(last_seen_at__lt=now - ERRORS_KEPT),
        "backup records": BackupRecord.objects.filter(started_at__lt=now - BACKUPS_KEPT).exclude(
            outcome=BackupRecord.Outcome.KEPT
        ),
        "counters": Counter.objects.filter(ends_at__lt=int(time.time())),
    }
    return {name: rows.delete()[0] for name, rows in old.items()}


def _good_runs() -> QuerySet[CronRun]:
    """Return what went well, except each job's last success: it says when the job is due."""
    good = CronRun.objects.filter(outcome=CronRun.Outcome.FINISHED)
    last = good.order_by().values("job").annotate(last=Max("pk")).values_list("last", flat=True)
    return good.exclude(pk__in=list(last))
