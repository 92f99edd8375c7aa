"""The order in which sites take a commit, and what a site says about one."""

import json
import time
from collections.abc import Callable
from typing import Any

from invoke.exceptions import Exit

from reach import places
from reach.checkout import Checkout, Choice
from reach.targets import WRONG_USE, Target

ORDER = ("dev", "staging", "production")  # branches; each but the first is a site's
WELL = {"ready", "degraded"}
SHORT = 12
PAUSE_S = 2.0
State = dict[str, Any]


def before(branch: str) -> str:
    """Return the branch from which this one takes its commits."""
    if branch not in ORDER[1:]:
        raise Exit(
            f"Nothing is promoted to {branch!r}: the order is {', '.join(ORDER)}. "
            "`fab deploy:SITE` takes any commit.",
            WRONG_USE,
        )
    return ORDER[ORDER.index(branch) - 1]


def state(target: Target, *, dry_run: bool = False) -> State:
    """Return what a site says about itself."""
    told = places.at(target, dry_run=dry_run).read(target.pipeline("status", "--json"))
    if dry_run:
        return {}
    try:
        return dict(json.loads(told.text))
    except ValueError:
        raise Exit(f"{target} does not say what is live: {told.text[:200]!r}") from None


def refuse_what_is_not_live(here: Checkout, earlier: Target, choice: Choice) -> None:
    """End unless the earlier site has the commit live, or one with the same content, and is well.

    A pull request is merged by a merge commit, whose content is what the earlier site has proved.
    """
    said = state(earlier)
    live, name = said["commit"] or "", earlier.site.name
    if choice.commit != live and not is_same(here, live, choice.commit):
        raise Exit(
            f"{describe(here, choice.commit)} is not live on {name}, which has "
            f"{describe(here, live)}. {_remedy(here, live, choice.commit, name)}"
        )
    if (health := said["health"].get("status")) not in WELL:
        raise Exit(f"{name} is not well ({health}), so it proves nothing: fab status:{name}")
    print(f"{describe(here, live)} is live on {name}, which is {health}.", flush=True)


def is_same(here: Checkout, live: str, commit: str) -> bool:
    """Return whether a commit merges what is live, and brings nothing else."""
    _, *parents = here.git("rev-list", "--parents", "--max-count=1", commit).split() or [""]
    if not live or len(parents) < 2 or live not in parents:  # noqa: PLR2004  a merge has two
        return False
    trees = {here.git("rev-parse", f"{each}^{{tree}}") for each in (live, commit)}
    return len(trees) == 1


def _remedy(here: Checkout, live: str, commit: str, name: str) -> str:
    if live and here.git("merge-base", live, commit) == commit:
        return f"{name} has gone on since: promote what is live there now."
    return f"Promote it there first: fab promote:{name} --ref={commit[:SHORT]}"


def describe(here: Checkout, commit: str) -> str:
    """Return a commit as a person knows it."""
    if not commit:
        return "nothing yet"
    return here.git("log", "-1", "--format=%h (%s)", commit) or commit[:SHORT]


def settled(target: Target, wait_s: float, ask: Callable[[Target], State] = state) -> State:
    """Return what a site says once no release is on its way any more."""
    end = time.monotonic() + wait_s
    while (said := ask(target))["busy"]:
        if time.monotonic() > end:
            raise Exit(f"{target} is still busy after {wait_s:.0f} s: {said['busy']}")
        time.sleep(PAUSE_S)
    return said


def verify(target: Target, commit: str, wait_s: float) -> None:
    """Wait for a site's verdict about a commit; end unless it is live and healthy."""
    said, name = settled(target, wait_s), target.site.name
    if said["commit"] != commit:
        live = (said["commit"] or "nothing")[:SHORT]
        raise Exit(f"{name} has {live} live, not {commit[:SHORT]}: {why(target, commit)}")
    if (health := said["health"].get("status")) not in WELL:
        raise Exit(f"{name} has {commit[:SHORT]} live and is not well ({health})")
    print(f"{name} has {commit[:SHORT]} live, and is {health}: {said['url']}")


def why(target: Target, commit: str) -> str:
    """Return what the site's ledger says about a commit."""
    told = places.at(target, dry_run=False).read(target.pipeline("log", "--json", "--count", "100"))
    rows = [row for row in json.loads(told.text or "[]") if row["to"] == commit]
    if not rows:
        return "its ledger knows no attempt. Was it pushed?"
    return f"{rows[-1]['outcome']}: {rows[-1].get('reason') or 'no reason was given'}"
