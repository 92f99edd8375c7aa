"""What members see of their acts: the rounds that are over, and what may be done in this one."""

from typing import Any

from experiments.definition.groups import Rounds, awaited
from experiments.models import Meeting, Member
from experiments.services.groups.acts import seats_at
from experiments.services.groups.meetings import meeting_at
from experiments.views.steps.kind import Shown

NOTHING = "nothing in time"


def label_of(member: Member) -> str:
    number = f"Member {(member.seat or 0) + 1}"
    return f"{number} ({member.role})" if member.role else number


def shown(step: Shown, member: Member) -> dict[str, Any]:
    """Return the rounds for the page. Acts that are made together are shown when all are made."""
    meeting = meeting_at(member, step.turn.visit)
    if meeting is None:
        return {}
    seats, together = seats_at(meeting), step.step.together
    now_acting = awaited(meeting.rounds, seats, together.order)
    return {
        "number": len(meeting.rounds) - 1,
        "round": len(meeting.rounds),
        "rounds": together.rounds,
        "acts": together.acts if member.seat in now_acting else (),
        "still": len(awaited(meeting.rounds, seats, "together")),
        "told": list(_told(meeting, step, _past(meeting, together.order))),
        "until": meeting.round_ends_at,
    }


def _past(meeting: Meeting, order: str) -> Rounds:
    return meeting.rounds if meeting.finished_at or order == "in-turn" else meeting.rounds[:-1]


def _told(meeting: Meeting, step: Shown, past: Rounds) -> Any:
    """Yield each round, the latest first, as (its number, [(who, what)])."""
    group = Member.objects.filter(group=meeting.group_id)
    names = {str(each.seat): label_of(each) for each in group}
    words = {option.code: option.label for option in step.step.together.acts}
    for number, made in reversed(list(enumerate(past, start=1))):
        done = sorted(made.items(), key=lambda pair: int(pair[0]))
        if done:
            yield number, [(names.get(seat, ""), words.get(code, NOTHING)) for seat, code in done]
