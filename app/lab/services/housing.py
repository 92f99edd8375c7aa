"""Cages, and who lives in which since when: moves, changed conditions, corrections.

What a cage is like belongs to a `Housing`; when its conditions change, a new one takes its place,
so that everybody's history says under which conditions they lived.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Lab, User
from lab import permissions, recording
from lab.errors import DoesNotFit, Taken
from lab.models import Housing, HousingPeriod, LabProfile, Subject
from lab.services import records
from lab.times import day_of, wall_clock

Values = Mapping[str, Any]
USUAL = ("cage_type", "enrichment", "food", "cage_cleaning_frequency_days", "light_cycle")
CONDITIONS = ("cage_name", "room", *USUAL)
OWNERS = ("subject__lab", "housing")


@transaction.atomic
def create_housing(
    *,
    by: User,
    values: Values,
    subjects: Sequence[Subject] = (),
    at: datetime | None = None,
    reason: str = "",
) -> Housing:
    """Set a cage up, and move ``subjects`` in; what nobody says is as the lab usually has it."""
    given = _usual(values.get("lab")) | dict(values)
    _need_room(given.get("lab"), given.get("room"))
    _need_free_name(given.get("lab"), given.get("cage_name"))
    with recording.by(by, reason=reason):
        made = records.create(kind=Housing, by=by, values=given)
        if subjects:
            move(by=by, subjects=subjects, housing=made, at=at)
    return made


def _usual(lab: Lab | None) -> dict[str, Any]:
    profile = LabProfile.objects.filter(lab=lab).first() if lab else None
    return {name: getattr(profile, name) for name in USUAL} if profile else {}


def _need_room(lab: Lab | None, room: Any) -> None:
    if room is not None and lab is not None and room.lab_id != lab.pk:
        raise DoesNotFit(f"{room} is in {room.lab}, the cage in {lab}.", field="room")


def _need_free_name(lab: Lab | None, name: str | None) -> None:
    """Refuse the name of a cage that animals live in: nobody could tell the two apart."""
    living = HousingPeriod.objects.filter(ended_at=None, housing__lab=lab)
    if name and living.filter(housing__cage_name__iexact=name).exists():
        raise Taken(f"Animals live in another cage {name}.", field="cage_name")


@transaction.atomic
def move(
    *,
    by: User,
    subjects: Sequence[Subject],
    housing: Housing,
    at: datetime | None = None,
    reason: str = "",
) -> list[HousingPeriod]:
    """Move animals into a cage, now or at an instant since which nothing else is known of them.

    All of them move or none; those that live there already stay. A fixed number of statements.
    """
    housing = _locked_housing(housing)
    found, moment = _locked(subjects), at or now()
    permissions.need_change_all(by, HousingPeriod, found)
    _need_past(moment)
    for subject in found:
        _need_to_fit(subject, housing, moment)
    staying = set(_open(found).filter(housing=housing).values_list("subject", flat=True))
    moving = [subject for subject in found if subject.pk not in staying]
    _need_nothing_later(moving, moment)
    rows = [HousingPeriod(subject=each, housing=housing, began_at=moment) for each in moving]
    with recording.by(by, reason=reason):
        _open(moving).update(ended_at=moment)
        records.keep_all(HousingPeriod, rows)
    return rows


@transaction.atomic
def move_out(
    *, by: User, subjects: Sequence[Subject], at: datetime | None = None, reason: str = ""
) -> int:
    """Let animals live in no cage any more; return how many lived in one."""
    found, moment = _locked(subjects), at or now()
    permissions.need_change_all(by, HousingPeriod, found)
    _need_past(moment)
    _need_nothing_later(found, moment)
    with recording.by(by, reason=reason):
        return int(_open(found).update(ended_at=moment))


@transaction.atomic
def change_housing(
    *,
    housing: Housing,
    by: User,
    values: Values,
    at: datetime | None = None,
    reason: str = "",
) -> Housing:
    """Change a cage's name, room or conditions; return what stands in its place from then on.

    If animals live or lived there it stays as it was for their history, and a copy with the new
    conditions takes its place, into which those who live there move. Otherwise it is changed.
    """
    if values.get("lab", housing.lab) != housing.lab:
        raise DoesNotFit("A cage stays in its lab.", field="lab")
    housing = _locked_housing(housing)
    _need_room(housing.lab, values.get("room"))
    new = {name: values[name] for name in CONDITIONS if name in values
           and values[name] != getattr(housing, name)}  # fmt: skip
    other = {name: value for name, value in values.items() if name not in CONDITIONS}
    _need_free_name(housing.lab, new.get("cage_name"))
    with recording.by(by, reason=reason):
        if not new or not HousingPeriod.objects.filter(housing=housing).exists():
            return records.change(record=housing, by=by, values=new | other)
        permissions.need_change(by, housing)
        return _replace(housing, by, new | other, at or now())


def _replace(housing: Housing, by: User, new: Values, moment: datetime) -> Housing:
    same = {name: getattr(housing, name) for name in ("lab", "json", *CONDITIONS)}
    made = records.create(kind=Housing, by=by, values=same | dict(new))
    living = Subject.objects.filter(housing_periods__housing=housing,
                                    housing_periods__ended_at=None)  # fmt: skip
    move(by=by, subjects=list(living), housing=made, at=moment)
    housing.replaced_by = made
    records.keep(housing)
    return made


@transaction.atomic
def add_period(*, by: User, values: Values, reason: str = "") -> HousingPeriod:
    """Write down where an animal lived: a subject, a housing, began_at and ended_at.

    Without an end it moves in, and its time in the cage before ends.
    """
    for name in ("subject", "housing", "began_at"):
        if values.get(name) is None:
            raise DoesNotFit(f"Say the {name.replace('_', ' ')}.", field=name)
    row = HousingPeriod(**values)
    if row.ended_at is None:
        return _move_in(row, by, reason)
    _need_true(row)
    return records.create(kind=HousingPeriod, by=by, values=values, reason=reason)


def _move_in(row: HousingPeriod, by: User, reason: str) -> HousingPeriod:
    moved = move(by=by, subjects=[row.subject], housing=row.housing, at=row.began_at, reason=reason)
    if not moved:
        raise Taken(f"{row.subject} lives in {row.housing} already.", field="housing")
    if row.json is not None:
        moved[0].json = row.json
        with recording.by(by, reason=reason):
            records.keep(moved[0])
    return moved[0]


@transaction.atomic
def change_period(
    *, period: HousingPeriod, by: User, values: Values, reason: str = ""
) -> HousingPeriod:
    """Correct when an animal lived in a cage, or in which; times of one animal never overlap."""
    if values.get("subject", period.subject) != period.subject:
        raise DoesNotFit("A time in a cage stays with its animal.", field="subject")
    names = ("subject", "housing", "began_at", "ended_at")
    row = HousingPeriod(pk=period.pk, **{n: values.get(n, getattr(period, n)) for n in names})
    _need_true(row)
    return records.change(record=period, by=by, values=values, reason=reason)


def _need_true(row: HousingPeriod) -> None:
    [subject] = _locked([row.subject])
    _need_past(row.began_at)
    _need_to_fit(subject, row.housing, row.began_at, is_open=row.ended_at is None)
    if row.ended_at is not None and row.ended_at < row.began_at:
        raise DoesNotFit("It ends before it begins.", field="ended_at")
    others = HousingPeriod.objects.filter(subject=subject).exclude(pk=row.pk)
    overlapping = others.filter(Q(ended_at=None) | Q(ended_at__gt=row.began_at))
    if row.ended_at is not None:
        overlapping = overlapping.filter(began_at__lt=row.ended_at)
    if (other := overlapping.select_related("housing").first()) is not None:
        raise DoesNotFit(f"{subject} lived in {other.housing} at that time.", field="began_at")


def _locked(subjects: Sequence[Subject]) -> list[Subject]:
    """Return the animals as they are now, in an order that two at once cannot block."""
    rows = Subject.objects.select_for_update(of=("self",), no_key=True).select_related("lab")
    return list(rows.filter(pk__in={each.pk for each in subjects}).order_by("pk"))


def _open(subjects: Sequence[Subject]) -> Any:
    rows = HousingPeriod.objects.filter(subject__in=subjects, ended_at=None)
    return rows.select_related(*OWNERS).order_by()


def _locked_housing(housing: Housing) -> Housing:
    """Return a cage as it is now, and keep others from changing its conditions meanwhile."""
    rows = Housing.objects.select_for_update(of=("self",)).select_related("lab")
    found: Housing = rows.get(pk=housing.pk)
    if found.replaced_by_id is not None:
        raise DoesNotFit(
            f"{found} has other conditions by now.",
            field="housing",
            remedy="Take what stands in its place.",
        )
    return found


def _need_past(moment: datetime) -> None:
    if moment > now():
        raise DoesNotFit("That time is not here yet.", field="at")


def _need_to_fit(
    subject: Subject, housing: Housing, moment: datetime, *, is_open: bool = True
) -> None:
    """Refuse a cage elsewhere, and a time in it that is not of the animal's life."""
    day = day_of(moment, subject.lab)
    if housing.lab_id != subject.lab_id:
        raise DoesNotFit(f"{subject} lives in {subject.lab}, the cage is in {housing.lab}.",
                         field="subjects")  # fmt: skip
    if (is_open and not subject.alive) or (subject.died_on and day > subject.died_on):
        raise DoesNotFit(f"{subject} died on {subject.died_on}.", field="subjects")
    if subject.born_on and day < subject.born_on:
        raise DoesNotFit(f"{subject} was born on {subject.born_on}.", field="at")


def _need_nothing_later(subjects: Sequence[Subject], moment: datetime) -> None:
    rows = HousingPeriod.objects.filter(subject__in=subjects)
    later = rows.filter(Q(began_at__gt=moment) | Q(ended_at__gt=moment))
    if (found := later.select_related(*OWNERS).order_by("-began_at").first()) is not None:
        last = wall_clock(found.ended_at or found.began_at, found.subject.lab)
        raise DoesNotFit(
            f"{found.subject} was in {found.housing} until {last:%Y-%m-%d %H:%M}."
            if found.ended_at
            else f"{found.subject} is in {found.housing} since {last:%Y-%m-%d %H:%M}.",
            field="at",
            remedy="Move it later, or correct that time first.",
        )
