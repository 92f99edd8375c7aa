"""Waiting one's turn: who has nothing left to decide is waited for, anybody else is told of."""

import time
from contextlib import suppress

from pipeline import journal, lock
from pipeline.errors import JournalBroken
from pipeline.site import Site

PATIENCE_S = 15.0
LOOK_S = 0.1
FINISHING = "finishing"


def owner_after_patience(site: Site, patience_s: float = PATIENCE_S) -> lock.Owner | None:
    """Return who holds the site's lock, after waiting for somebody who will soon be through.

    That is a release that is live already and cleans up, or the timer that looks for what is
    pending: a push must not be refused because of either.
    """
    end = time.monotonic() + patience_s
    owner = lock.owner_of(site.lock)
    while owner and _is_soon_through(site, owner) and time.monotonic() < end:
        time.sleep(LOOK_S)
        owner = lock.owner_of(site.lock)
    return owner


def _is_soon_through(site: Site, owner: lock.Owner) -> bool:
    """Say whether it is worth waiting; who has no name yet begins, ends, or only looks."""
    attempt = None
    with suppress(JournalBroken):
        attempt = journal.load(site)
    is_accepted = attempt is not None and attempt.phase == "accepted"
    return owner == lock.SOMEBODY or owner.doing == FINISHING or is_accepted
