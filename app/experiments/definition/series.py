"""A study as a series of experiments: when each can be begun, by the participant's own clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from experiments.definition.reading import Place, place_of

FORMAT = "studium-series/1"
AFTER = ("enrolment", "previous")
MISSED = ("go on", "stop")
MOST_DAYS, MOST_HOURS = 3650, 24 * 365


@dataclass(frozen=True)
class Reminder:
    """A letter: when the wave opens, so many hours before it closes, or at a time of its day."""

    name: str
    before_close_h: int | None = None
    at: time | None = None
    text: str = ""


@dataclass(frozen=True)
class Wave:
    """One experiment of a series. Without ``opens`` it can be begun from its first moment on."""

    name: str
    protocol: str
    title: str = ""
    after: str = "enrolment"
    days: int = 0
    opens: time | None = None
    closes: time | None = None
    closes_days: int = 0
    quiet_h: int = 24
    missed: str = "go on"
    reminders: tuple[Reminder, ...] = ()


@dataclass(frozen=True)
class Series:
    """The waves in their order."""

    name: str
    title: str
    waves: tuple[Wave, ...]


@dataclass(frozen=True)
class Window:
    """From when until when a wave can be begun; without an end it stays open."""

    opens: datetime
    closes: datetime | None = None


def read_series(words: Any) -> Series:
    """Return the series that a JSON document describes.

    Raises
    ------
    NotAProtocol
        It names the place in the document and what is wrong there.
    """
    place = place_of(words)
    if place.take("format") != FORMAT:
        raise place.fault("format", f"Write {FORMAT!r}; other formats are not known.")
    series = Series(
        name=place.word("name"),
        title=place.text("title", longest=255),
        waves=place.each("waves", _wave),
    )
    place.done()
    names = [wave.name for wave in series.waves]
    if not names or len(set(names)) < len(names):
        raise place.fault("waves", "Write at least one wave, each under a name of its own.")
    if series.waves[0].after == "previous":
        raise place.fault("waves[0].after", "Before the first wave there is none.")
    return series


def _wave(place: Place) -> Wave:
    wave = Wave(
        name=place.word("name"),
        protocol=place.word("protocol"),
        title=place.text("title", "", longest=255),
        after=place.one_of("after", AFTER, "enrolment"),
        days=place.whole("days", most=MOST_DAYS) or 0,
        opens=_time(place, "opens"),
        closes=_time(place, "closes"),
        closes_days=place.whole("closes_days", most=MOST_DAYS) or 0,
        quiet_h=place.whole("quiet_h", least=1, most=MOST_HOURS) or 24,
        missed=place.one_of("missed", MISSED, "go on"),
        reminders=place.each("reminders", _reminder),
    )
    place.done()
    _fits(wave, place)
    return wave


def _fits(wave: Wave, place: Place) -> None:
    if wave.closes is None and wave.closes_days:
        raise place.fault("closes_days", "Say at which time of that day it closes.")
    if wave.closes and not wave.closes_days and wave.closes <= (wave.opens or time.min):
        raise place.fault("closes", "It closes before it opens. Is it the next day? closes_days.")
    if wave.closes is None and any(each.before_close_h for each in wave.reminders):
        raise place.fault("reminders", "A wave that never closes has no hours before that.")
    names = [each.name for each in wave.reminders]
    if len(set(names)) < len(names):
        raise place.fault("reminders", "Each reminder has a name of its own.")


def _reminder(place: Place) -> Reminder:
    reminder = Reminder(
        name=place.word("name"),
        before_close_h=place.whole("before_close_h", least=1, most=MOST_HOURS),
        at=_time(place, "at"),
        text=place.text("text", "", longest=5000),
    )
    place.done()
    if reminder.before_close_h and reminder.at:
        raise place.fault("at", "Either a time of the day, or hours before the end.")
    return reminder


def _time(place: Place, name: str) -> time | None:
    found = place.text(name, "", longest=5)
    if not found:
        return None
    try:
        return datetime.strptime(found, "%H:%M").time()  # noqa: DTZ007  a clock on a wall
    except ValueError:
        raise place.fault(name, f"{found!r} is no time, such as 05:30.") from None


# --- by the participant's clock -------------------------------------------------------------------
def window(wave: Wave, *, base: date, zone: tzinfo, moment: datetime) -> Window:
    """Return when a wave can be begun, counted from the day ``base``.

    ``moment`` is the instant that it is counted from: nothing opens before it, and what would be
    over by then is a day later.
    """
    day = base + timedelta(days=wave.days)
    opens = first(day, wave.opens, zone) if wave.opens else _start(day, wave, zone, moment)
    if wave.closes is None:
        return Window(max(opens, moment))
    closes = last(day + timedelta(days=wave.closes_days), wave.closes, zone)
    if closes <= moment:
        return window(wave, base=base + timedelta(days=1), zone=zone, moment=moment)
    return Window(max(opens, moment), closes)


def _start(day: date, wave: Wave, zone: tzinfo, moment: datetime) -> datetime:
    return first(day, time.min, zone) if wave.days else moment


def first(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the instant at which clocks first show a time on a day.

    In spring, when a time is left out, it is as late after the hour that is left out as it would
    have been: 02:30 is shown as 03:30. In autumn, when an hour comes twice, it is the first.
    """
    return datetime.combine(day, at, zone).replace(fold=0).astimezone(UTC)


def last(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the instant at which clocks last show a time on a day: in autumn the second one."""
    wall = datetime.combine(day, at, zone)
    return max(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def due(reminder: Reminder, wave: Window, zone: tzinfo) -> datetime:
    """Return when a reminder of a window is due."""
    if reminder.before_close_h and wave.closes:
        return wave.closes - timedelta(hours=reminder.before_close_h)
    if reminder.at:
        return max(wave.opens, first(wave.opens.astimezone(zone).date(), reminder.at, zone))
    return wave.opens


def moved(at: datetime, old: tzinfo, new: tzinfo) -> datetime:
    """Return the instant at which clocks of another zone show what clocks showed here."""
    wall = at.astimezone(old).replace(tzinfo=None)
    return first(wall.date(), wall.time(), new)


def named(series: Series) -> Mapping[str, Wave]:
    return {wave.name: wave for wave in series.waves}
