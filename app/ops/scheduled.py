"""The scheduled jobs of a site, in the order in which a tick runs them."""

import os
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.utils.timezone import now

from experiments.services import handing_back, quiet, reminding
from experiments.services import series as waves
from lab.services import scans, welfare
from ops import health, host_backups, services
from ops.backup_files import BackupFile, newest
from ops.cron import ScheduledJob
from pipeline import settle
from pipeline import site as sites
from pipeline.errors import SiteInvalid
from planning.services import tending

LAST_LINES = 10


class FollowUps(ScheduledJob):
    """Ask the pipeline to finish what could not be finished at the release."""

    code = "ops.follow_ups"
    label = "Finish pending late migrations"
    every = timedelta(minutes=5)
    limit = timedelta(minutes=30)
    slow = timedelta(minutes=10)

    def work(self) -> str:
        site_file = Path(settings.SITE_FILE) if settings.SITE_FILE else None
        waiting = [*health.late_migrations(), *_interrupted(site_file)]
        if not waiting:
            return "nothing pending"
        if site_file is None:
            return f"pending, and no site file is known: {', '.join(waiting)}"
        if not _may_finish(site_file):
            return f"pending, left to the host's own timer: {', '.join(waiting)}"
        return _finish(site_file)


def _may_finish(site_file: Path) -> bool:
    """Say whether this user may release; on a server another one does, by a timer of its own."""
    with suppress(SiteInvalid):
        lock = sites.load(site_file, is_here=False).lock
        return os.access(lock if lock.exists() else lock.parent, os.W_OK)
    return True


def _interrupted(site_file: Path | None) -> list[str]:
    """Return the release that was left half done by a runner that was killed, if there is one."""
    if site_file is None:
        return []
    with suppress(SiteInvalid):  # `finish` says what is wrong with it
        left = settle.interrupted(sites.load(site_file, is_here=False))
        return [left] if left else []
    return []


def _finish(site_file: Path) -> str:
    deploy = Path(settings.LIVE).resolve() / "deploy"
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "finish", "--site", str(site_file)],
        cwd=deploy,
        capture_output=True,
        text=True,
        check=False,
    )
    said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:])
    if done.returncode:
        raise RuntimeError(f"The pipeline could not finish the late migrations: {said}")
    return said


class Backup(ScheduledJob):
    code = "ops.backup"
    label = "Back the database up"
    every = timedelta(days=1)
    retry = timedelta(hours=1)
    limit = timedelta(hours=2)
    slow = timedelta(minutes=30)

    def work(self) -> str:
        host = host_backups.read()
        if host and not host.is_stale:
            return f"left to the host's own backup; {services.prune_backups()} old ones removed"
        record = services.back_up()
        removed = services.prune_backups()
        return f"{record.file}, {record.size} bytes; {removed} old ones removed"


class CheckBackup(ScheduledJob):
    code = "ops.check_backup"
    label = "Prove that the newest backup restores"
    every = timedelta(days=7)
    retry = timedelta(hours=6)
    limit = timedelta(hours=2)
    slow = timedelta(minutes=30)

    def work(self) -> str:
        file = newest()
        host = host_backups.read()
        if file is None and host and not host.is_stale:
            return "the host proves its own backup each night"
        if file is None:
            raise RuntimeError("There is no backup to check.")
        return _proven(file)


def _proven(file: BackupFile) -> str:
    proof = services.check_backup(file)
    if not proof.ok:
        raise RuntimeError(f"{file.path.name} does not restore: {proof.message}")
    return f"{file.path.name}: {proof.message}"


class ScanFiles(ScheduledJob):
    code = "ops.scan_files"
    label = "Look through mounted repositories"
    every = timedelta(days=1)

    def work(self) -> str:
        asked = scans.begin_all()
        return f"{len(asked)} scans asked for"


class ClearSessions(ScheduledJob):
    code = "ops.clear_sessions"
    label = "Delete expired sessions"
    every = timedelta(days=1)

    def work(self) -> str:
        store = import_module(settings.SESSION_ENGINE).SessionStore
        store.clear_expired()
        return "expired sessions deleted"


class Prune(ScheduledJob):
    code = "ops.prune"
    label = "Delete what has served its time"
    every = timedelta(days=1)

    def work(self) -> str:
        removed = services.prune()
        return ", ".join(f"{number} {name}" for name, number in removed.items() if number)


class CheckWelfare(ScheduledJob):
    """Each hour, because each lab has an hour of its own; a lab is checked once a day."""

    code = "ops.check_welfare"
    label = "Tell what animals on measured water need"
    every = timedelta(hours=1)

    def work(self) -> str:
        found = welfare.check_due()
        return f"{found.looked_at} animals looked at, {len(found.told)} messages"


class EndQuietRuns(ScheduledJob):
    code = "ops.end_quiet_runs"
    label = "End runs of which nothing was heard for long"
    every = timedelta(minutes=15)

    def work(self) -> str:
        return f"{quiet.end_quiet()} runs have timed out"


class TellRecruiters(ScheduledJob):
    code = "ops.tell_recruiters"
    label = "Tell recruiters what no job could tell them"
    every = timedelta(minutes=15)

    def work(self) -> str:
        return f"{handing_back.tell_what_was_left()} asked for again"


class TendSeries(ScheduledJob):
    code = "ops.tend_series"
    label = "Go on in series of experiments, and remind of them"
    every = timedelta(minutes=5)

    def work(self) -> str:
        at = now()
        waves.settle_what_was_left()
        return f"{waves.miss(at=at)} waves were missed, {reminding.remind(at=at)} reminders posted"


class TendPlanning(ScheduledJob):
    code = "ops.tend_planning"
    label = "End searches that were left, and delete designs and maps with age"
    every = timedelta(minutes=5)

    def work(self) -> str:
        done = tending.tend(at=now())
        return f"{done.settled} searches left, {done.designs} designs and {done.maps} maps deleted"
