"""Who writes, and why: every change of a record of the lab is attributed, whichever way it comes.

A service opens ``with recording.by(user, reason=…)``; what is saved, changed or deleted inside is
written down in the audit trail. A write outside of it is a bug and raises.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from accounts.models import User


@dataclass(frozen=True)
class Hand:
    """Whoever writes, and why. No person stands for the site itself: cron, imports."""

    user: User | None
    reason: str = ""
    is_quiet: bool = False


_hand: ContextVar[Hand | None] = ContextVar("hand", default=None)


@contextmanager
def by(user: User | None, *, reason: str = "") -> Iterator[None]:
    """Attribute every write inside to ``user``; the inner of two wins, and keeps the outer reason.

    ``user`` None stands for the site itself.
    """
    outer = _hand.get()
    token = _hand.set(Hand(user, reason or (outer.reason if outer else "")))
    try:
        yield
    finally:
        _hand.reset(token)


@contextmanager
def quietly() -> Iterator[None]:
    """Tell of no links that are made inside: what happens has one entry of its own."""
    token = _hand.set(replace(hand(), is_quiet=True))
    try:
        yield
    finally:
        _hand.reset(token)


def hand() -> Hand:
    """Return who writes.

    Raises
    ------
    RuntimeError
        Nobody does: the write has no author, which is a mistake in the code.
    """
    found = _hand.get()
    if found is None:
        raise RuntimeError(
            "This write has no author. Call a service, or write inside `with recording.by(user):`."
        )
    return found
