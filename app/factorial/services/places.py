"""The blocks that trials are of, and from when the times of their trials count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from factorial.models import Block, PlannedRun
from factorial.values import Sent, instant

BEGAN_AT = "began_at"  # in what a visit says of itself


@dataclass
class Place:
    """A block of the run at hand."""

    number: int
    first: int
    count: int
    visit: Any = None
    shown: Mapping[str, Any] | None = None

    @property
    def began_at(self) -> datetime | None:
        """Return when its first trial began, by the client's clock."""
        return instant((self.shown or {}).get(BEGAN_AT))


def placed(planned: PlannedRun, trials: Iterable[Sent]) -> dict[int, Place]:
    """Return the blocks that trials are of, each with its showing if it has begun."""
    numbers = {one.block for one in trials}
    rows = Block.objects.filter(planned_run=planned, number__in=numbers)
    whole = rows.with_visit().with_shown()
    found = whole.values_list("number", "first_trial", "trial_count", "visit", "shown")
    return {row[0]: Place(*row) for row in found}


def starts_of(
    fresh: Iterable[Sent], places: Mapping[int, Place]
) -> dict[int, datetime | None]:  # fmt: skip
    """Return from when the times of each block count: from when its first trial began."""
    found: dict[int, datetime | None] = {}
    for one in fresh:
        place = places[one.block]
        begins = None if place.visit else one.began_at
        found.setdefault(one.block, place.began_at or begins)
    return found


def told(began_at: datetime | None) -> dict[str, str]:
    return {BEGAN_AT: began_at.isoformat()} if began_at else {}


def times(one: Sent, start: datetime | None) -> dict[str, float | None]:
    """Return when a trial began and ended, in ms from the start of its block."""
    if one.began_at is None or start is None:
        return {}
    onset = (one.began_at - start).total_seconds() * 1000
    return {
        "onset_ms": onset,
        "end_ms": None if one.lasted_ms is None else onset + one.lasted_ms,
    }
