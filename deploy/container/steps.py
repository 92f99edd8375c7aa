"""What happens around the replacement of the web container: before, and after."""

import json
import shutil

from container import keys, place
from pipeline import commands, probe
from pipeline.errors import Refused
from pipeline.runner import Command, LocalRunner
from pipeline.site import Site


def early(*, is_ghost_allowed: bool = False) -> None:
    """Publish the static files, refuse what cannot be migrated, migrate early, try the release."""
    keys.make()
    site = place.site()
    release = place.release(site)
    shutil.copytree(place.BUILT_STATIC, site.folder("static"), dirs_exist_ok=True)
    _refuse_what_cannot_be_migrated(site, is_ghost_allowed=is_ghost_allowed)
    _show(commands.migrate(site, release, "early"))
    _show(commands.check_release(site, release))


def _refuse_what_cannot_be_migrated(site: Site, *, is_ghost_allowed: bool) -> None:
    plan = commands.plan_migrations(site, place.release(site), ghosts_allowed=is_ghost_allowed)
    refusals = json.loads(LocalRunner().run(plan))["refusals"]
    if refusals:
        raise Refused("\n".join(f"{each['message']} {each['remedy']}" for each in refusals))


def late() -> None:
    site = place.site()
    _show(commands.migrate(site, place.release(site), "late"))


def _show(command: Command) -> None:
    """Run a step; what it says is the container's log."""
    print(LocalRunner().run(command), end="")


def healthy(slot: str) -> None:
    """Raise Unhealthy unless this container's release answers as itself and is ready."""
    site = place.site()
    limit_s = float(site.facts["release"]["probe_s"])
    answer = probe.ask(place.socket(slot), site, "/health/ready/", limit_s)
    probe.check_ready(answer, place.release(site))


def restore(name: str) -> None:
    """Load the newest dump into the database, which must be empty."""
    site = place.site()
    dump = max(site.folder("backups").glob("studium-*.dump"), default=None)
    if dump is None:
        raise Refused("The archive holds no dump of a database: it is no backup of Studium.")
    _show(commands.manage(site, place.release(site), "restore", dump.name, f"--confirm={name}"))
