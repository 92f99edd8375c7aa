"""``make status``: what runs, what is live and healthy, what it takes on the disk."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from laptop import emperor, front, keeper
from laptop.console import Console
from laptop.daemons import Daemon
from laptop.layout import Clone
from pipeline import status
from pipeline.site import Site

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
HEALTHY = {"ready", "degraded"}


def overview(clone: Clone, console: Console) -> int:
    """Print everything; return 1 when a process is missing or a site does not answer."""
    made = clone.sites()
    if not made:
        console.say("No site was built in this clone yet. Type: make up")
        return 1
    console.title("Processes")
    missing = [daemon.name for daemon in processes(clone, made) if not _show(daemon, console)]
    healths = [_site(site, console) for site in made]
    console.title("Disk")
    for line in disk(clone):
        console.say(line)
    if missing:
        console.say(f"\nNot running: {', '.join(missing)}. Type: make up")
    return 0 if not missing and set(healths) <= HEALTHY else 1


def processes(clone: Clone, made: Sequence[Site]) -> list[Daemon]:
    daemons = [front.daemon(clone)]
    for site in made:
        daemons += [emperor.daemon(clone, site), keeper.daemon(clone, site), keeper.worker(site)]
    return daemons


def _show(daemon: Daemon, console: Console) -> bool:
    pid = daemon.pid()
    console.say(f"   {daemon.name:<24} {f'process {pid}' if pid else 'NOT RUNNING'}")
    return pid is not None


def _site(site: Site, console: Console) -> str:
    facts = status.facts(site)
    console.title(site.name.capitalize())
    for line in [*status.lines(facts), f"  last backup  {last_backup(site)}"]:
        console.say(f" {line}")
    return str(facts["health"].get("status"))


def last_backup(site: Site) -> str:
    folder = site.folder("backups")
    found = folder.rglob("*") if folder.is_dir() else []
    files = [path for path in found if path.is_file()]
    if not files:
        return "none yet; the daily job makes one, or: make manage CMD=backup SITE=" + site.name
    newest = max(files, key=lambda path: path.stat().st_mtime)
    return f"{age(time.time() - newest.stat().st_mtime)} ago, in {folder}"


def age(value_s: float) -> str:
    for unit_s, name in ((DAY_S, "days"), (HOUR_S, "hours"), (MINUTE_S, "minutes")):
        if value_s >= 2 * unit_s:
            return f"{value_s // unit_s:.0f} {name}"
    return f"{value_s:.0f} seconds"


def disk(clone: Clone) -> list[str]:
    """Return what the parts of .studium take, the biggest first."""
    parts = [path for path in clone.studium.iterdir() if path.is_dir()]
    sizes = sorted(((size(path), path.name) for path in parts), reverse=True)
    lines = [f"   {taken / 2**20:>8.1f} MB  .studium/{name}" for taken, name in sizes]
    return [*lines, f"   {sum(taken for taken, _ in sizes) / 2**20:>8.1f} MB  together"]


def size(folder: Path) -> int:
    """Return the bytes that the folder's files take; a file with several names counts once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for place, _, names in os.walk(folder, onerror=lambda _: None):
        for name in names:
            try:
                facts = os.lstat(os.path.join(place, name))  # noqa: PTH118  many thousand files
            except FileNotFoundError:
                continue
            if (facts.st_dev, facts.st_ino) not in seen:
                seen.add((facts.st_dev, facts.st_ino))
                total += facts.st_blocks * 512
    return total
