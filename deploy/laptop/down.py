"""``make down``: end everything that ``make up`` started, gracefully, and nothing else."""

from laptop import emperor, front, keeper
from laptop.console import Console
from laptop.daemons import Daemon
from laptop.layout import Clone
from pipeline import lock

GRACE_S = 10.0


def down(clone: Clone, console: Console) -> None:
    """End the front first, so that no new request comes, then the keepers, then the releases."""
    made = clone.sites()
    if not made:
        console.say("No site was built in this clone; there is nothing to end.")
        return
    for site in made:
        if owner := lock.owner_of(site.lock):
            console.say(
                f"   {site.name}: {owner}; it is not waited for, `make up` finishes or undoes it"
            )
    ended = [_end(front.daemon(clone), GRACE_S, console), bool(front.end_orphans(clone))]
    for site in made:
        patience_s = float(site.facts["release"]["end_s"]) + GRACE_S
        ended += [_end(keeper.daemon(clone, site), patience_s, console)]
        ended += [_end(emperor.daemon(clone, site), patience_s, console)]
    if not any(ended):
        console.say("Nothing was running.")


def _end(daemon: Daemon, limit_s: float, console: Console) -> bool:
    pid = daemon.pid()
    if pid is None:
        return False
    with console.step(f"end the {daemon.name} (process {pid})"):
        return daemon.stop(limit_s)
