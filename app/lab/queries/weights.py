"""What the database knows of an animal's weights and water, as `lab.weights` wants it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any

from django.db.models import BooleanField, Case, DateTimeField, F, Value, When
from django.db.models.functions import Cast
from django.utils.timezone import now

from lab.models import GrowthPoint, LabProfile, Subject, Weighing
from lab.models import WaterAdministration as Water
from lab.models.actions import Surgery, WaterRestriction
from lab.times import day_of
from lab.weights import Course, Growth, Norm, Reading, Restriction, Rule


@dataclass(frozen=True)
class Given:
    """Water of one day in mL: what was earned in sessions, and what was added to it."""

    reward_ml: float = 0.0
    supplement_ml: float = 0.0

    @property
    def total_ml(self) -> float:
        return self.reward_ml + self.supplement_ml


@dataclass(frozen=True)
class Day:
    """One day of an animal: what it weighed and needed, and what it got."""

    reading: Reading
    given: Given

    @property
    def excess_ml(self) -> float:
        return self.given.total_ml - self.reading.required_ml


def courses(subjects: Sequence[Subject]) -> dict[Any, Course]:
    """Return the course of each animal, with a fixed number of questions for any number of them."""
    return _courses(subjects, _told([subject.pk for subject in subjects]))


def _courses(subjects: Sequence[Subject], told: Mapping[Any, "_Told"]) -> dict[Any, Course]:
    labs = {subject.lab_id: subject.lab for subject in subjects}
    rules, growth = _rules(labs), growth_of(labs)
    return {
        subject.pk: Course(
            sex=subject.sex,
            born_on=subject.born_on,
            rule=rules[subject.lab_id],
            growth=growth.get((subject.lab_id, subject.strain_id))
            or growth.get((subject.lab_id, None)),
            weighings=_dated(told[subject.pk].weighings, subject),
            implants=_dated(told[subject.pk].implants, subject),
            restrictions=[_restriction(row, subject) for row in told[subject.pk].restrictions],
        )
        for subject in subjects
    }


def days(subject: Subject, first: date, last: date) -> list[Day]:
    """Return every day from ``first`` to ``last``, both included."""
    return days_and_course(subject, first, last)[0]


def days_and_course(subject: Subject, first: date, last: date) -> tuple[list[Day], Course]:
    """Return every day from ``first`` to ``last``, and the course that they belong to."""
    around = (first - timedelta(days=1), last + timedelta(days=2))  # zones differ by a day at most
    told = _told([subject.pk], around)
    course = _courses([subject], told)[subject.pk]
    water = _sums(told[subject.pk].water, subject)
    count = (last - first).days + 1
    wanted = (first + timedelta(days=number) for number in range(max(count, 0)))
    return [Day(course.on(day), water.get(day, Given())) for day in wanted], course


def _sums(water: Iterable["_Row"], subject: Subject) -> dict[date, Given]:
    """Return the water of each day of the lab, told apart by whether a session gave it."""
    sums: dict[date, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in water:
        sums[day_of(row.at, subject.lab)][0 if row.is_of_session else 1] += row.value or 0.0
    return {day: Given(*both) for day, both in sums.items()}


@dataclass(frozen=True)
class _Row:
    """Something that was measured, done or given at an instant."""

    at: datetime
    until: datetime | None
    value: float | None
    is_of_session: bool


@dataclass
class _Told:
    """What the tables say of one animal, by the table, in the order of time."""

    weighings: list[_Row] = field(default_factory=list)
    implants: list[_Row] = field(default_factory=list)
    restrictions: list[_Row] = field(default_factory=list)
    water: list[_Row] = field(default_factory=list)


def _told(keys: Sequence[Any], water: tuple[date, date] | None = None) -> Mapping[Any, _Told]:
    """Ask for all that is known of some animals, and the water of some days, by one question."""
    restrictions = WaterRestriction.objects.exclude(began_at=None)
    parts = [
        _part(Weighing.objects.all(), "weighings", at="at", value="weight_g"),
        _part(Surgery.objects.exclude(began_at=None), "implants", value="implant_weight_g"),
        _part(restrictions, "restrictions", value="reference_weight_g", until="ended_at"),
    ]
    if water:
        given = Water.objects.filter(at__date__range=water).annotate(
            of_session=Case(When(session=None, then=Value(False)), default=Value(True))
        )
        parts.append(_part(given, "water", at="at", value="water_ml", of_session="of_session"))
    first, *others = [part.filter(subject__in=keys) for part in parts]
    found: dict[Any, _Told] = defaultdict(_Told)
    for subject, name, *row in sorted(first.union(*others, all=True), key=itemgetter(2)):
        getattr(found[subject], name).append(_Row(*row))
    return found


def _part(rows: Any, name: str, **columns: str) -> Any:
    """Return the rows of a table with the columns that all parts of the question have."""
    until = F(columns["until"]) if "until" in columns else Value(None)
    of_session = F(columns["of_session"]) if "of_session" in columns else Value(False)
    return rows.order_by().values_list(
        "subject",
        Value(name),
        columns.get("at", "began_at"),
        Cast(until, DateTimeField()),
        columns["value"],
        Cast(of_session, BooleanField()),
    )


def given_today(subjects: Sequence[Subject]) -> dict[Any, float]:
    """Return how much water each animal has had since midnight in its lab, in mL."""
    moment, sums = now(), defaultdict[Any, float](float)
    zones = {subject.pk: subject.lab for subject in subjects}
    since = moment - timedelta(days=2)
    rows = Water.objects.filter(subject__in=list(zones), at__gte=since)
    for key, at, amount in rows.values_list("subject", "at", "water_ml"):
        if day_of(at, zones[key]) == day_of(moment, zones[key]):
            sums[key] += amount or 0.0
    return sums


def _rules(labs: Mapping[Any, Any]) -> dict[Any, Rule]:
    """Return each lab's rule; a lab that comes with its profile is not asked for it again."""
    return {key: rule_of(lab.profile) for key, lab in labs.items()}


def rule_of(profile: LabProfile) -> Rule:
    return Rule(
        profile.reference_weight_fraction,
        profile.zscore_weight_fraction,
        profile.water_rule,
        profile.fixed_water_ml or 0.0,
    )


def growth_of(labs: Iterable[Any]) -> dict[tuple[Any, Any], Growth]:
    points: dict[tuple[Any, Any], dict[tuple[str, int], Norm]] = defaultdict(dict)
    for row in GrowthPoint.objects.filter(lab__in=list(labs)):
        points[row.lab_id, row.strain_id][row.sex, row.age_weeks] = Norm(row.mean_g, row.sd_g)
    return {whose: Growth(found) for whose, found in points.items()}


def _restriction(row: _Row, subject: Subject) -> Restriction:
    ended = row.until and day_of(row.until, subject.lab)
    return Restriction(day_of(row.at, subject.lab), ended, row.value)


def _dated(rows: Iterable[_Row], subject: Subject) -> list[tuple[date, float]]:
    return [(day_of(row.at, subject.lab), row.value or 0.0) for row in rows]
