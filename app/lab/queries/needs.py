"""Who needs what today: every animal on measured water, with what it weighs, needs and has had."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.utils.timezone import now

from accounts.models import Lab
from lab.models import Subject, Surgery, WaterAdministration, WaterRestriction, Weighing
from lab.queries.weights import growth_of, rule_of
from lab.times import day_of
from lab.weights import Course, Growth, Reading, Restriction

LOOKED_BACK_DAYS = 7  # in which missed days are counted
WEIGHED, GIVEN = "weighed", "given"
Days = dict[tuple[Any, str], dict[date, float]]


@dataclass(frozen=True)
class Need:
    """What one animal on measured water is in need of on a day."""

    subject: Subject
    began_at: datetime
    reading: Reading
    given_ml: float = 0.0
    last_water_at: datetime | None = None
    unweighed: Sequence[date] = field(default_factory=tuple)  # of the days before, at most seven
    waterless: Sequence[date] = field(default_factory=tuple)

    @property
    def day(self) -> date:
        return self.reading.day

    @property
    def remaining_ml(self) -> float:
        """Return what is still to be given; less than 0 is an excess."""
        return self.reading.required_ml - self.given_ml

    @property
    def is_weighed(self) -> bool:
        return self.reading.weighed_on == self.day

    @property
    def is_first_day(self) -> bool:
        return day_of(self.began_at, self.subject.lab) == self.day


def needs(
    *,
    user: Any = None,
    labs: Sequence[Lab] | None = None,
    subjects: Sequence[Subject] | None = None,
    moment: datetime | None = None,
) -> list[Need]:
    """Return the needs of all animals whose water is measured, five questions for any number.

    Parameters
    ----------
    user
        Whoever asks: they get what they may see. None stands for the site itself.
    labs, subjects
        Only the animals of these labs; only these animals.
    moment
        When; now if nothing is said.
    """
    moment = moment or now()
    chosen = _restrictions(user, moment)
    if labs is not None:
        chosen = chosen.filter(subject__lab__in=labs)
    if subjects is not None:
        chosen = chosen.filter(subject__in=subjects)
    rows = list(chosen)
    keys = [row.subject_id for row in rows]
    lately = _lately(keys, moment)
    implants = _implants(keys, moment)
    growth = growth_of({row.subject.lab_id for row in rows})
    return [_need(row, moment, lately, implants[row.subject_id], growth) for row in rows]


def _restrictions(user: Any, moment: datetime) -> QuerySet[Any]:
    every = WaterRestriction.objects
    seen = every.all() if user is None else every.visible_to(user)
    lasting = Q(ended_at=None) | Q(ended_at__gt=moment)
    alive = Q(subject__died_on=None) | Q(subject__died_on__gt=moment.date())
    mine = {"subject": OuterRef("subject"), "at__lte": moment}
    weighings = Weighing.objects.filter(**mine).order_by("-at")
    water = WaterAdministration.objects.filter(**mine).order_by("-at")
    return (
        seen.filter(lasting, alive, began_at__lte=moment)
        .select_related("subject__lab__profile", "subject__responsible_user")
        .annotate(
            last_weight_g=Subquery(weighings.values("weight_g")[:1]),
            last_weighed_at=Subquery(weighings.values("at")[:1]),
            last_water_at=Subquery(water.values("at")[:1]),
        )
        .order_by("subject__nickname", "pk")
    )


def _lately(keys: Sequence[Any], moment: datetime) -> Days:
    """Return the last week of all animals: what each day weighed last, and was given in all."""
    since = moment - timedelta(days=LOOKED_BACK_DAYS + 2)
    mine = {"subject__in": keys, "at__gt": since, "at__lte": moment}
    weighings = Weighing.objects.filter(**mine).order_by().values_list(
        "subject", "subject__lab__time_zone", "at", F("weight_g"), Value(WEIGHED)
    )  # fmt: skip
    water = WaterAdministration.objects.filter(**mine).order_by().values_list(
        "subject", "subject__lab__time_zone", "at", F("water_ml"), Value(GIVEN)
    )  # fmt: skip
    found: Days = defaultdict(lambda: defaultdict(float))
    zones: dict[str, Lab] = {}
    for key, zone, at, number, what in weighings.union(water, all=True):
        lab = zones.setdefault(zone, Lab(time_zone=zone))
        found[key, what][day_of(at, lab)] += number or 0.0
    return found


def _implants(keys: Sequence[Any], moment: datetime) -> dict[Any, list[tuple[datetime, float]]]:
    found: dict[Any, list[tuple[datetime, float]]] = defaultdict(list)
    rows = Surgery.objects.filter(subject__in=keys, began_at__lte=moment).order_by("began_at")
    for key, at, weight in rows.values_list("subject", "began_at", "implant_weight_g"):
        if at is not None:
            found[key].append((at, weight))
    return found


def _need(
    row: Any, moment: datetime, lately: Days, implants: Sequence[tuple[datetime, float]],
    growth: dict[tuple[Any, Any], Growth],
) -> Need:  # fmt: skip
    animal: Subject = row.subject
    lab, today = animal.lab, day_of(moment, animal.lab)
    began = day_of(row.began_at, lab)
    weighed = lately[animal.pk, WEIGHED]
    given = lately[animal.pk, GIVEN]
    course = Course(
        sex=animal.sex,
        born_on=animal.born_on,
        rule=rule_of(lab.profile),
        growth=growth.get((lab.pk, animal.strain_id)) or growth.get((lab.pk, None)),
        weighings=[(day_of(row.last_weighed_at, lab), row.last_weight_g)]
        if row.last_weighed_at else [],
        implants=[(day_of(at, lab), weight) for at, weight in implants],
        restrictions=[Restriction(began, None, row.reference_weight_g)],
    )  # fmt: skip
    before = _days_before(began, today)
    return Need(
        subject=animal,
        began_at=row.began_at,
        reading=course.on(today),
        given_ml=given.get(today, 0.0),
        last_water_at=row.last_water_at,
        unweighed=tuple(day for day in before if day not in weighed),
        waterless=tuple(day for day in before if day not in given),
    )


def _days_before(began: date, today: date) -> list[date]:
    """Return the days of a restriction before today, at most seven, without its first."""
    count = min((today - began).days - 1, LOOKED_BACK_DAYS)
    return [today - timedelta(days=number) for number in range(count, 0, -1)]
