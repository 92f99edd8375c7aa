"""Windows by the participant's clock, on the days on which clocks are changed too."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from experiments.definition import series
from experiments.definition.series import Reminder, Wave, Window
from experiments.errors import NotAProtocol

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # Berlin's
WORDS = {
    "format": "studium-series/1",
    "name": "week",
    "title": "A week",
    "waves": [
        {"name": "first", "protocol": "melodies"},
        {"name": "second", "protocol": "melodies", "after": "previous", "days": 1,
         "opens": "05:30", "closes": "02:00", "closes_days": 1,
         "reminders": [{"name": "open"}, {"name": "last", "before_close_h": 2}]},
    ],
}  # fmt: skip


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def wave(**values):
    return Wave("w", "p", **{"days": 1, "opens": time(5, 30), "closes": time(2),
                             "closes_days": 1} | values)  # fmt: skip


@pytest.mark.parametrize(
    ("base", "opens", "closes", "hours"),
    [
        (date(2026, 6, 1), utc(2026, 6, 2, 3, 30), utc(2026, 6, 3, 0), 20.5),
        (date(2026, 3, 27), utc(2026, 3, 28, 4, 30), utc(2026, 3, 29, 1), 20.5),
        (date(2026, 10, 23), utc(2026, 10, 24, 3, 30), utc(2026, 10, 25, 1), 21.5),
    ],
)
def test_a_window_is_the_clocks_also_where_a_night_is_shorter_or_longer(base, opens, closes, hours):
    found = series.window(wave(), base=base, zone=BERLIN, moment=utc(2026, 1, 1))
    assert (found.opens, found.closes) == (opens, closes)
    assert found.closes - found.opens == timedelta(hours=hours)


def test_a_time_that_spring_leaves_out_is_shown_an_hour_later():
    assert series.first(SPRING, time(2, 30), BERLIN) == utc(2026, 3, 29, 1, 30)
    assert series.last(SPRING, time(2, 30), BERLIN) == utc(2026, 3, 29, 1, 30)
    assert series.first(SPRING, time(2, 30), BERLIN).astimezone(BERLIN).hour == 3


def test_a_time_that_autumn_shows_twice_opens_first_and_closes_last():
    assert series.first(AUTUMN, time(2, 30), BERLIN) == utc(2026, 10, 25, 0, 30)
    assert series.last(AUTUMN, time(2, 30), BERLIN) == utc(2026, 10, 25, 1, 30)


def test_the_days_of_the_change_differ_between_zones():
    day = date(2026, 3, 8)
    assert series.first(day, time(2, 30), NEW_YORK) == utc(2026, 3, 8, 7, 30)
    assert series.first(day, time(2, 30), BERLIN) == utc(2026, 3, 8, 1, 30)


def test_nothing_opens_before_the_moment_it_is_counted_from():
    moment = utc(2026, 6, 1, 12)
    today = wave(days=0, closes=time(23), closes_days=0)
    found = series.window(today, base=date(2026, 6, 1), zone=BERLIN, moment=moment)
    assert found == Window(moment, utc(2026, 6, 1, 21))
    without = series.window(wave(days=0, opens=None, closes=None), base=date(2026, 6, 1),
                            zone=BERLIN, moment=moment)  # fmt: skip
    assert without == Window(moment, None)
    tomorrow = series.window(wave(opens=None), base=date(2026, 6, 1), zone=BERLIN, moment=moment)
    assert tomorrow.opens == utc(2026, 6, 1, 22)


def test_reminders_are_due_by_the_clock_or_before_the_end():
    window = Window(utc(2026, 10, 24, 3, 30), utc(2026, 10, 25, 1))
    assert series.due(Reminder("a"), window, BERLIN) == window.opens
    assert series.due(Reminder("b", at=time(19)), window, BERLIN) == utc(2026, 10, 24, 17)
    assert series.due(Reminder("c", at=time(4)), window, BERLIN) == window.opens
    assert series.due(Reminder("d", before_close_h=2), window, BERLIN) == utc(2026, 10, 24, 23)


def test_in_another_zone_it_is_the_same_time_of_the_day():
    at = utc(2026, 3, 28, 4, 30)
    assert series.moved(at, BERLIN, NEW_YORK) == utc(2026, 3, 28, 9, 30)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"format": "other"}, "format"),
        ({"waves": []}, "waves"),
        ({"waves": WORDS["waves"] + WORDS["waves"]}, "waves"),
        ({"waves": [WORDS["waves"][1]]}, r"waves\[0\]\.after"),
        ({"waves": [WORDS["waves"][0] | {"opens": "25:00"}]}, r"waves\[0\]\.opens"),
        ({"waves": [WORDS["waves"][0] | {"closes_days": 1}]}, "closes_days"),
        ({"waves": [WORDS["waves"][0] | {"opens": "12:00", "closes": "02:00"}]}, "closes"),
        ({"waves": [WORDS["waves"][0] | {"reminders": [{"name": "a", "before_close_h": 2}]}]},
         "reminders"),
        ({"waves": [WORDS["waves"][0] | {"days": -1}]}, "days"),
        ({"waves": [WORDS["waves"][0] | {"day": 1}]}, "day"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(change, where):
    with pytest.raises(NotAProtocol, match=where):
        series.read_series(WORDS | change)


def test_a_window_that_would_be_over_when_somebody_enrols_is_a_day_later():
    night = wave(days=0, opens=None, closes=time(2, 0), closes_days=1)
    moment = utc(2026, 6, 2, 2, 2)
    found = series.window(night, base=date(2026, 6, 1), zone=UTC, moment=moment)
    assert found == Window(moment, utc(2026, 6, 3, 2, 0))
    evening = wave(days=0, opens=time(8, 0), closes=time(20, 0), closes_days=0)
    found = series.window(evening, base=date(2026, 6, 1), zone=UTC, moment=utc(2026, 6, 1, 23))
    assert found == Window(utc(2026, 6, 2, 8), utc(2026, 6, 2, 20))
