"""Beginning steps together: arriving, being there, and what follows when time is over."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from experiments.definition.groups import Grouping, Together, awaited, with_act
from experiments.definition.protocol import Protocol
from experiments.errors import LobbyIsBusy
from experiments.models import Group, Meeting, Member, Revision, Sitting
from experiments.queries.groups import (
    Company,
    company_of,
    grouping_of,
    members_of,
    news_of,
    stamp,
)
from experiments.services.groups import decisions, lobby
from experiments.services.groups.decisions import Due, Turn, together_of
from experiments.services.groups.telling import tell
from runs.models import Run, Visit

MOST_TRIES = 50  # each time somebody else was quicker, so somebody has got on
BEATS = 3  # a browser that asks is noted so often in the time of grace
SOON_MS, SLOW_MS, LONGEST_MS = 1000, 5000, 60_000


def arrive(*, sitting: Sitting, visit: Visit, at: datetime) -> Company:
    """Let a run be at a step of its group; arriving again changes nothing, and is one query.

    Raises
    ------
    LobbyIsBusy
        So many come at this instant that no seat could be had.
    """
    be_seen(run=sitting.run, words=sitting.revision.read, at=at)
    is_settled = False
    for _ in range(MOST_TRIES):
        company = company_of(sitting.run_id)
        if company is None:
            _try_to_join(sitting, visit, at)
        elif _is_elsewhere(company.me, visit):
            _come(company.me, visit, at)
        elif is_settled or not _is_due(company, at):
            return company
        else:
            is_settled = _has_settled(company, at)
    raise LobbyIsBusy


def _has_settled(company: Company, at: datetime) -> bool:
    if company.me.group:
        settle(group=company.me.group, at=at)
    return True


def _is_due(company: Company, at: datetime) -> bool:
    group = company.me.group
    return group is not None and not _due(group, company.all, at).is_nothing


def _is_elsewhere(member: Member, visit: Visit) -> bool:
    group = member.group
    if group is None or group.status == Group.Status.OVER:
        return False
    return meeting_at(member, visit) is None or member.gone_at is not None


def meeting_at(member: Member, visit: Visit) -> Meeting | None:
    """Return the meeting of a visit, when the member is at it."""
    here = member.meeting
    return here if here and here.key == lobby.key_of(visit) else None


def _try_to_join(sitting: Sitting, visit: Visit, at: datetime) -> None:
    """Sit down in the lobby; another may be quicker, and then it is tried again."""
    with suppress(IntegrityError), transaction.atomic():
        seat = lobby.sit_down(sitting=sitting, visit=visit, at=at)
        _settle_held(seat.group, seat.all, at)


@transaction.atomic
def _come(member: Member, visit: Visit, at: datetime) -> None:
    """Note who has come, and where to; the group's row makes others wait for a moment."""
    group = member.group
    if group is None or not raise_version(group):
        return
    meeting = lobby.meeting_of(group=group, visit=visit, at=at)
    mine = Member.objects.filter(pk=member.pk, group=group)
    if not mine.update(meeting=meeting, gone_at=None):
        return  # the seat has just been given away
    kind = "group returned" if member.gone_at else "group arrived"
    tell([member.run_id], kind, at, step=visit.step, opened=meeting.opened_at is not None)
    here = company_of(member.run_id)
    if here and here.me.group:
        _settle_held(here.me.group, here.all, at)


def _settle_held(group: Group, members: Sequence[Member], at: datetime) -> None:
    """Do what is due, given members as they are while the group's row is held."""
    due = _due(group, members, at)
    if not due.is_nothing:
        _do(group, due, at, members)


def raise_version(group: Group) -> bool:
    open_group = Group.objects.filter(pk=group.pk).exclude(status=Group.Status.OVER)
    return bool(open_group.update(version=F("version") + 1))


def be_seen(*, run: Run, words: Protocol, at: datetime) -> None:
    """Note that a run's browser is there; a note that is fresh enough is not written again."""
    if _note_seen(run.pk, run.seen_at, grouping_of(words), at):
        run.seen_at = at


def _note_seen(run: UUID, seen_at: datetime | None, grouping: Grouping, at: datetime) -> bool:
    beat = timedelta(seconds=grouping.grace_s / BEATS)
    if seen_at and seen_at > at - beat:
        return False
    stale = Run.objects.filter(Q(seen_at=None) | Q(seen_at__lte=at - beat), pk=run)
    return bool(stale.filter(status__in=Run.OPEN).update(seen_at=at))


@transaction.atomic
def settle(*, group: Group, at: datetime) -> bool:
    """Do what is due in a group; return whether something was.

    Many may ask at once. Who raises the version that the decision was made upon does it; the
    others leave it, and whoever asks next sees to what is left.
    """
    group = Group.objects.get(pk=group.pk)
    due = _due(group, members_of(group), at)
    if due.is_nothing:
        return False
    mine = Group.objects.filter(pk=group.pk, version=group.version)
    if not mine.update(version=F("version") + 1):
        return False
    _do(group, due, at)
    return True


def _due(group: Group, members: Sequence[Member], at: datetime) -> Due:
    if group.status == Group.Status.FORMING:
        return decisions.in_lobby(group.words, members, at)
    if group.status == Group.Status.TOGETHER:
        return decisions.together(group.words, members, at)
    return Due()


def _do(group: Group, due: Due, at: datetime, members: Sequence[Member] = ()) -> None:
    if due.leave:
        lobby.free_seats(group=group, members=due.leave, at=at)
    if due.alone:
        lobby.let_go(group=group, members=due.alone, at=at)
    if due.begins:
        lobby.begin(group=group, at=at)
        _do(group, decisions.together(group.words, members_of(group), at), at)
    _miss(group, due.gone, at)
    if due.over:
        end(group=group, why=due.over, at=at)
    for meeting in due.opens:
        here = [each.run_id for each in members if each.meeting_id == meeting.pk]
        open_step(meeting=meeting, words=group.words, at=at, here=here or None)
    for turn in due.turns:
        _go_on(turn, together_of(group.words, turn.meeting.step), at)


def _miss(group: Group, gone: tuple[Member, ...], at: datetime) -> None:
    Member.objects.filter(pk__in=[each.pk for each in gone]).update(gone_at=at)
    tell([each.run_id for each in gone], "group member gone", at, group=str(group.pk))


def end(*, group: Group, why: str, at: datetime) -> bool:
    """End a group, once; what its members have done is kept, and they go on alone."""
    going = Group.objects.filter(pk=group.pk).exclude(status=Group.Status.OVER)
    done = {"status": Group.Status.OVER, "ended_at": at, "why": why[:200]}
    if not going.update(version=F("version") + 1, **done):
        return False
    tell([each.run_id for each in members_of(group)], "group over", at, why=why[:200])
    return True


def open_step(
    *, meeting: Meeting, words: Protocol, at: datetime, here: Iterable[UUID] | None = None
) -> bool:
    """Let all who have come begin a step, once; ``here`` are their runs, where they are known."""
    together = together_of(words, meeting.step)
    until = at + timedelta(seconds=together.round_s) if together.acts else None
    waiting = Meeting.objects.filter(pk=meeting.pk, opened_at=None)
    if not waiting.update(
        opened_at=at,
        round_ends_at=until,
        finished_at=None if together.acts else at,
        state={"rounds": [{}]} if together.acts else {},
        version=F("version") + 1,
    ):
        return False
    if here is None:
        here = Member.objects.filter(meeting=meeting).values_list("run_id", flat=True)
    tell(here, "group step began", at, step=meeting.step)
    return True


def _go_on(turn: Turn, together: Together, at: datetime) -> None:
    """Close a round, or a turn in it, for who did nothing in time; open the next."""
    meeting = turn.meeting
    rounds = with_act(meeting.rounds, turn.missing, None)
    if turn.missing:
        slow = Member.objects.filter(meeting=meeting, seat__in=turn.missing)
        tell(slow.values_list("run_id", flat=True), "group act missed", at,
             step=meeting.step, round=len(rounds) - 1)  # fmt: skip
    write(meeting=meeting, rounds=rounds, seats=turn.seats, together=together, at=at)


def write(
    *, meeting: Meeting, rounds: list[dict[str, object]], seats: tuple[int, ...],
    together: Together, at: datetime,
) -> bool:  # fmt: skip
    """Keep what was done, if nobody has changed it since it was read; begin the next round."""
    over = not awaited(rounds, seats, together.order)
    finished = over and len(rounds) >= together.rounds
    if over and not finished:
        rounds = [*rounds, {}]
    same = Meeting.objects.filter(pk=meeting.pk, version=meeting.version, finished_at=None)
    return bool(
        same.update(
            state=meeting.state | {"rounds": rounds},
            version=F("version") + 1,
            round_ends_at=None if finished else at + timedelta(seconds=together.round_s),
            finished_at=at if finished else None,
        )
    )


@dataclass(frozen=True)
class Look:
    """What a waiting browser is told: whether something has changed, and when to ask again."""

    stamp: str
    again_ms: int
    meeting: int | None = None  # whose shared state it may see


def look(*, key: str, at: datetime) -> Look | None:
    """Answer a browser that asks how its group is doing: one query when nothing has changed."""
    news = news_of(key)
    if news is None:
        return None
    if news.group is None or news.revision is None:
        return Look(f"alone.{news.position}", LONGEST_MS)
    words = Revision(pk=news.revision).read
    _note_seen(news.run, news.seen_at, grouping_of(words), at)
    if news.gone_at and news.status == Group.Status.TOGETHER and news.is_open:
        _return(news.run, news.group, at)
        return look(key=key, at=at)
    if news.is_due(grouping_of(words), at) and settle(group=Group(pk=news.group), at=at):
        return look(key=key, at=at)
    again = _again(grouping_of(words), news.status, news.free, is_going=news.is_going)
    return Look(news.stamp, again, news.meeting if news.opened_at else None)


@transaction.atomic
def _return(run: UUID, group: UUID, at: datetime) -> None:
    if raise_version(Group(pk=group)):
        Member.objects.filter(pk=run, group=group).update(gone_at=None)
        tell([run], "group returned", at, group=str(group))


def stamp_of(member: Member, group: Group, sitting: Sitting) -> str:
    return stamp(group.version, sitting.position, is_open=member.run.is_open)


def again_of(member: Member, group: Group) -> int:
    here = member.meeting
    is_going = here is not None and here.finished_at is None
    free = group.size - group.taken
    return _again(grouping_of(group.words), group.status, free, is_going=is_going)


def _again(grouping: Grouping, status: str, free: int, *, is_going: bool) -> int:
    """Return after how many ms a browser asks again: soon where something may happen soon."""
    most = grouping.grace_s * 1000 // BEATS
    if status == Group.Status.FORMING:
        return min(SOON_MS * max(1, free), SLOW_MS, most)
    return min(SOON_MS, most) if is_going and status == Group.Status.TOGETHER else most
