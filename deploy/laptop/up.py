"""``make up``: from a clean clone to two live sites; again: what changed or had fallen over."""

import json
import subprocess
import sys

from laptop import emperor, front, keeper, packages, ports, push, refresh, server, sites
from laptop.console import Console
from laptop.daemons import clean_environment
from laptop.errors import LaptopError
from laptop.layout import Clone, own_folder
from pipeline import ledger, releases, status
from pipeline.site import Site

ROWS = 5


def up(clone: Clone, console: Console) -> None:
    commit = push.head(clone)
    own_folder(clone.studium)
    console.title("This machine")
    packages.ensure(packages.SITES, console, clone.log)
    server.ensure(clone, console)
    console.title("The sites")
    made = processes(clone, console)
    if commit.changed:
        console.say(
            f"   {commit.changed} files differ from the commit {commit}; the commit is what is "
            "released, your changes are not."
        )
    for site in made:
        release(clone, site, commit, console)
        keeper.ensure(clone, site)
    summary(made, console)


def processes(clone: Clone, console: Console) -> list[Site]:
    """Make the sites complete and let all that they need run."""
    with console.step(f"folders, repositories and hooks under {clone.studium}"):
        made = sites.all_of(clone)
    if front.end_orphans(clone):
        console.say("   ended what a killed front had left on its ports")
    made = [_with_port(clone, site, console) for site in made]
    with console.step("the front and the emperors"):
        front.start(clone, made)
        for site in made:
            emperor.ensure(clone, site, console)
    for site in made:
        recover(clone, site, console)
        if site.live_release():  # also when the push that follows is refused
            keeper.ensure(clone, site)
    return made


def _with_port(clone: Clone, site: Site, console: Console) -> Site:
    """Keep the site's port, unless PORT asks for another, or somebody else listens there."""
    site = _at_wanted_port(clone, site, console)
    if front.daemon(clone).pid() or ports.is_free(sites.port_of(site)):
        return site
    moved = sites.move_to_free_port(clone, site)
    console.say(
        f"   the port of {site.name} is taken by another program; its address is now {moved.url}"
    )
    return moved


def _at_wanted_port(clone: Clone, site: Site, console: Console) -> Site:
    wanted = ports.wanted(site.name)
    if wanted is None or wanted == sites.port_of(site):
        return site
    if wanted in sites.ports_taken(clone) or not ports.is_free(wanted):
        console.say(f"   port {wanted} is taken; {site.name} stays at {site.url}")
        return site
    moved = sites.move(clone, site, wanted)
    console.say(f"   {site.name} moves from {site.url} to {moved.url}")
    return moved


def recover(clone: Clone, site: Site, console: Console) -> None:
    """Let the pipeline finish what was interrupted and start what a reboot took.

    What it cannot do it says; whether the site can go on, its push or its processes will tell.
    """
    if not any(site.releases.iterdir()) and not site.journal.exists():
        return
    try:
        with console.step(f"{site.name}: is everything as it should be?"):
            _pipeline(clone, site, "recover")
    except LaptopError as error:
        console.say(str(error))


def _pipeline(clone: Clone, site: Site, verb: str) -> None:
    release = releases.live(site)
    source = (release.folder if release else clone.root) / "deploy"
    command = [sys.executable, "-B", "-m", "pipeline", verb, "--site", str(site.file)]
    env = clean_environment() | {"PYTHONPATH": str(source)}
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    if result.returncode:
        raise LaptopError(f"`{' '.join(command[2:])}` failed:\n{result.stderr or result.stdout}")


def release(clone: Clone, site: Site, commit: push.Head, console: Console) -> None:
    if push.is_live(site, commit.commit):
        console.say(f"   {site.name}: {commit} is live already; nothing to release.")
        refresh.refresh(clone, site, console)
        return
    push.push(clone, site, commit, console)


def summary(made: list[Site], console: Console) -> None:
    console.title("Ledger")
    for site in made:
        for line in status.log_lines(ledger.read(site.ledger)[-ROWS:]):
            console.say(f"   {site.name:<11}{line}")
    console.title("Addresses, and how to sign in")
    for site in made:
        console.say(f"   {site.name:<11} {site.url}\n{'':<15} {welcome(site)}")
    console.say(f"\n   make status · make logs · make down   (all this took {console.elapsed()})")


def welcome(site: Site) -> str:
    """Say how to sign in; a release that cannot tell must not spoil the rest."""
    result = sites.manage(site, "welcome", "--json", capture=True)
    try:
        facts = json.loads(result.stdout.strip().splitlines()[-1])
        name, link = facts["username"], facts["link"]
    except (ValueError, IndexError, KeyError):
        return f"`welcome` could not say how: {result.stderr.strip()[-300:]}"
    if link is None:
        return f"{name} has chosen a password already"
    return f"{name}, once, by this link: {link}"
