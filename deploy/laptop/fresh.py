"""``make fresh SITE=…``: start a site anew after a typed confirmation; what it had is set aside."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from laptop import emperor, keeper, secrets_file, sites, up
from laptop.configure import ask_line
from laptop.console import Console
from laptop.errors import LaptopError
from laptop.layout import Clone, chosen, own_folder
from pipeline import lock
from pipeline.build import remove
from pipeline.site import Site

STAYS = ("site.toml", "secrets.env")
KEPT = ("data", "media", "backups", "jobs", "ledger.jsonl")


def fresh(clone: Clone, console: Console, *, name: str, confirmed: str) -> None:
    if not name:
        raise LaptopError("Which site? Type: make fresh SITE=staging")
    if not clone.site_file(chosen(name)).exists():
        raise LaptopError(f"{name} was never built. Type: make up")
    site = clone.site(name)
    _check(site)
    place = clone.studium / "kept" / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    _confirm(site, place, console, confirmed)
    _back_up(site, console)
    _end(clone, site, console)
    _set_aside(site, place)
    console.say(f"   What {name} had is in {place}")
    up.up(clone, console)


def _check(site: Site) -> None:
    if owner := lock.owner_of(site.lock):
        raise LaptopError(f"{site.name} is busy: {owner}. Wait for it, then try again.")
    url = secrets_file.read(site.folder("secrets")).get("DATABASE_URL", "")
    if url and not url.startswith("sqlite"):
        raise LaptopError(
            f"{site.name} has a PostgreSQL database, which `make fresh` does not drop. Back it up "
            f"(make manage CMD=backup SITE={site.name}), drop and create it by hand, then make up."
        )


def _confirm(site: Site, place: Path, console: Console, confirmed: str) -> None:
    console.say(
        f"   {site.name} at {site.url} starts anew: no people, no data, no releases.\n"
        f"   It is backed up first, and what it had is moved to {place}."
    )
    answer = confirmed or ask_line(f"   Type the site's name to go on ({site.name}): ").strip()
    if answer != site.name:
        raise LaptopError(f"{answer!r} is not {site.name!r}; nothing was changed.")


def _back_up(site: Site, console: Console) -> None:
    if not site.live_release():
        return
    with console.step(f"back up {site.name}"):
        result = sites.manage(site, "backup", capture=True)
    if result.returncode:
        raise LaptopError(
            f"The backup failed, so nothing was removed:\n{result.stderr.strip()[-2000:]}"
        )


def _end(clone: Clone, site: Site, console: Console) -> None:
    limit_s = float(site.facts["release"]["end_s"]) + 10
    with console.step(f"end the processes of {site.name}"):
        for daemon in (keeper.daemon(clone, site), emperor.daemon(clone, site)):
            daemon.stop(limit_s)


def _set_aside(site: Site, place: Path) -> None:
    """Move what may be wanted again, by renaming; remove what a push makes again."""
    own_folder(place.parent)
    own_folder(place)
    for name in KEPT:
        if (site.root / name).exists():
            (site.root / name).rename(place / name)
    for entry in sorted(site.root.iterdir()):
        if entry.name not in STAYS:
            _remove(entry)
    if not site.run.is_relative_to(site.root):
        shutil.rmtree(site.run, ignore_errors=True)


def _remove(entry: Path) -> None:
    if entry.is_symlink() or not entry.is_dir():
        os.unlink(entry)  # noqa: PTH108  a link is removed, never what it names
    else:
        remove(entry)
