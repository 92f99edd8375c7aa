"""Chance that can be called again: the same seed gives the same draws, on every Python.

`random.Random` promises that for single numbers alone, not for shuffles. Here each draw is a
SHA-256 of the seed, the place that asks and a count, so what one run draws never depends on
another run: runs can be added later, and the old ones stay as they are.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")
SPAN = 2**64


class Chance:
    """Draws for one place of a design."""

    def __init__(self, *place: object) -> None:
        self.place = ":".join(map(str, place))
        self.count = 0

    def below(self, limit: int) -> int:
        """Return a whole number from 0, each equally likely."""
        fair = SPAN - SPAN % limit
        drawn = self._draw()
        return drawn % limit if drawn < fair else self.below(limit)

    def choice(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Return the things in an order of which each is equally likely (Fisher and Yates)."""
        mixed = list(things)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed

    def _draw(self) -> int:
        self.count += 1
        return int.from_bytes(sha256(f"{self.place}:{self.count}".encode()).digest()[:8])
