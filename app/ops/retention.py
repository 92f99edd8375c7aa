"""Which backups stay: the last few, then one a day, one a week and one a month."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

DAYS, WEEKS, MONTHS, LATEST = 7, 5, 12, 3


@dataclass(frozen=True)
class Rule:
    """Keep the newest of each period, for so many periods."""

    period: Callable[[datetime], object]
    kept: int


RULES = (
    Rule(lambda at: at, LATEST),
    Rule(lambda at: at.date(), DAYS),
    Rule(lambda at: at.isocalendar()[:2], WEEKS),
    Rule(lambda at: (at.year, at.month), MONTHS),
)


def kept(times: Iterable[datetime], rules: Iterable[Rule] = RULES) -> set[datetime]:
    """Return the times whose backups stay; the others may go."""
    newest_first = sorted(times, reverse=True)
    return set().union(*(_by_rule(newest_first, rule) for rule in rules))


def _by_rule(newest_first: list[datetime], rule: Rule) -> set[datetime]:
    newest_of: dict[object, datetime] = {}
    for at in newest_first:
        newest_of.setdefault(rule.period(at), at)
    return set(list(newest_of.values())[: rule.kept])
