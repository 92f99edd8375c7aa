"""Beginning steps together: arriving, being there, and what follows when time is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from experiments.definition.groups import Together, awaited, with_act
from experiments.definition.protocol import Protocol
from experiments.errors import LobbyIsBusy
from experiments.models import Group, Meeting, Member, Sitting
from experiments.queries.groups import (
    grouping_of,
    is_due,
    member_by_key,
    member_of,
    members_of,
)
from experiments.services.groups import decisions, lobby
from experiments.services.groups.decisions import Due, Turn, together_of
from experiments.services.groups.telling import tell
from runs.models import Run, Visit

MOST_TRIES = 5
BEATS = 3  # a browser that asks is noted so often in the time of grace


def key_of(visit: Visit) -> str:
    """Return what the visits of all members have in common who are to begin together."""
    return f"{visit.step}:{','.join(map(str, visit.passes))}"


def arrive(*, sitting: Sitting, visit: Visit, at: datetime) -> Member:
    """Let a run be at a step of its group; arriving again changes nothing.

    Raises
    ------
    LobbyIsBusy
        No seat could be had at this instant.
    """
    be_seen(run=sitting.run, words=sitting.revision.read, at=at)
    for _ in range(MOST_TRIES):
        found = _be_there(lobby.join(sitting=sitting, at=at), visit, at)
        if found:
            return found
    raise LobbyIsBusy


def _be_there(member: Member, visit: Visit, at: datetime) -> Member | None:
    """Return the member as it is after it came; None when its seat has just been given away."""
    group = member.group
    if group is None or group.status == Group.Status.OVER:
        return member
    if meeting_at(member, visit) is None or member.gone_at:
        _come(member, group, visit, at)
    elif not is_due(group, at):
        return member
    settle(group=group, at=at)
    return member_of(member.run_id)


def meeting_at(member: Member, visit: Visit) -> Meeting | None:
    """Return the meeting of a visit, when the member is at it."""
    here = member.meeting
    return here if here and here.key == key_of(visit) else None


@transaction.atomic
def _come(member: Member, group: Group, visit: Visit, at: datetime) -> None:
    """Note who has come, and where to; the group's row makes others wait for a moment."""
    if not raise_version(group):
        return
    wait = timedelta(seconds=lobby.wait_of(group, visit.step))
    meeting, _ = Meeting.objects.get_or_create(
        group=group,
        key=key_of(visit),
        defaults={"step": visit.step, "deadline_at": at + wait},
    )
    Member.objects.filter(pk=member.pk, group=group).update(meeting=meeting, gone_at=None)
    kind = "group returned" if member.gone_at else "group arrived"
    tell([member.run_id], kind, at, step=visit.step, opened=meeting.opened_at is not None)


def raise_version(group: Group) -> bool:
    open_group = Group.objects.filter(pk=group.pk).exclude(status=Group.Status.OVER)
    return bool(open_group.update(version=F("version") + 1))


def be_seen(*, run: Run, words: Protocol, at: datetime) -> None:
    """Note that a run's browser is there; a note that is fresh enough is not written again."""
    beat = timedelta(seconds=grouping_of(words).grace_s / BEATS)
    if run.seen_at and run.seen_at > at - beat:
        return
    stale = Run.objects.filter(Q(seen_at=None) | Q(seen_at__lte=at - beat), pk=run.pk)
    stale.filter(status__in=Run.OPEN).update(seen_at=at)


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


def _due(group: Group, members: list[Member], at: datetime) -> Due:
    if group.status == Group.Status.FORMING:
        return decisions.in_lobby(group.words, members, at)
    if group.status == Group.Status.TOGETHER:
        return decisions.together(group.words, members, at)
    return Due()


def _do(group: Group, due: Due, at: datetime) -> None:
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
        open_step(meeting=meeting, words=group.words, at=at)
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


def open_step(*, meeting: Meeting, words: Protocol, at: datetime) -> bool:
    """Let all who have come begin a step, once."""
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
    meeting: Meeting | None = None


def look(*, key: str, at: datetime) -> Look | None:
    """Answer a browser that asks how its group is doing: one query when nothing has changed."""
    member = member_by_key(key)
    if member is None:
        return None
    group, sitting = member.group, member.run.sitting
    if group is None:
        return Look(f"alone.{sitting.position}", 60_000)
    be_seen(run=member.run, words=group.words, at=at)
    if member.gone_at and group.status == Group.Status.TOGETHER and member.run.is_open:
        _return(member, group, at)
    if is_due(group, at) and settle(group=group, at=at):
        return look(key=key, at=at)
    return Look(stamp_of(member, group, sitting), again_of(member, group), member.meeting)


@transaction.atomic
def _return(member: Member, group: Group, at: datetime) -> None:
    if raise_version(group):
        Member.objects.filter(pk=member.pk, group=group).update(gone_at=None)
        tell([member.run_id], "group returned", at, group=str(group.pk))


def stamp_of(member: Member, group: Group, sitting: Sitting) -> str:
    return f"{group.version}.{sitting.position}.{int(member.run.is_open)}"


def again_of(member: Member, group: Group) -> int:
    """Return after how many ms a browser asks again: soon where something may happen soon."""
    most = grouping_of(group.words).grace_s * 1000 // BEATS
    meeting = member.meeting
    if group.status == Group.Status.FORMING:
        return min(1000 if group.taken + 1 >= group.size else 3000, most)
    if meeting and meeting.finished_at is None and group.status == Group.Status.TOGETHER:
        return min(1000, most)
    return most
