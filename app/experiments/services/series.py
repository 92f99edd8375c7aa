"""Series of experiments: enrolling somebody, opening their waves, going on from one to the next."""

import zoneinfo
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.timezone import now

from accounts import audit
from accounts.keys import digest, new_link
from accounts.models import Project, User
from common.errors import NotThere
from experiments.definition import series as definition
from experiments.definition.series import Wave
from experiments.errors import NotAProtocol, NotAZone
from experiments.models import (
    Appointment,
    Enrolment,
    Link,
    Protocol,
    Reminder,
    Series,
    Sitting,
)
from experiments.services import alone
from runs.days import day_of
from runs.models import Participant, Run

State = Appointment.State
STOPS = {Run.Status.DECLINED, Run.Status.SCREENED_OUT, Run.Status.WITHDRAWN}


@dataclass(frozen=True)
class Enrolled:
    """Somebody in a series, and the token of their page, which is shown this once."""

    enrolment: Enrolment
    token: str


@transaction.atomic
def write(*, project: Project, by: User, words: Any) -> Series:
    """Keep a series under its name; who is enrolled already goes on with what it said then.

    Raises
    ------
    NotAProtocol
        It cannot be read, or names an experiment that is not there; nothing is kept.
    """
    _need_editable(project, by)
    read = definition.read_series(words)
    names = {wave.protocol for wave in read.waves}
    known = set(Protocol.objects.filter(project=project).values_list("name", flat=True))
    if names - known:
        missing = ", ".join(sorted(names - known))
        raise NotAProtocol("waves", f"The project has no experiment {missing}.")
    series, is_new = Series.objects.update_or_create(
        project=project, name=read.name, defaults={"title": read.title, "words": words}
    )
    audit.record(action="series.created" if is_new else "series.changed", user=by, on=series)
    return series


def _need_editable(project: Project, by: User) -> None:
    if not Project.objects.editable_by(by).filter(pk=project.pk).exists():
        raise NotThere


@transaction.atomic
def enrol(*, series: Series, participant: Participant, by: User, time_zone: str) -> Enrolled:
    """Enrol somebody; who is enrolled already gets a new address, and nothing else changes.

    Raises
    ------
    NotAZone
        There is no such time zone; nobody was enrolled.
    """
    _need_editable(series.project, by)
    zone_named(time_zone)
    token = new_link()
    enrolment, is_new = Enrolment.objects.update_or_create(
        series=series,
        participant=participant,
        defaults={"digest": digest(token)},
        create_defaults={"digest": digest(token), "time_zone": time_zone, "words": series.words},
    )
    if is_new:
        for number, wave in enumerate(enrolment.read.waves):
            if wave.after == "enrolment":
                _plan(enrolment, number, wave, enrolment.enrolled_at)
    audit.record(action="series.enrolled" if is_new else "series.addressed", user=by, on=enrolment)
    return Enrolled(enrolment, token)


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    if name not in zoneinfo.available_timezones():
        raise NotAZone(f"{name[:60]!r} is no time zone, such as Europe/Berlin.")
    return zoneinfo.ZoneInfo(name)


def _plan(enrolment: Enrolment, number: int, wave: Wave, moment: datetime) -> None:
    """Make the appointment of a wave, its link and its letters, counted from ``moment``."""
    zone = zone_named(enrolment.time_zone)
    window = definition.window(wave, base=day_of(moment, zone), zone=zone, moment=moment)
    link = Link.objects.create(
        protocol=Protocol.objects.get(project=enrolment.project, name=wave.protocol),
        kind=Link.Kind.PERSONAL,
        label=f"{enrolment.series.name}: {wave.name}",
        digest=digest(wave_token(enrolment, number)),
        participant=enrolment.participant,
        opens_at=window.opens,
        closes_at=window.closes,
        most_uses=1,
        quiet_h=wave.quiet_h,
    )
    appointment = Appointment.objects.create(
        enrolment=enrolment, number=number, wave=wave.name, link=link,
        opens_at=window.opens, closes_at=window.closes,
    )  # fmt: skip
    Reminder.objects.bulk_create(
        Reminder(appointment=appointment, name=each.name,
                 due_at=definition.due(each, window, zone))
        for each in wave.reminders
    )  # fmt: skip


def wave_token(enrolment: Enrolment, number: int) -> str:
    """Return the token of a wave's link: made again for each letter, and kept as its hash alone."""
    what = f"{enrolment.pk} {number}"
    secret = salted_hmac("experiments.wave", what, algorithm="sha256").digest()
    return urlsafe_b64encode(secret).decode().rstrip("=")


# --- going on ------------------------------------------------------------------------------------
def settle(run: Run) -> None:
    """Go on in the series of a run that has ended, if it is one of a series."""
    link = run.sitting.link if hasattr(run, "sitting") else None
    if link is None or link.kind != Link.Kind.PERSONAL:
        return
    found = Appointment.objects.filter(link=link).values_list("pk", "enrolment").first()
    if found:
        alone.go_on(lambda: _settle(run, *found), "Going on in a series")


def _settle(run: Run, appointment: int, enrolment: int) -> bool:
    locked = _locked(enrolment)
    missed = run.status == Run.Status.TIMED_OUT
    mine = Appointment.objects.filter(pk=appointment, state=State.PLANNED)
    if not mine.update(state=State.MISSED if missed else State.DONE, run=run):
        return False
    stops = run.status if run.status in STOPS else ""
    number = mine_number(appointment)
    _go_on(locked, number, run.ended_at or now(), missed=missed, stops=stops)
    return True


def settle_what_was_left() -> int:
    """Go on where a run has ended and its series could not."""
    ended = Sitting.objects.filter(link__appointment__state=State.PLANNED)
    left = list(ended.exclude(run__status__in=Run.OPEN).select_related("run", "link"))
    for sitting in left:
        settle(sitting.run)
    return len(left)


def mine_number(appointment: int) -> int:
    return int(Appointment.objects.values_list("number", flat=True).get(pk=appointment))


def _locked(enrolment: Any) -> Enrolment:
    """Lock an enrolment: of two that go on in it at once, the second sees what the first did."""
    rows = Enrolment.objects.select_for_update(of=("self",))
    found: Enrolment = rows.select_related("series__project", "participant").get(pk=enrolment)
    return found


def _go_on(
    enrolment: Enrolment, number: int, moment: datetime, *, missed: bool, stops: str
) -> None:
    """Plan the wave that follows, or end the series: it is through, or goes on without them."""
    waves = enrolment.read.waves
    if enrolment.ended_at:
        return
    if missed and waves[number].missed == "stop":
        stops = "missed"
    if stops:
        end(enrolment, why=stops)
        return
    following = number + 1
    if following < len(waves) and waves[following].after == "previous":
        if not enrolment.appointments.filter(number=following).exists():
            _plan(enrolment, following, waves[following], moment)
    elif not enrolment.appointments.filter(state=State.PLANNED).exists():
        end(enrolment, why="through")


def end(enrolment: Enrolment, *, why: str) -> None:
    """End somebody's part in a series: what has not begun is cancelled, its links are closed."""
    at = now()
    Enrolment.objects.filter(pk=enrolment.pk, ended_at=None).update(ended_at=at, why=why)
    left = enrolment.appointments.filter(state=State.PLANNED, link__uses=0)
    Link.objects.filter(pk__in=left.values("link")).update(revoked_at=at)
    left.update(state=State.CANCELLED)


@transaction.atomic
def stop(*, enrolment: Enrolment, by: User, reason: str) -> None:
    """Let somebody's series end because the lab says so."""
    _need_editable(enrolment.project, by)
    end(_locked(enrolment.pk), why=reason[:100])
    audit.record(action="series.stopped", user=by, on=enrolment, reason=reason)


def miss(*, at: datetime) -> int:
    """Note the waves whose window has closed before anybody began them, and go on."""
    closed = Appointment.objects.filter(state=State.PLANNED, closes_at__lte=at, link__uses=0)
    found = list(closed.values_list("pk", "enrolment"))
    return sum(alone.go_on(partial(_miss, *one), "Noting a missed wave") for one in found)


def _miss(appointment: int, enrolment: Any) -> bool:
    locked = _locked(enrolment)
    mine = Appointment.objects.filter(pk=appointment, state=State.PLANNED)
    found = mine.select_related("link").select_for_update(of=("self", "link")).first()
    if found is None or found.link.uses or found.closes_at is None:
        return False
    mine.update(state=State.MISSED)
    _go_on(locked, found.number, found.closes_at, missed=True, stops="")
    return True


# --- the participant's page ----------------------------------------------------------------------
@dataclass(frozen=True)
class Shown:
    """One wave as its participant sees it."""

    title: str
    state: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    token: str = ""


def by_token(token: str) -> Enrolment:
    """Return the enrolment whose page a token opens.

    Raises
    ------
    NotThere
        There is none.
    """
    rows = Enrolment.objects.select_related("series__project", "participant")
    found: Enrolment | None = rows.filter(digest=digest(token)).first()
    if found is None:
        raise NotThere
    return found


def shown(enrolment: Enrolment) -> Iterator[Shown]:
    """Yield the waves of somebody, those that are not planned yet too."""
    rows = {each.number: each for each in enrolment.appointments.select_related("link", "run")}
    at = now()
    for number, wave in enumerate(enrolment.read.waves):
        title, mine = wave.title or wave.name, rows.get(number)
        if mine is None:
            yield Shown(title, "ended" if enrolment.ended_at else "later")
        else:
            yield _shown(title, mine, enrolment, at)


def _shown(title: str, mine: Appointment, enrolment: Enrolment, at: datetime) -> Shown:
    is_open = mine.opens_at <= at and (mine.closes_at is None or mine.closes_at > at)
    state = str(mine.state)
    if mine.state == State.PLANNED:
        state = "begun" if mine.link.uses else "open" if is_open else "planned"
        if state == "planned" and mine.opens_at <= at:
            state = "missed"
    can_enter = state in {"begun", "open"} and mine.link.revoked_at is None
    token = _sound(mine.link, wave_token(enrolment, mine.number)) if can_enter else ""
    return Shown(title, state, mine.opens_at, mine.closes_at, token)


def _sound(link: Link, token: str) -> str:
    """Return a link's token; a link that was made under another secret of the site learns it."""
    if link.digest != digest(token):
        Link.objects.filter(pk=link.pk).update(digest=digest(token))
    return token


@transaction.atomic
def live_in(*, enrolment: Enrolment, time_zone: str) -> None:
    """Let somebody live in another time zone: what has not begun is at the same time of their day.

    Raises
    ------
    NotAZone
        There is no such time zone; nothing changed.
    """
    new = zone_named(time_zone)
    locked = _locked(enrolment.pk)
    old = zone_named(locked.time_zone)
    Enrolment.objects.filter(pk=locked.pk).update(time_zone=time_zone)
    left = locked.appointments.filter(state=State.PLANNED, link__uses=0, opens_at__gt=now())
    for each in left.select_related("link"):
        _move(each, old, new)


def _move(mine: Appointment, old: zoneinfo.ZoneInfo, new: zoneinfo.ZoneInfo) -> None:
    opens = definition.moved(mine.opens_at, old, new)
    closes = definition.moved(mine.closes_at, old, new) if mine.closes_at else None
    Appointment.objects.filter(pk=mine.pk).update(opens_at=opens, closes_at=closes)
    Link.objects.filter(pk=mine.link_id).update(opens_at=opens, closes_at=closes)
    for each in mine.reminders.filter(state=Reminder.State.DUE):
        Reminder.objects.filter(pk=each.pk).update(due_at=definition.moved(each.due_at, old, new))
