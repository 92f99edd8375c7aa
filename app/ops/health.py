"""Is this release fit to answer? Cheap checks that say nothing secret.

Failing means that requests would go wrong: the database, unapplied early migrations, the static
manifest, a full disk. Everything else only degrades: a worker that is away, an old backup.
"""

import shutil
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.db import DatabaseError, connection
from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from common.templatetags.studium import seconds
from jobs.queries import worker_heartbeats
from ops import backup_files, certificate, cron, host_backups, host_state, rhythms
from ops.migration_phases import said_late

MEBIBYTE = 1024 * 1024
DISK_FULL = 64 * MEBIBYTE
DISK_LOW = 1024 * MEBIBYTE
SHOWN = 3
NEEDED = {"database", "migrations", "static", "disk"}  # without these requests go wrong

Key = tuple[str, str]


@dataclass(frozen=True)
class Check:
    """What one check found; a fatal one that is not ok makes the release fail."""

    ok: bool
    detail: str
    fatal: bool = False


@dataclass(frozen=True)
class Health:
    checks: dict[str, Check]

    @property
    def status(self) -> str:
        bad = [check for check in self.checks.values() if not check.ok]
        if any(check.fatal for check in bad):
            return "failing"
        return "degraded" if bad else "ready"


def examine() -> Health:
    """Run every check; a check that cannot run is one that failed."""
    return Health({name: _guarded(name, check) for name, check in CHECKS.items()})


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """Say that a check failed without its words, which may hold a password or a person."""
    try:
        return check()
    except DatabaseError as error:
        return Check(ok=False, detail=f"the database refused: {type(error).__name__}", fatal=True)
    except OSError as error:
        detail = f"a file cannot be read: {error.strerror}"
    except ValueError as error:  # a manifest that is no JSON
        detail = f"a file is damaged: {type(error).__name__}"
    return Check(ok=False, detail=detail, fatal=name in NEEDED)


def database() -> Check:
    """Ask the database for an answer and time the round trip."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    spent = (time.perf_counter() - started) * 1000
    return Check(ok=True, detail=f"{connection.display_name} answered in {spent:.1f} ms")


def migrations() -> Check:
    """Say which migrations of this release are not applied; only early ones are fatal."""
    early, late = _pending()
    if early:
        return Check(ok=False, detail=f"not applied: {_first(early)}", fatal=True)
    if late:
        return Check(ok=False, detail=f"late ones wait: {_first(late)}")
    return Check(ok=True, detail=f"all {len(_graph_of_this_release().nodes)} applied")


def late_migrations() -> list[str]:
    """Return the late migrations of this release that are not applied."""
    return _pending()[1]


def _pending() -> tuple[list[str], list[str]]:
    graph = _graph_of_this_release()
    applied = MigrationRecorder(connection).applied_migrations().keys()
    pending = {key for key, node in graph.nodes.items() if not _is_applied(key, node, applied)}
    late = {key for key in pending if _is_late(graph, key, pending)}
    return _names(pending - late), _names(late)


@cache
def _graph_of_this_release() -> MigrationGraph:
    """Return the migrations on disk: the folder of a release never changes."""
    graph: MigrationGraph = MigrationLoader(None, ignore_no_migrations=True).graph
    return graph


def _is_applied(key: Key, node: Migration | None, applied: AbstractSet[Key]) -> bool:
    """Say whether it is applied itself, or all that it replaces as a squash."""
    replaces = {(app, name) for app, name in node.replaces} if node else set()
    return key in applied or (bool(replaces) and replaces <= applied)


def _is_late(graph: MigrationGraph, key: Key, pending: set[Key]) -> bool:
    plan = graph.forwards_plan(key)
    steps = (graph.nodes[step] for step in plan if step in pending)
    return any(said_late(migration) for migration in steps if migration)


def _names(keys: set[Key]) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in keys)


def _first(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def static() -> Check:
    """Look whether pages can find their styles and scripts."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return Check(ok=True, detail="served from the source folders")
    count = len(staticfiles_storage.hashed_files)
    return Check(ok=count > 0, detail=f"{count} files in the manifest", fatal=True)


def worker() -> Check:
    """Look whether somebody works on the jobs, and for this release."""
    fresh = [beat for beat in worker_heartbeats() if beat.is_fresh]
    if not fresh:
        return Check(ok=False, detail="no worker was seen lately: jobs wait")
    # of several hosts each has a release of its own of the same commit, which stands at its end
    code = settings.RELEASE.rpartition("-")[2]
    ours = [beat for beat in fresh if beat.release.rpartition("-")[2] == code]
    if not ours:
        return Check(ok=False, detail=f"works for another release: {fresh[0].release}")
    return Check(ok=True, detail=f"{len(ours)} at work")


def schedule() -> Check:
    """Look whether cron calls and its jobs succeed in time."""
    late = [miss.code for miss in cron.misses()]
    silence = rhythms.silence()
    if silence or late:
        return Check(ok=False, detail=silence or f"missed: {_first(late)}")
    return Check(ok=True, detail="every job succeeded in time")


def disk() -> Check:
    """Find the fullest disk that the site writes to."""
    folders = {settings.STATE, settings.MEDIA_ROOT, settings.BACKUPS, settings.JOB_FILES}
    free = min(shutil.disk_usage(_existing(Path(folder))).free for folder in folders)
    detail = f"{filesizeformat(free)} free".replace("\N{NO-BREAK SPACE}", " ")
    return Check(ok=free >= DISK_LOW, detail=detail, fatal=free < DISK_FULL)


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def backup() -> Check:
    """Ask the host's own backups; where there are none, look how old the site's newest one is."""
    host = host_backups.read()
    if host and host.newest:
        age = seconds((timezone.now() - host.newest).total_seconds())
        detail = _first(host.faults) or f"{age} old, proven; {settings.STALE_BACKUP_H} h allowed"
        return Check(ok=not host.faults, detail=detail)
    if host and host.faults:
        return Check(ok=False, detail=_first(host.faults))
    return _own_backup()


def _own_backup() -> Check:
    newest = backup_files.newest()
    if newest is None:
        return Check(ok=False, detail="there is no backup yet")
    age = timezone.now() - newest.made_at
    return Check(
        ok=age <= timedelta(hours=settings.STALE_BACKUP_H),
        detail=f"{seconds(age.total_seconds())} old; {settings.STALE_BACKUP_H} h allowed",
    )


def drift() -> Check:
    """Say what root found when it last compared this host with what is declared for it."""
    state = host_state.latest()
    if state is None:
        return Check(ok=True, detail="nothing is declared for this host")
    age = (timezone.now() - state.at).total_seconds()
    if age > host_state.STALE_S:
        return Check(ok=False, detail=f"not compared since {seconds(age)}")
    if state.lines:
        return Check(ok=False, detail=f"differs: {_first(state.lines)}")
    return Check(ok=True, detail=f"as declared, {seconds(age)} ago")


def shown_certificate() -> Check:
    """Warn while there is time to mend a renewal; a site of plain HTTP says what that means."""
    try:
        end = certificate.ends()
    except OSError as error:  # a host that the front does not let in
        return Check(ok=True, detail=f"not seen from this host: {error}")
    if end is None:
        in_clear = "none: plain HTTP, passwords travel in clear"
        return Check(ok=True, detail=in_clear if settings.TRAVELS_IN_CLEAR else "none is needed")
    left = end - timezone.now()
    detail = f"ends on {end:%Y-%m-%d}, in {max(left.days, 0)} days"
    return Check(ok=left >= certificate.ALARM, detail=detail)


CHECKS: dict[str, Callable[[], Check]] = {
    "database": database,
    "migrations": migrations,
    "static": static,
    "worker": worker,
    "schedule": schedule,
    "disk": disk,
    "backup": backup,
    "drift": drift,
    "certificate": shown_certificate,
}
