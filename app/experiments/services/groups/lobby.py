"""Gathering: a seat for each who comes, a group when all have come or enough have waited."""

import random
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import F

from experiments.errors import LobbyIsBusy
from experiments.models import Group, Link, Meeting, Member, Sitting
from experiments.queries.groups import grouping_of, member_of, members_of
from experiments.services.groups.decisions import is_lost, together_of
from experiments.services.groups.telling import tell

MOST_TRIES = 50  # each time somebody else was quicker, so somebody has got on


def join(*, sitting: Sitting, at: datetime) -> Member:
    """Give a run its seat, the one that it has or a free one; two never get the same.

    Raises
    ------
    LobbyIsBusy
        So many come at this instant that no seat could be had.
    """
    for _ in range(MOST_TRIES):
        known = member_of(sitting.run_id)
        if known:
            return known
        try:
            with transaction.atomic():
                _sit_down(sitting, at)
        except IntegrityError:
            continue  # another has opened the lobby, or this run came twice at once
    raise LobbyIsBusy


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


def _sit_down(sitting: Sitting, at: datetime) -> None:
    lobby = _lobby(sitting, at)
    _let_ghosts_go(lobby, at)
    free = Group.objects.filter(pk=lobby.pk, status=Group.Status.FORMING, taken__lt=F("size"))
    if not free.update(taken=F("taken") + 1, version=F("version") + 1):
        return  # it filled up a moment ago
    used = set(Member.objects.filter(group=lobby).values_list("seat", flat=True))
    seat = min(set(range(lobby.size)) - used)
    Member.objects.create(run=sitting.run, group=lobby, seat=seat, joined_at=at)
    tell([sitting.run_id], "group joined", at, group=str(lobby.pk), seat=seat)
    if len(used) + 1 == lobby.size:
        begin(group=lobby, at=at)


def _let_ghosts_go(lobby: Group, at: datetime) -> None:
    """Free the seats of who left while nobody was there to notice it, however long ago."""
    grouping = grouping_of(lobby.words)
    lost = tuple(each for each in members_of(lobby) if is_lost(each, grouping, at))
    seen = Group.objects.filter(pk=lobby.pk, version=lobby.version, status=Group.Status.FORMING)
    if lost and seen.update(version=F("version") + 1):
        free_seats(group=lobby, members=lost, at=at)


def _lobby(sitting: Sitting, at: datetime) -> Group:
    pool = pool_of(sitting)
    found = Group.objects.filter(pool=pool, status=Group.Status.FORMING).first()
    return found or Group.objects.create(
        pool=pool,
        revision_id=sitting.revision_id,
        link=sitting.link if _name(sitting.link) else None,
        size=grouping_of(sitting.revision.read).size,
        created_at=at,
    )


def begin(*, group: Group, at: datetime) -> bool:
    """Let a lobby be a group from now on; of two who ask for it, one does it."""
    forming = Group.objects.filter(pk=group.pk, status=Group.Status.FORMING)
    if not forming.update(status=Group.Status.TOGETHER, began_at=at, version=F("version") + 1):
        return False
    members = members_of(group)
    _give_roles(group, members)
    for meeting in Meeting.objects.filter(group=group, opened_at=None):
        wait_s = wait_of(group, meeting.step)
        Meeting.objects.filter(pk=meeting.pk).update(deadline_at=at + timedelta(seconds=wait_s))
    tell([each.run_id for each in members], "group began", at, group=str(group.pk))
    return True


def wait_of(group: Group, step: str) -> int:
    return together_of(group.words, step).wait_s or grouping_of(group.words).wait_s


def _give_roles(group: Group, members: list[Member]) -> None:
    """Give the roles by lot: who came first must not always be the same. The group is the seed."""
    roles = grouping_of(group.words).roles
    if not roles:
        return
    drawn = list(members)
    random.Random(group.pk.int).shuffle(drawn)  # noqa: S311  a lot that can be drawn again
    for member, role in zip(drawn, roles, strict=False):
        Member.objects.filter(pk=member.pk).update(role=role)


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
