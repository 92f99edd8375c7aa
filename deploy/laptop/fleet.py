"""``make fleet``: the tests on real hosts, as root; plainly why not, on a machine that cannot."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace

from laptop import environment, packages, rings
from laptop.console import Console
from laptop.layout import Clone
from laptop.rings import FLEET, Ring

CANNOT = 3  # documented in docs/operations/fleet.md
CONCERNED = ("deploy", "ansible", "tests/fleet", "requirements", "package-lock.json")
OURS = ("PATH", "PYTHONPATH")


def fleet(clone: Clone, console: Console, *, since: str = "", subset: bool = False) -> int:
    """Run all of it or the subset; with ``since`` only when what makes a host has changed."""
    if since and not changed(clone, since):
        console.say(f"Nothing that makes a host has changed since {since}: no fleet is needed.")
        return 0
    rings.prepare(clone, console, [replace(FLEET, as_root=False)])
    place = environment.ensure(clone, console)
    env = environment.variables(clone, place)
    ring = as_root(FLEET if subset else whole(), env)
    if reason := rings.lack(replace(ring, as_root=False)) or rings.refusal(ring, clone, env):
        console.say(f"No fleet on this machine: {reason}")
        return CANNOT
    result = rings.run(clone, ring, "", env)
    for line in rings.table([result]):
        console.say(line)
    console.say(rings.total([result]))
    return 1 if result.failed else 0


def whole() -> Ring:
    """Return the ring without its choice of tests, in the order in which they stand."""
    return replace(FLEET, only=())


def changed(clone: Clone, since: str) -> bool:
    """Return whether the way from a commit to this one touches a host; also when nobody knows."""
    git = ("git", "-C", str(clone.root))
    named = _ask(
        *git, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}"
    )
    if named.returncode:
        return True
    way = (named.stdout.strip(), "HEAD")
    return _ask(*git, "diff", "--quiet", *way, "--", *CONCERNED).returncode != 0


def _ask(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, check=False, capture_output=True, text=True)


def as_root(ring: Ring, env: Mapping[str, str]) -> Ring:
    """Let root run the ring, with our programs first; sudo itself would change PATH."""
    root = packages.become_root()
    if not root:
        return ring
    own = [f"{name}={env[name]}" for name in OURS]
    first = (*root, "--preserve-env", "env", *own, "PYTHONDONTWRITEBYTECODE=1")
    leave_nothing = ("-p", "no:cacheprovider")
    return replace(
        ring, command=(*first, *ring.command, *leave_nothing), ability=(*first, *ring.ability)
    )
