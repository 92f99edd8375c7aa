"""What a host does by itself: cron, the worker, backups."""

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


def test_a_dump_by_the_backups_own_user_restores(staging):
    staging.ssh("systemctl start studium-backup")
    told = staging.ssh("ls /var/backups/studium; stat -c '%U %a' /var/backups/studium/*").stdout
    assert "studium-backup 600" in told
    script = """set -e; cd /
        as_backup() { runuser -u studium-backup -- "$@"; }
        newest=$(ls /var/backups/studium/*.dump | tail -n1)
        as_backup createdb scratch
        trap 'as_backup dropdb scratch' EXIT
        as_backup pg_restore -O -x -d scratch "$newest"
        as_backup psql -XAt -d scratch -c 'SELECT count(*) FROM django_migrations'
    """
    assert int(staging.ssh(script).stdout) > 30
