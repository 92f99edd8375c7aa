"""What pre-receive refuses, one clear line each, while git holds the objects in quarantine."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import ledger, processes, turn
from pipeline.errors import Locked, Refused
from pipeline.git import NOTHING, Repository
from pipeline.site import Site

NEEDED = (
    "app/manage.py",
    "deploy/pipeline/__main__.py",
    "requirements/deployed.txt",
    "package-lock.json",
)
LEAST_FREE_MB = 300
SHOWN = 5


@dataclass(frozen=True)
class Update:
    """One line of what git tells pre-receive: a ref shall go from ``old`` to ``new``."""

    old: str
    new: str
    ref: str


def updates(lines: Sequence[str]) -> list[Update]:
    return [Update(*line.rstrip("\n").split(" ", 2)) for line in lines if line.strip()]


def check(site: Site, repository: Repository, pushed: Sequence[Update]) -> Update:
    """Return the one update that may go on; raise Refused or Locked with the remedy."""
    update = _only(site, pushed)
    _check_branch(site, update)
    _check_commit(site, repository, update)
    _check_host(site)
    owner = turn.owner_after_patience(site)
    if owner:
        raise Locked(f"{site.name} is busy: {owner}. Nothing was changed; push again afterwards.")
    return update


def _only(site: Site, pushed: Sequence[Update]) -> Update:
    if len(pushed) != 1:
        names = ", ".join(update.ref.removeprefix("refs/heads/") for update in pushed[:SHOWN])
        names += ", …" if len(pushed) > SHOWN else ""
        raise Refused(
            f"{site.name} takes one ref a push, not {len(pushed)} ({names}). "
            f"Push {site.branch} alone."
        )
    return pushed[0]


def _check_branch(site: Site, update: Update) -> None:
    if update.ref != site.ref:
        wrong = update.ref.removeprefix("refs/heads/")
        raise Refused(
            f"{site.name} takes the branch {site.branch} only, not {wrong}. "
            f"To release that commit: "
            f"git push {site.facts['reach']['remote']} {wrong}:{site.branch}"
        )
    if update.new == NOTHING:
        raise Refused(
            f"The branch {site.branch} names what is live and cannot be deleted. "
            f"To go back: fab rollback:{site.name}"
        )


def _check_commit(site: Site, repository: Repository, update: Update) -> None:
    if not repository.holds(update.old, update.new):
        raise Refused(
            f"{update.new[:12]} does not continue {update.old[:12]}, which is live. Merge or "
            f"rebase onto it, or go back with: fab rollback:{site.name}"
        )
    missing = [path for path in NEEDED if not repository.has_file(update.new, path)]
    if missing:
        raise Refused(f"{update.new[:12]} is no release of Studium: {missing[0]} is missing.")


def _check_host(site: Site) -> None:
    ledger.check_writable(site.ledger)
    free_mb = shutil.disk_usage(site.root).free // 2**20
    if free_mb < LEAST_FREE_MB:
        raise Refused(
            f"Only {free_mb} MB are free on {site.name}, a release wants {LEAST_FREE_MB}. "
            f"Free some space under {site.root}; `fab status:{site.name}` says what takes it."
        )
    if site.has_pages and not emperor(site):
        raise Refused(
            f"The web server of {site.name} is not running, so nothing could become live. "
            "On a laptop: make up. On a server: systemctl start studium-emperor."
        )


def emperor(site: Site) -> processes.Process | None:
    """Return the site's emperor, if it runs."""
    try:
        pid = int(site.emperor_pid.read_text())
    except (FileNotFoundError, ValueError):
        return None
    process = processes.of(pid)
    return process if process and process.is_alive() and process.is_called("uwsgi") else None
