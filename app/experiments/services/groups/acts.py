"""What members do together, round by round: each act is a trial of its run, stored once."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from experiments.definition.groups import ACT, awaited, with_act
from experiments.definition.items import Option
from experiments.models import Group, Meeting, Member
from experiments.services.groups.decisions import together_of
from experiments.services.groups.lobby import key_of
from experiments.services.groups.meetings import raise_version, write
from experiments.services.sittings import Turn
from runs.models import Trial
from runs.rows import rows_of
from runs.services import trials


@transaction.atomic
def act(  # noqa: PLR0913  an act brings these along
    *,
    turn: Turn,
    member: Member,
    option: Option,
    number: int,
    at: datetime,
    rt_ms: float | None = None,
) -> bool:
    """Keep what a member did in a round; return whether it counts.

    Sent again it is there already. It does not count, and is not kept, when the round is over or it
    is another's turn. The row of the group makes acts of the same instant follow each other.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended; nothing is stored.
    """
    group = member.group
    if group is None or member.seat is None:
        return False
    raise_version(group)
    meeting = _meeting(group, turn)
    if meeting is None:
        return False
    seats = seats_at(meeting)
    counts = _counts(meeting, member, number, seats)
    if not (counts or _is_kept(turn, number)):
        return False
    row = _row(turn, member, option, number, rt_ms)
    receipt = trials.store(visit=turn.visit, holder=turn.holder, rows=rows_of([row]))
    if counts and not receipt.disputed:
        _tell_others(meeting, member, option, at, seats)
    return True


def _meeting(group: Group, turn: Turn) -> Meeting | None:
    """Return the meeting as it is now, with the group that it is of."""
    rows = Meeting.objects.select_related("group").filter(group=group, key=key_of(turn.visit))
    found: Meeting | None = rows.first()
    return found


def _is_kept(turn: Turn, number: int) -> bool:
    return Trial.objects.filter(visit=turn.visit, index=number).exists()


def _counts(meeting: Meeting, member: Member, number: int, seats: Sequence[int]) -> bool:
    """Say whether a member may act now in the round of this number."""
    group = meeting.group
    if group.status != Group.Status.TOGETHER or meeting.opened_at is None:
        return False
    rounds, order = meeting.rounds, together_of(group.words, meeting.step).order
    is_now = meeting.finished_at is None and number == len(rounds) - 1
    return is_now and member.seat in awaited(rounds, seats, order)


def seats_at(meeting: Meeting) -> tuple[int, ...]:
    """Return the seats of those who are at a step and not gone."""
    here = Member.objects.filter(meeting=meeting, gone_at=None, seat__isnull=False)
    return tuple(each.seat for each in here.only("seat") if each.seat is not None)


def _row(
    turn: Turn, member: Member, option: Option, number: int, rt_ms: float | None
) -> dict[str, object]:
    data: dict[str, object] = {
        "trial_type": "group-act",
        "trial_index": number,
        "item": f"{turn.visit.step}{ACT}",
        "response": option.code,
        "seat": member.seat,
        "role": member.role,
    }
    return {"index": number, "data": data | ({} if rt_ms is None else {"rt": rt_ms})}


def _tell_others(
    meeting: Meeting, member: Member, option: Option, at: datetime, seats: tuple[int, ...]
) -> None:
    if member.seat is None:
        return
    together = together_of(meeting.group.words, meeting.step)
    rounds = with_act(meeting.rounds, [member.seat], option.code)
    write(meeting=meeting, rounds=rounds, seats=seats, together=together, at=at)
