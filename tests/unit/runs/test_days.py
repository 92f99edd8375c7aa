"""Days as people count them, and ages in whole years."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from runs.days import age_on, day_of, zone_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 10, 12, tzinfo=UTC), date(2026, 3, 10)),
        (datetime(2026, 3, 10, 23, 30, tzinfo=UTC), date(2026, 3, 10)),  # 00:30 in Berlin
        (datetime(2026, 3, 11, 3, 59, tzinfo=UTC), date(2026, 3, 10)),  # 04:59
        (datetime(2026, 3, 11, 4, 0, tzinfo=UTC), date(2026, 3, 11)),  # 05:00
        (datetime(2026, 3, 29, 2, 59, tzinfo=UTC), date(2026, 3, 28)),  # 04:59, the clocks changed
        (datetime(2026, 3, 29, 3, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 10, 25, 3, 59, tzinfo=UTC), date(2026, 10, 24)),
    ],
)
def test_a_late_night_belongs_to_the_day_before(at, day):
    assert day_of(at, BERLIN) == day


@pytest.mark.parametrize(
    ("day", "birth", "age"),
    [
        (date(2026, 3, 9), date(2008, 3, 10), 17),
        (date(2026, 3, 10), date(2008, 3, 10), 18),
        (date(2026, 2, 28), date(2008, 2, 29), 17),
        (date(2026, 3, 1), date(2008, 2, 29), 18),
        (date(2028, 2, 29), date(2008, 2, 29), 20),
        (date(2026, 1, 1), date(2026, 1, 1), 0),
    ],
)
def test_ages_are_whole_years(day, birth, age):
    assert age_on(day, birth) == age


def test_the_first_zone_that_is_one_counts():
    assert zone_of("", "Nowhere/Place", "../etc", "Europe/Berlin", "UTC") == BERLIN
    assert zone_of("", "") == ZoneInfo("UTC")
