"""What is due in a group at an instant: decided from its rows alone, without writing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from experiments.definition.groups import Grouping, Together, awaited
from experiments.definition.protocol import Protocol, steps_of
from experiments.models import Meeting, Member
from experiments.queries.groups import LOST, grouping_of
from runs.models import Run

ALL_THROUGH = "All of its members have come to the end."


@dataclass(frozen=True)
class Turn:
    """A round that goes on: these seats did nothing in time, or everybody has acted."""

    meeting: Meeting
    seats: tuple[int, ...]
    missing: tuple[int, ...]


@dataclass(frozen=True)
class Due:
    """All that is due at once. ``leave`` frees seats; ``alone`` is for who waited in vain."""

    leave: tuple[Member, ...] = ()
    alone: tuple[Member, ...] = ()
    begins: bool = False
    gone: tuple[Member, ...] = ()
    over: str = ""
    opens: tuple[Meeting, ...] = ()
    turns: tuple[Turn, ...] = ()

    @property
    def is_nothing(self) -> bool:
        return self == Due()


def is_silent(member: Member, grouping: Grouping, at: datetime) -> bool:
    seen = member.run.seen_at
    return seen is None or seen < at - timedelta(seconds=grouping.grace_s)


def in_lobby(words: Protocol, members: Sequence[Member], at: datetime) -> Due:
    """Free the seats of who is gone; when somebody has waited long enough, begin or let them go."""
    grouping = grouping_of(words)
    leave = tuple(each for each in members if is_lost(each, grouping, at))
    here = [each for each in members if each not in leave]
    limit = timedelta(seconds=grouping.lobby_s)
    overdue = tuple(each for each in here if each.joined_at + limit <= at)
    if overdue and len(here) >= grouping.least:
        return Due(leave=leave, begins=True)
    return Due(leave=leave, alone=overdue)


def is_lost(member: Member, grouping: Grouping, at: datetime) -> bool:
    return member.run.status in LOST or is_silent(member, grouping, at)


def together(words: Protocol, members: Sequence[Member], at: datetime) -> Due:
    """Say who is gone, whether the group survives it, and which steps and rounds go on."""
    if not any(each.run.is_open for each in members):
        return Due(over=ALL_THROUGH)
    counted = [each for each in members if each.gone_at is None and not _is_through(each)]
    late = [meeting for meeting in _meetings(counted) if _is_late(meeting, at)]
    gone = tuple(each for each in counted if _is_gone(each, late, words, at))
    rest = [each for each in counted if each not in gone]
    why = _end(gone, rest, words)
    if why:
        return Due(gone=gone, over=why)
    opens = tuple(each for each in _meetings(rest) if _may_open(each, rest))
    turns = tuple(turn for each in _meetings(rest) for turn in _turns(each, rest, words, at))
    return Due(gone=gone, opens=opens, turns=turns)


def _is_through(member: Member) -> bool:
    """Whoever has completed the study is no longer waited for, and is no loss."""
    return member.run.status == Run.Status.COMPLETED


def _meetings(members: Sequence[Member]) -> list[Meeting]:
    return list({each.meeting.pk: each.meeting for each in members if each.meeting}.values())


def _is_late(meeting: Meeting, at: datetime) -> bool:
    return meeting.opened_at is None and meeting.deadline_at <= at


def _is_gone(member: Member, late: Sequence[Meeting], words: Protocol, at: datetime) -> bool:
    if member.run.status in LOST:
        return True
    silent = is_silent(member, grouping_of(words), at)
    if any(silent or member.meeting_id != meeting.pk for meeting in late):
        return True
    here = member.meeting
    waits = here is not None and here.finished_at is None
    return waits and silent and _policy(member, words) != "wait"


def _policy(member: Member, words: Protocol) -> str:
    own = together_of(words, member.meeting.step).when_gone if member.meeting else ""
    return own or grouping_of(words).when_gone


def together_of(words: Protocol, step: str) -> Together:
    return next(each.together for _, each in steps_of(words.flow) if each.name == step)


def _end(gone: Sequence[Member], rest: Sequence[Member], words: Protocol) -> str:
    """Return why the group is over; empty when it goes on."""
    if any(_policy(each, words) == "end" for each in gone):
        return "A member was gone."
    least = grouping_of(words).least
    return f"Fewer than {least} were left." if gone and len(rest) < least else ""


def _may_open(meeting: Meeting, rest: Sequence[Member]) -> bool:
    return meeting.opened_at is None and all(each.meeting_id == meeting.pk for each in rest)


def _turns(
    meeting: Meeting, rest: Sequence[Member], words: Protocol, at: datetime
) -> Sequence[Turn]:
    if meeting.round_ends_at is None or meeting.finished_at:
        return ()
    order = together_of(words, meeting.step).order
    seats = tuple(
        each.seat for each in rest if each.meeting_id == meeting.pk and each.seat is not None
    )
    missing = tuple(awaited(meeting.rounds, seats, order))
    if missing and meeting.round_ends_at > at:
        return ()
    return (Turn(meeting, seats, missing),)
