"""Nothing grows for ever, and nothing that is needed goes."""

import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.utils.timezone import now
from django_cron.models import CronJobLog

from accounts.models import ApiToken, AuditEntry, OneTimeLink
from common import counters
from jobs.models import Job
from ops import services
from ops.models import Counter, CronRun, ErrorOccurrence, ErrorReport

LONG_AGO = now() - timedelta(days=500)

pytestmark = pytest.mark.django_db


def run_of(job, outcome="finished", at=LONG_AGO):
    return CronRun.objects.create(
        job=job, started_at=at, finished_at=at, outcome=outcome, release="x", host="h", pid=1
    )


def test_old_runs_go_but_each_jobs_last_success_stays():
    run_of("weekly", at=LONG_AGO - timedelta(days=7))
    last = run_of("weekly")
    run_of("weekly", outcome="failed")
    recent = run_of("weekly", outcome="failed", at=now())
    removed = services.prune()
    assert set(CronRun.objects.all()) == {last, recent}
    assert (removed["good runs"], removed["bad runs"]) == (1, 1)


def test_old_errors_go_with_their_occurrences():
    facts = {"kind": "E", "place": "p", "first_release": "x", "last_release": "x"}
    old = ErrorReport.objects.create(
        fingerprint="a", first_seen_at=LONG_AGO, last_seen_at=LONG_AGO, **facts
    )
    new = ErrorReport.objects.create(
        fingerprint="b", first_seen_at=LONG_AGO, last_seen_at=now(), **facts
    )
    for report, at in ((old, LONG_AGO), (new, LONG_AGO), (new, now())):
        ErrorOccurrence.objects.create(report=report, at=at, release="x")
    services.prune()
    assert list(ErrorReport.objects.all()) == [new]
    assert ErrorOccurrence.objects.count() == 1


def test_ended_counters_go_and_running_ones_stay():
    counters.hit("old", window_s=60, now=1000)
    counters.hit("new", window_s=3600, now=time.time())
    services.prune()
    assert Counter.objects.count() == 1


def test_spent_keys_and_old_attempts_go(alice):
    OneTimeLink.objects.create(user=alice, purpose="reset", digest="a", expires_at=LONG_AGO)
    OneTimeLink.objects.create(user=alice, purpose="reset", digest="b", expires_at=now())
    ApiToken.objects.create(user=alice, name="old", prefix="a", digest="a", revoked_at=LONG_AGO)
    ApiToken.objects.create(user=alice, name="working", prefix="b", digest="b")
    named = ApiToken.objects.create(
        user=alice, name="named", prefix="c", digest="c", revoked_at=LONG_AGO
    )
    AuditEntry.objects.create(action="lab.edited", user=alice, token=named)
    AccessAttempt.objects.create(username="x", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=LONG_AGO)
    services.prune()
    assert OneTimeLink.objects.get().digest == "b"
    assert set(ApiToken.objects.values_list("name", flat=True)) == {"working", "named"}
    assert not AccessAttempt.objects.exists()


def test_old_jobs_and_the_log_of_django_cron_go():
    Job.objects.create(name="jobs.self_test", status="succeeded", finished_at=LONG_AGO)
    CronJobLog.objects.create(code="x", start_time=LONG_AGO, end_time=LONG_AGO)
    services.prune()
    assert not Job.objects.exists()
    assert not CronJobLog.objects.exists()


def test_the_tables_of_every_area_are_as_the_migrations_say():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
