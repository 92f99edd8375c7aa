"""What the database knows of an animal's weights and water, as `lab.weights` wants it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

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
    keys = [subject.pk for subject in subjects]
    labs = {subject.lab_id: subject.lab for subject in subjects}
    rules, growth = _rules(labs), growth_of(labs)
    weighings = _by_subject(
        (row["subject"], (row["at"], row["weight_g"]))
        for row in Weighing.objects.filter(subject__in=keys).order_by("at")
        .values("subject", "at", "weight_g")
    )  # fmt: skip
    implants = _by_subject(
        (row["subject"], (row["began_at"], row["implant_weight_g"]))
        for row in Surgery.objects.filter(subject__in=keys).exclude(began_at=None)
        .order_by("began_at").values("subject", "began_at", "implant_weight_g")
    )  # fmt: skip
    restrictions = _by_subject(
        (row.subject_id, row)
        for row in WaterRestriction.objects.filter(subject__in=keys).exclude(began_at=None)
    )
    return {
        subject.pk: Course(
            sex=subject.sex,
            born_on=subject.born_on,
            rule=rules[subject.lab_id],
            growth=growth.get((subject.lab_id, subject.strain_id))
            or growth.get((subject.lab_id, None)),
            weighings=[(day_of(at, subject.lab), value) for at, value in weighings[subject.pk]],
            implants=[(day_of(at, subject.lab), value) for at, value in implants[subject.pk]],
            restrictions=[_restriction(row, subject) for row in restrictions[subject.pk]],
        )
        for subject in subjects
    }


def days(subject: Subject, first: date, last: date, course: Course | None = None) -> list[Day]:
    """Return every day from ``first`` to ``last``, both included."""
    course = course or courses([subject])[subject.pk]
    water = given(subject, first, last)
    count = (last - first).days + 1
    wanted = (first + timedelta(days=number) for number in range(max(count, 0)))
    return [Day(course.on(day), water.get(day, Given())) for day in wanted]


def given(subject: Subject, first: date, last: date) -> dict[date, Given]:
    """Return the water of each day of the lab, told apart by whether a session gave it."""
    sums: dict[date, list[float]] = defaultdict(lambda: [0.0, 0.0])
    around = (first - timedelta(days=1), last + timedelta(days=2))  # zones differ by a day at most
    rows = Water.objects.filter(subject=subject, at__date__range=around)
    for at, session, amount in rows.values_list("at", "session", "water_ml"):
        sums[day_of(at, subject.lab)][0 if session else 1] += amount or 0.0
    return {day: Given(*both) for day, both in sums.items() if first <= day <= last}


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


def _restriction(row: WaterRestriction, subject: Subject) -> Restriction:
    began = cast("datetime", row.began_at)  # those without a start are left out by the query
    ended = row.ended_at and day_of(row.ended_at, subject.lab)
    return Restriction(day_of(began, subject.lab), ended, row.reference_weight_g)


def _by_subject(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found
