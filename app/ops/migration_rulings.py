"""What we decided about migrations of other people's packages, which we cannot mark.

A line here says in which phase such a migration runs, and why that is safe. It is read before the
migration is inspected, so an early one of this list may take something away: say in the reason why
the running release does not need it. A migration of our own is marked by `late = True` instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ruling:
    late: bool
    reason: str


RULINGS: Mapping[str, Ruling] = {}
