"""An animal's weights and water: the last weeks as a drawing, the last days as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.timezone import now

from lab.models import Subject
from lab.queries import weights
from lab.queries.weights import Day
from lab.times import day_of

DAYS = 42
IN_TABLE = 14
WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 28
LEAST_SPAN_G = 2.0


@dataclass(frozen=True)
class Tick:
    """A line of the grid, with its number in grams."""

    y: float
    label: str


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Picture:
    """What the drawing is made of, in its own coordinates."""

    dots: list[Dot]
    measured: str
    expected: str
    least: str
    ticks: list[Tick]
    first: date
    last: date
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Course:
    """The drawing, if there is anything to draw, and the days of the table, newest first."""

    picture: Picture | None
    days: list[Day]


def course_of(animal: Subject) -> Course | None:
    """Return the last weeks of an animal's life; None if it was neither weighed nor watered."""
    last = day_of(now(), animal.lab)
    if animal.died_on and animal.died_on < last:
        last = animal.died_on
    days, course = weights.days_and_course(animal, last - timedelta(days=DAYS - 1), last)
    told = [day for day in days if day.reading.weight_g or day.given.total_ml]
    if not told:
        return None
    return Course(_picture(course.weighings, days), list(reversed(days[-IN_TABLE:])))


def _picture(weighings: Sequence[tuple[date, float]], days: Sequence[Day]) -> Picture | None:
    first, last = days[0].reading.day, days[-1].reading.day
    weighed = [(day, weight) for day, weight in weighings if first <= day <= last]
    if not weighed:
        return None
    limits = [value for day in days for value in (_expected(day), _least(day)) if value]
    low, high = _span([weight for _, weight in weighed] + limits)

    def at_y(weight: float) -> float:
        return round(TOP + (high - weight) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def at_x(day: date) -> float:
        share = (day - first).days / max(len(days) - 1, 1)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def line(points: list[tuple[date, float]]) -> str:
        return " ".join(f"{at_x(day)},{at_y(weight)}" for day, weight in points)

    return Picture(
        dots=[Dot(at_x(day), at_y(weight), f"{day}: {weight:g} g") for day, weight in weighed],
        measured=line(weighed),
        expected=line([(day.reading.day, value) for day in days if (value := _expected(day))]),
        least=line([(day.reading.day, value) for day in days if (value := _least(day))]),
        ticks=[Tick(at_y(value), f"{value:g}") for value in (low, (low + high) / 2, high)],
        first=first,
        last=last,
    )


def _expected(day: Day) -> float | None:
    return day.reading.expected_g or None


def _least(day: Day) -> float | None:
    return day.reading.minimum_g or None


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Return whole grams around all values, never so near that noise looks like a fall."""
    low, high = int(min(values)), int(max(values)) + 1
    missing = LEAST_SPAN_G - (high - low)
    return (low - missing, high) if missing > 0 else (low, high)
