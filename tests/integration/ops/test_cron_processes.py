"""Scheduled jobs in real processes: one at a time, killed, too long, failing, unknown."""

import signal

from django.conf import settings

SLEEPY = "tests.integration.ops.clockwork.jobs.Sleepy"
FAILING = "tests.integration.ops.clockwork.jobs.Failing"
SLOW = "tests.integration.ops.clockwork.jobs.Slow"
ENDLESS = "tests.integration.ops.clockwork.jobs.Endless"


def begun(site):
    file = site.folder / "begun"
    return file.read_text().split() if file.exists() else []


def outcomes(site, job):
    rows = site.ask("SELECT job, outcome FROM ops_cronrun ORDER BY id")
    return [outcome for name, outcome in rows if name == job]


def test_of_six_processes_one_runs_the_job(real_site):
    started = [real_site.start("runcrons", SLEEPY, "--force", SLEEP_S="6") for _ in range(6)]
    said = [process.communicate(timeout=60)[0] for process in started]
    assert len(begun(real_site)) == 1
    assert sum("held" in text for text in said) == 5
    assert [process.returncode for process in started] == [0] * 6


def test_a_killed_process_leaves_no_lock_and_shows_as_killed(real_site):
    process = real_site.start("runcrons", SLEEPY, "--force", SLEEP_S="60")
    real_site.until(lambda: begun(real_site))
    assert outcomes(real_site, "test.sleepy") == ["running"]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = real_site.manage("runcrons", SLEEPY, "--force")
    assert again.code == 0, again.err
    assert "finished" in again.out
    assert outcomes(real_site, "test.sleepy") == ["killed", "finished"]


def test_a_failing_job_fails_the_command_and_is_recorded_without_secrets(real_site):
    done = real_site.manage("runcrons", FAILING, "--force")
    assert done.code == 1
    assert "✘ test.failing" in done.out
    assert "RuntimeError" in done.out
    assert outcomes(real_site, "test.failing") == ["failed"]
    assert "sentinel-token-value" not in done.out + done.err
    for table in ("ops_cronrun", "django_cron_cronjoblog"):
        (message,) = real_site.ask(f"SELECT message FROM {table}")[0]  # noqa: S608  our own names
        assert "RuntimeError" in message
        assert "sentinel-token-value" not in message


def test_a_failing_job_reaches_the_page_of_errors(real_site):
    real_site.manage("runcrons", FAILING, "--force")
    real_site.manage("runcrons")  # the next tick takes it in
    kind, place, count = real_site.ask("SELECT kind, place, count FROM ops_errorreport")[0]
    assert (kind, place, count) == ("RuntimeError", "cron test.failing", 1)


def test_a_slow_run_finishes_and_fails_the_command(real_site):
    done = real_site.manage("runcrons", SLOW, "--force", SLEEP_S="0.5")
    assert done.code == 1
    assert "slow" in done.out
    assert "usually under 0:00:00.1" in done.out
    assert outcomes(real_site, "test.slow") == ["finished"]
    assert real_site.manage("runcrons", SLOW, "--force").code == 0


def test_a_job_that_swallows_exceptions_is_still_stopped_at_its_limit(real_site):
    done = real_site.manage("runcrons", ENDLESS, "--force")
    assert done.code == 1
    assert "timed out" in done.out
    assert outcomes(real_site, "test.endless") == ["timed out"]


def test_an_unknown_job_fails_the_command_and_the_others_still_run(real_site):
    done = real_site.manage("runcrons", "ops.nonsense", "ops.prune")
    assert done.code == 1
    assert "Known: ops.follow_ups" in done.out
    assert outcomes(real_site, "ops.prune") == ["finished"]


def test_one_cron_line_runs_every_job_and_the_next_call_none(real_site):
    first = real_site.manage("runcrons")
    assert first.code == 0, first.out + first.err
    assert first.out.count("✔") == len(settings.CRON_CLASSES)
    second = real_site.manage("runcrons")
    assert second.code == 0
    assert "✔" not in second.out
    assert real_site.manage("runcrons", "--silent").out == ""


def test_a_dry_run_changes_nothing(real_site):
    done = real_site.manage("runcrons", "--dry-run")
    assert "→ ops.backup" in done.out
    assert real_site.ask("SELECT count(*) FROM ops_cronrun") == [(0,)]
    assert real_site.ask("SELECT count(*) FROM ops_crontick") == [(0,)]


def test_cron_that_never_called_is_told_from_outside(real_site):
    before = real_site.manage("check_schedule")
    assert before.code == 1
    assert "never called" in before.out
    real_site.manage("runcrons")
    assert real_site.manage("check_schedule").code == 0
