"""Pull requests that promote a branch: opened once, then brought up to date, by GitHub's `gh`."""

import json
import shutil
import subprocess
from dataclasses import dataclass

from invoke.exceptions import Exit

from reach.checkout import Checkout
from reach.promotion import before
from reach.targets import WRONG_USE

GH = "gh"
SHOWN = 50
BODY = """\
{count} on the way from `{head}` to `{base}`:

{commits}

Merging this takes `{base}` to its host: the commit is built, migrated, probed and switched to
there, or refused with the reason while the old release goes on. Kept up to date by
`fab propose:{base}`.
"""


@dataclass(frozen=True)
class Proposal:
    """What a pull request says."""

    base: str
    head: str
    title: str
    body: str


def propose(here: Checkout, base: str, *, dry_run: bool = False) -> None:
    """Open the pull request to a branch from the one before it, or bring it up to date."""
    wanted = proposal(here, base)
    if wanted is None:
        print(f"{base} has everything that {before(base)} has; there is nothing to propose.")
        return
    if dry_run:
        print(f"{wanted.head} → {wanted.base}: {wanted.title}\n\n{wanted.body}")
        return
    number = _open_one(here, wanted)
    words = ("edit", number) if number else ("create", "--base", base, "--head", wanted.head)
    print(gh(here, "pr", *words, "--title", wanted.title, "--body-file", "-", given=wanted.body))


def proposal(here: Checkout, base: str) -> Proposal | None:
    head = before(base)
    commits = here.git(
        "log", "--no-merges", "--format=* %h %s", f"{_tip(here, base)}..{_tip(here, head)}"
    )
    if not commits:
        return None
    lines = commits.splitlines()
    count = "one commit" if len(lines) == 1 else f"{len(lines)} commits"
    more = [f"* … and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    body = BODY.format(
        count=count.capitalize(), head=head, base=base, commits="\n".join(lines[:SHOWN] + more)
    )
    return Proposal(base, head, f"Promote {count} to {base}", body)


def _tip(here: Checkout, branch: str) -> str:
    """Return the branch as GitHub has it, else as this checkout has it."""
    for name in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"):
        if commit := here.git("rev-parse", "--verify", "--quiet", name):
            return commit
    raise Exit(f"This checkout has no branch {branch!r}: git fetch origin {branch}", WRONG_USE)


def _open_one(here: Checkout, wanted: Proposal) -> str:
    flags = ("--base", wanted.base, "--head", wanted.head, "--state", "open", "--json", "number")
    found = json.loads(gh(here, "pr", "list", *flags))
    return str(found[0]["number"]) if found else ""


def gh(here: Checkout, *words: str, given: str = "") -> str:
    """Run GitHub's command line and return what it printed; what it says goes to the person."""
    if not shutil.which(GH):
        raise Exit(
            f"`{GH}`, GitHub's command line, is not installed, and `{GH} {' '.join(words[:2])}` is "
            "needed. Install it (a runner of GitHub's has it), then `gh auth login`; or do it by "
            "hand on the website."
        )
    done = subprocess.run(
        [GH, *words], cwd=here.folder, input=given, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise Exit(f"`{GH} {' '.join(words[:2])}` ended with {done.returncode}; see above for why.")
    return done.stdout.strip()
