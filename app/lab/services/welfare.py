"""What has to be told for the animals' sake: too light, thirsty, not weighed; at once or daily."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from accounts.models import Lab, Membership, User
from accounts.roles import Role
from lab.models import (
    LabProfile,
    NewsKind,
    Notification,
    Subject,
    SubjectRequest,
    WaterRestriction,
    Weighing,
)
from lab.queries import weights
from lab.queries.needs import Need, needs
from lab.services import news, told_lately
from lab.services.news import Story
from lab.times import day_of, instant_of, wall_clock
from lab.weights import NEARLY_PERCENT, Course, Reading

DUE_AFTER = timedelta(hours=23)


@dataclass(frozen=True)
class Check:
    """What a check found, and what of it was told: the rest was, within the hour."""

    looked_at: int
    stories: tuple[Story, ...]
    told: tuple[Notification, ...] = ()


def check(
    *, labs: Sequence[Lab] | None = None, moment: datetime | None = None, is_dry: bool = False
) -> Check:
    """Look at every animal on measured water, and tell what has to be done.

    As many questions for a thousand animals as for one.
    """
    moment = moment or now()
    found = needs(labs=labs, moment=moment)
    stories = tuple(story for need in found for story in _stories(need, moment))
    if is_dry or not stories:
        return Check(len(found), stories)
    return Check(len(found), stories, tuple(news.tell(stories, moment=moment)))


@transaction.atomic
def check_due(*, moment: datetime | None = None) -> Check:
    """Check the labs whose hour has come, each once a day of its own."""
    moment = moment or now()
    told_lately.forget(moment=moment)
    news.send_what_was_left(moment=moment)
    keys = {}
    for profile in LabProfile.objects.select_related("lab"):
        clock = wall_clock(moment, profile.lab)
        if clock and clock.hour >= profile.welfare_check_hour:
            keys[f"check {profile.lab_id} {clock.date()}"] = profile.lab
    won = told_lately.claim(list(keys), within=told_lately.KEPT, moment=moment)
    if not won:
        return Check(0, ())
    return check(labs=[keys[key] for key in sorted(won)], moment=moment)


def end_of(day: Any, lab: Lab) -> datetime:
    """Return the last instant of a lab's day that has come."""
    midnight = instant_of(datetime.combine(day + timedelta(days=1), time.min), lab)
    return min(midnight - timedelta(seconds=1), now())


def _stories(need: Need, moment: datetime) -> Iterable[Story]:
    light = _underweight(need.subject, need.reading)
    if light:
        yield light
    since = max(filter(None, (need.last_water_at, need.began_at)))
    if need.remaining_ml > 0 and moment - since > DUE_AFTER:
        yield _story(
            need.subject,
            NewsKind.WATER_DUE,
            f"{need.subject} is to be given water",
            f"{need.remaining_ml:.2f} mL are still due on {need.day};"
            f" the last water was given {_spoken(moment - since)} ago.",
        )
    if not need.is_weighed and not need.is_first_day:
        last = need.reading.weighed_on
        yield _story(
            need.subject,
            NewsKind.NOT_WEIGHED,
            f"{need.subject} was not weighed on {need.day}",
            f"It was last weighed on {last}." if last else "It was never weighed.",
        )


def _spoken(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):.0f} h"


def _underweight(subject: Subject, reading: Reading) -> Story | None:
    """Return what to say of an animal at or below its minimum, or within two points above it."""
    if not 0 < reading.percentage <= reading.minimum_percentage + NEARLY_PERCENT:
        return None
    is_low = reading.percentage <= reading.minimum_percentage
    word = "Warning" if is_low else "Attention"
    where = "at or below" if is_low else "close to"
    return _story(
        subject,
        NewsKind.UNDERWEIGHT,
        f"{word}: {subject} is {where} its minimum weight",
        f"{reading.weight_g:.1f} g on {reading.weighed_on} is {reading.percentage:.1f} % of the"
        f" expected {reading.expected_g:.1f} g; the minimum is {reading.minimum_percentage:.0f} %,"
        f" {reading.minimum_g:.1f} g.",
    )


def _story(subject: Subject, kind: NewsKind, title: str, message: str) -> Story:
    return Story(kind, title, message, subject.lab, subject, (subject.responsible_user,))


# --- at once ---------------------------------------------------------------------------------
def look_at(weighings: Sequence[Weighing], *, by: User | None = None) -> None:
    """Tell at once when what was just weighed is too light; older weighings change nothing now.

    A fixed number of questions for any number of weighings.
    """
    times: dict[Any, list[datetime]] = defaultdict(list)
    for weighing in weighings:
        if weighing.subject.is_alive():
            times[weighing.subject_id].append(weighing.at)
    restricted = WaterRestriction.objects.filter(subject__in=list(times)).exclude(began_at=None)
    rows = Subject.objects.filter(pk__in=restricted.order_by().values("subject"))
    animals = list(rows.select_related("lab__profile", "responsible_user")) if times else []
    found = weights.courses(animals) if animals else {}
    stories = [story for one in animals if (story := _light(one, found[one.pk], times[one.pk]))]
    if stories:
        news.tell(stories, by=by)


def _light(animal: Subject, course: Course, times: Iterable[datetime]) -> Story | None:
    """Return what to say of an animal, if one of these times is that of its present weight."""
    reading = course.on(day_of(now(), animal.lab))
    days = {day_of(at, animal.lab) for at in times}
    return _underweight(animal, reading) if reading.weighed_on in days else None


def responsible_changed(subject: Subject, before: User, *, by: User) -> None:
    """Tell both people when an animal goes from one to the other."""
    news.tell([_hand(subject, before, subject.responsible_user, by)], by=by)


def _hand(subject: Subject, before: User, after: User, by: User) -> Story:
    title = f"{after} is responsible for {subject}"
    message = f"{by} changed it; before it was {before}."
    kind = NewsKind.RESPONSIBLE_CHANGED
    return Story(kind, title, message, subject.lab, subject, (before, after))


def handed_over(subjects: Sequence[Subject], *, to: User, by: User) -> None:
    """Tell of many animals that went to one person; their rows still say who had them before."""
    moved = [each for each in subjects if each.responsible_user_id != to.pk]
    former = User.objects.in_bulk([each.responsible_user_id for each in moved])
    news.tell([_hand(each, former[each.responsible_user_id], to, by) for each in moved], by=by)


def request_made(request: SubjectRequest, *, by: User) -> None:
    """Tell those who keep the colony that somebody asks for animals."""
    keepers = Membership.objects.filter(
        lab=request.line.lab_id, role=Role.COLONY_MANAGER, user__is_active=True
    )
    to = [each.user for each in keepers.select_related("user")]
    title = f"{request.user} asks for {request.count} of {request.line}"
    due = f" until {request.due_on}" if request.due_on else ""
    message = f"Asked on {request.made_on}{due}. {request.description}".strip()
    news.tell([Story(NewsKind.REQUEST_MADE, title, message, request.line.lab, None, to)], by=by)


def request_fulfilled(request: SubjectRequest, *, by: User | None) -> None:
    """Tell whoever asked that all animals are there."""
    title = f"Your request for {request.count} of {request.line} is fulfilled"
    message = f"You asked on {request.made_on}."
    kind = NewsKind.REQUEST_FULFILLED
    news.tell([Story(kind, title, message, request.line.lab, None, (request.user,))], by=by)
