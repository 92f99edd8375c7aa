"""What a host does by itself: cron and the worker; its backups are in test_backup.py."""

import time

from tests.fleet import fleet


def test_cron_runs_the_jobs_on_the_live_release(staging, work):
    work.commit("Be another release")
    told = work.push(staging)
    assert told.returncode == 0, told.stdout
    release = fleet.ask(staging, "/health/ready/").json()["release"]
    end = time.monotonic() + 130
    while time.monotonic() < end:
        checks = fleet.ask(staging, "/health/ready/").json()["checks"]
        if checks["schedule"]["ok"] and checks["backup"]["ok"]:
            break
        time.sleep(2)
    assert checks["schedule"]["ok"], checks
    assert checks["backup"]["ok"], checks
    line = "journalctl -t studium-cron -o cat --no-pager"
    assert "✘" not in staging.ssh(line).stdout
    assert release == fleet.ask(staging, "/health/ready/").json()["release"]


def test_the_worker_follows_the_release(staging, work):
    work.commit("Be one more release")
    told = work.push(staging)
    assert told.returncode == 0, told.stdout
    release = fleet.ask(staging, "/health/ready/").json()["release"]
    end = time.monotonic() + 20
    while time.monotonic() < end:
        workers = staging.ssh("pgrep -u studium -af 'manage.py worker'", check=False).stdout
        if release in workers:
            break
        time.sleep(0.5)
    assert release in workers
    assert staging.ssh("systemctl is-active studium-worker").stdout == "active\n"
