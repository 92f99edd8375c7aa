"""What members see of their acts: the rounds that are over, and what may be done in this one."""

from typing import Any

from experiments.definition.groups import Rounds, awaited
from experiments.models import Meeting, Member
from experiments.queries.groups import Company
from experiments.services.groups.meetings import meeting_at
from experiments.views.steps.kind import Shown

NOTHING = "nothing in time"


def label_of(member: Member) -> str:
    number = f"Member {(member.seat or 0) + 1}"
    return f"{number} ({member.role})" if member.role else number


def shown(step: Shown, company: Company) -> dict[str, Any]:
    """Return the rounds for the page. Acts that are made together are shown when all are made."""
    meeting = meeting_at(company.me, step.turn.visit)
    if meeting is None:
        return {}
    seats, together = _seats_at(meeting, company), step.step.together
    now_acting = awaited(meeting.rounds, seats, together.order)
    return {
        "number": len(meeting.rounds) - 1,
        "round": len(meeting.rounds),
        "rounds": together.rounds,
        "acts": together.acts if company.me.seat in now_acting else (),
        "still": len(awaited(meeting.rounds, seats, "together")),
        "told": list(_told(company, step, _past(meeting, together.order))),
        "until": meeting.round_ends_at,
    }


def _seats_at(meeting: Meeting, company: Company) -> list[int]:
    here = [each for each in company.all if each.meeting_id == meeting.pk and not each.gone_at]
    return [each.seat for each in here if each.seat is not None]


def _past(meeting: Meeting, order: str) -> Rounds:
    return meeting.rounds if meeting.finished_at or order == "in-turn" else meeting.rounds[:-1]


def _told(company: Company, step: Shown, past: Rounds) -> Any:
    """Yield each round, the latest first, as (its number, [(who, what)])."""
    names = {str(each.seat): label_of(each) for each in company.all}
    words = {option.code: option.label for option in step.step.together.acts}
    for number, made in reversed(list(enumerate(past, start=1))):
        done = sorted(made.items(), key=lambda pair: int(pair[0]))
        if done:
            yield number, [(names.get(seat, ""), words.get(code, NOTHING)) for seat, code in done]
