"""Which sets stay: those of the last days, or the newest of each day, week and month."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Recent:
    """Keep everything for so many days; the store itself never gives its newest away."""

    days: int
    now: datetime

    def __call__(self, times: Iterable[datetime]) -> set[datetime]:
        return {at for at in times if self.now - at <= timedelta(days=self.days)}


@dataclass(frozen=True)
class Thinning:
    """Keep the newest of each of the last days, weeks and months."""

    days: int
    weeks: int
    months: int

    def __call__(self, times: Iterable[datetime]) -> set[datetime]:
        newest_first = sorted(times, reverse=True)
        rules: tuple[tuple[Callable[[datetime], object], int], ...] = (
            (lambda at: at.date(), self.days),
            (lambda at: at.isocalendar()[:2], self.weeks),
            (lambda at: (at.year, at.month), self.months),
        )
        return {at for period, kept in rules for at in _newest_of(newest_first, period, kept)}


def _newest_of(
    newest_first: list[datetime], period: Callable[[datetime], object], kept: int
) -> list[datetime]:
    newest: dict[object, datetime] = {}
    for at in newest_first:
        newest.setdefault(period(at), at)
    return list(newest.values())[:kept]
