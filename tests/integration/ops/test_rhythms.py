"""When a job is due, by a clock of the test's own."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from ops import rhythms
from ops.models import CronRun
from ops.rhythms import Rhythm

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.django_db


def rhythm(every, retry=15 * MINUTE):
    return Rhythm("test.job", every, retry, limit=10 * MINUTE)


def ticks(every, number, seed=1):
    """Yield the moments at which cron calls: never early, up to three seconds late."""
    late_s = Random(seed).uniform  # noqa: S311  a jitter, no secret
    return [START + every * turn + timedelta(seconds=late_s(0, 3)) for turn in range(number)]


def ran_at(job, moments, outcome="finished"):
    """Return the moments at which the job ran."""
    ran = []
    for now in moments:
        rhythms.note_tick(now)
        if rhythms.is_due(job, now):
            CronRun.objects.create(
                job=job.code,
                started_at=now,
                finished_at=now,
                outcome=outcome,
                release="x",
                host="h",
                pid=1,
            )
            ran.append(now)
    return ran


def test_a_five_minute_job_runs_at_each_of_48_jittering_five_minute_ticks():
    assert len(ran_at(rhythm(5 * MINUTE), ticks(5 * MINUTE, 48))) == 48


def test_a_twelve_hour_job_runs_at_each_twelve_hour_tick():
    assert len(ran_at(rhythm(12 * HOUR), ticks(12 * HOUR, 20))) == 20


def test_a_daily_job_runs_at_every_second_twelve_hour_tick():
    assert len(ran_at(rhythm(DAY), ticks(12 * HOUR, 20))) == 10


def test_a_five_minute_job_runs_at_each_twelve_hour_tick():
    assert len(ran_at(rhythm(5 * MINUTE), ticks(12 * HOUR, 10))) == 10


def test_an_hourly_job_does_not_drift_under_a_cron_line_of_each_minute():
    ran = ran_at(rhythm(HOUR), ticks(MINUTE, 60 * 12 + 1))
    assert len(ran) == 13
    assert abs((ran[-1] - ran[0]) - 12 * HOUR) < MINUTE


def test_a_call_by_hand_in_between_makes_no_job_skip():
    moments = ticks(5 * MINUTE, 24)
    moments.insert(12, moments[11] + timedelta(seconds=40))
    assert len(ran_at(rhythm(5 * MINUTE), moments)) == 24


def test_a_failed_job_is_tried_again_before_its_time():
    ran = ran_at(rhythm(DAY), ticks(MINUTE, 46), outcome="failed")
    assert len(ran) == 4


@pytest.mark.parametrize("tick", [MINUTE, 12 * HOUR])
def test_a_job_that_succeeds_in_time_is_never_missed(tick):
    job = rhythm(DAY)
    assert len(ran_at(job, ticks(tick, 2))) == 1
    assert rhythms.misses([job], START + DAY + tick) == []


def test_a_job_that_does_not_succeed_is_missed_with_its_reason():
    job = rhythm(HOUR)
    ran_at(job, ticks(MINUTE, 2))
    (miss,) = rhythms.misses([job], START + 3 * HOUR)
    assert miss.code == "test.job"
    assert "has not succeeded for 3.0 h" in miss.reason


def test_failures_do_not_count_as_success():
    job = rhythm(HOUR)
    ran_at(job, ticks(MINUTE, 2), outcome="failed")
    (miss,) = rhythms.misses([job], START + 3 * HOUR)
    assert "never succeeded" in miss.reason


def test_silence_of_cron_is_measured_by_its_own_rhythm():
    for now in ticks(MINUTE, 5):
        rhythms.note_tick(now)
    assert rhythms.silence(START + 8 * MINUTE) == ""
    assert "has not called for 2.0 h" in rhythms.silence(START + 2 * HOUR + 4 * MINUTE)
