"""Gathering: a seat for each who comes, a group when all have come or enough have waited."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Case, DateTimeField, F, Value, When

from experiments.definition.protocol import steps_of
from experiments.models import Group, Link, Meeting, Member, Sitting
from experiments.queries.groups import grouping_of, members_of
from experiments.services.groups.decisions import is_lost, together_of
from experiments.services.groups.telling import keep, tell, told
from runs.models import Visit


@dataclass(frozen=True)
class Seat:
    """A run that has sat down at a step, and who was there before it; the group's row is held."""

    group: Group
    member: Member
    others: tuple[Member, ...]

    @property
    def all(self) -> list[Member]:
        return [*self.others, self.member]


def sit_down(*, sitting: Sitting, visit: Visit, at: datetime) -> Seat:
    """Give a run a free seat, at the step of its visit; the last seat makes it a group.

    Raises
    ------
    IntegrityError
        Another has opened the lobby at this instant, or this run has come twice.
    """
    group = _lobby(sitting, at)
    others = _let_ghosts_go(group, at)
    seat = min(set(range(group.size)) - {each.seat for each in others})
    meeting = meeting_of(group=group, visit=visit, at=at, known=others)
    member = Member(run=sitting.run, group=group, meeting=meeting, seat=seat, joined_at=at)
    member.save(force_insert=True)
    events = told([member.run_id], "group joined", at, group=str(group.pk), seat=seat)
    events += told([member.run_id], "group arrived", at, step=visit.step, opened=False)
    keep(events)
    return _seated(Seat(group, member, tuple(others)), at)


def _seated(seat: Seat, at: datetime) -> Seat:
    group = Group.objects.filter(pk=seat.group.pk)
    if len(seat.all) == seat.group.size:
        begin(group=seat.group, at=at, members=seat.all, taken=F("taken") + 1)
    else:
        group.update(taken=F("taken") + 1, version=F("version") + 1)
    return seat


def key_of(visit: Visit) -> str:
    """Return what the visits of all members have in common who are to begin together."""
    return f"{visit.step}:{','.join(map(str, visit.passes))}"


def meeting_of(
    *, group: Group, visit: Visit, at: datetime, known: Sequence[Member] = ()
) -> Meeting:
    """Return the meeting of a visit. The group's row is held, so one of all who come makes it."""
    key, until = key_of(visit), at + timedelta(seconds=wait_of(group, visit.step))
    met = [each.meeting for each in known if each.meeting and each.meeting.key == key]
    found = met[0] if met else Meeting.objects.filter(group=group, key=key).first()
    return found or Meeting.objects.create(group=group, key=key, step=visit.step, deadline_at=until)


def pool_of(sitting: Sitting) -> str:
    """Return what a run is gathered from: its revision, or the links that are put together."""
    own = sha256(_name(sitting.link).encode()).hexdigest()[:32]
    return f"{sitting.revision_id}:{own}:{'pilot' if sitting.run.is_pilot else ''}"


def _name(link: Link | None) -> str:
    """Return what the links of a group have in common: a name, or that they are one link."""
    if link is None:
        return ""
    if link.group:
        return f"named {link.group}"
    return f"link {link.pk}" if link.kind == Link.Kind.GROUP else ""


def _let_ghosts_go(lobby: Group, at: datetime) -> list[Member]:
    """Free the seats of who left while nobody was there to notice it; return who is there."""
    grouping, here = grouping_of(lobby.words), members_of(lobby)
    lost = tuple(each for each in here if is_lost(each, grouping, at))
    if lost:
        free_seats(group=lobby, members=lost, at=at)
    return [each for each in here if each not in lost]


def _lobby(sitting: Sitting, at: datetime) -> Group:
    """Return the lobby with its row held: whoever else comes at this instant waits."""
    pool = pool_of(sitting)
    forming = Group.objects.select_for_update().filter(pool=pool, status=Group.Status.FORMING)
    return forming.first() or Group.objects.create(
        pool=pool,
        revision_id=sitting.revision_id,
        link=sitting.link if _name(sitting.link) else None,
        size=grouping_of(sitting.revision.read).size,
        created_at=at,
    )


def begin(
    *, group: Group, at: datetime, members: Sequence[Member] | None = None, **more: Any
) -> bool:
    """Let a lobby be a group from now on; of two who ask for it, one does it.

    ``members`` are at hand where the group's row is held already; what is read of them stays true.
    """
    forming = Group.objects.filter(pk=group.pk, status=Group.Status.FORMING)
    done = {"status": Group.Status.TOGETHER, "began_at": at}
    if not forming.update(version=F("version") + 1, **done, **more):
        return False
    group.status, group.began_at = Group.Status.TOGETHER, at
    members = members_of(group) if members is None else members
    _give_roles(group, members)
    _wait_from(group, members, at)
    tell([each.run_id for each in members], "group began", at, group=str(group.pk))
    return True


def _wait_from(group: Group, members: Sequence[Member], at: datetime) -> None:
    """Let each step wait from now on: what was waited in the lobby does not count."""
    steps = [each for _, each in steps_of(group.words.flow) if each.together.wait_s]
    until = {each.name: at + timedelta(seconds=wait_of(group, each.name)) for each in steps}
    usual = at + timedelta(seconds=grouping_of(group.words).wait_s)
    own = [When(step=name, then=Value(time)) for name, time in until.items()]
    Meeting.objects.filter(group=group, opened_at=None).update(
        deadline_at=Case(*own, default=Value(usual), output_field=DateTimeField())
    )
    for each in members:
        if each.meeting:
            each.meeting.deadline_at = until.get(each.meeting.step, usual)


def wait_of(group: Group, step: str) -> int:
    return together_of(group.words, step).wait_s or grouping_of(group.words).wait_s


def _give_roles(group: Group, members: Sequence[Member]) -> None:
    """Give the roles by lot: who came first must not always be the same. The group is the seed."""
    roles = grouping_of(group.words).roles
    if not roles:
        return
    drawn = list(members)
    random.Random(group.pk.int).shuffle(drawn)  # noqa: S311  a lot that can be drawn again
    for member, role in zip(drawn, roles, strict=False):
        member.role = role
    Member.objects.bulk_update(drawn, ["role"])


def free_seats(*, group: Group, members: tuple[Member, ...], at: datetime) -> None:
    """Take members out of the lobby who are not there any more; when they return they join anew."""
    _leave(group, members)
    Member.objects.filter(pk__in=[each.pk for each in members]).delete()
    tell([each.run_id for each in members], "group left", at, group=str(group.pk))


def let_go(*, group: Group, members: tuple[Member, ...], at: datetime) -> None:
    """Let members go on alone who have waited in vain."""
    _leave(group, members)
    alone = Member.objects.filter(pk__in=[each.pk for each in members])
    alone.update(group=None, seat=None, meeting=None)
    tell([each.run_id for each in members], "group not found", at, group=str(group.pk))


def _leave(group: Group, members: tuple[Member, ...]) -> None:
    Group.objects.filter(pk=group.pk).update(taken=F("taken") - len(members))
