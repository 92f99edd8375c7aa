"""A step that a group begins together: waiting, then a page of items or acts in rounds."""

import math
from typing import Any

from django.urls import reverse
from django.utils.timezone import now

from experiments import forms
from experiments.definition.groups import ALONE, OVER, ROLE, TOGETHER
from experiments.definition.items import Option
from experiments.models import Group, Member
from experiments.queries.groups import Company, company_of, grouping_of
from experiments.services import sittings
from experiments.services.groups import acts, meetings
from experiments.services.groups.decisions import is_silent
from experiments.views.steps import page, rounds
from experiments.views.steps.kind import Again, Kind, Shown
from runs.rows import said
from runs.services.forms import Given

LOBBY, WAITING, OPEN, ACTING, DONE = "lobby", "waiting", "open", "acting", "done"
WAITS = {LOBBY, WAITING, ACTING}  # the page changes by itself
LONGEST_NUMBER = 6
LOOK_AGAIN_S = 5  # without JavaScript


def phase_of(shown: Shown, member: Member) -> str:
    """Return how far a member is at the step that is shown."""
    group, meeting = member.group, meetings.meeting_at(member, shown.turn.visit)
    if group is None:
        return ALONE
    if meeting and meeting.finished_at:
        return DONE if shown.step.together.acts else OPEN
    if group.status == Group.Status.OVER:
        return OVER
    if meeting and meeting.opened_at:
        return ACTING
    return LOBBY if group.status == Group.Status.FORMING else WAITING


def show(shown: Shown) -> dict[str, Any]:
    turn = shown.turn
    return _context(shown, meetings.arrive(sitting=turn.sitting, visit=turn.visit, at=now()))


def _context(shown: Shown, company: Company) -> dict[str, Any]:
    member = company.me
    phase = phase_of(shown, member)
    context = {"phase": phase, "waits": phase in WAITS, "member": member}
    context["me"] = rounds.label_of(member) if member.role else ""
    context |= _asking(shown, member)
    if phase == OPEN:
        return context | page.show(shown)
    context |= {"page": None, "leave_label": "", "people": people_of(company)}
    return context | (rounds.shown(shown, company) if phase in {ACTING, DONE} else {})


def _asking(shown: Shown, member: Member) -> dict[str, Any]:
    """Return where and when the page asks for news, by itself or by being loaded anew."""
    match, group = shown.request.resolver_match, member.group
    key = match.kwargs["key"] if match else ""
    carried = "" if shown.request.COOKIES else f"?holder={shown.turn.holder}"
    sitting = shown.turn.sitting
    return {
        "ask_at": reverse("experiments:group-ask", args=[key]),
        "page_at": reverse("experiments:page", args=[key]) + carried,
        "stamp": meetings.stamp_of(member, group, sitting) if group else "",
        "again_ms": meetings.again_of(member, group) if group else 0,
        "again_s": LOOK_AGAIN_S,
    }


def people_of(company: Company) -> list[dict[str, Any]]:
    """Return who belongs to the group, and who of them is there, for the members themselves."""
    if company.me.group is None:
        return []
    grouping, at = grouping_of(company.me.group.words), now()
    return [
        {
            "label": rounds.label_of(each),
            "is_me": each.pk == company.me.pk,
            "is_here": each.gone_at is None and not is_silent(each, grouping, at),
        }
        for each in company.all
    ]


def take(shown: Shown) -> Again | None:
    company = company_of(shown.turn.sitting.run_id)
    if company is None:
        return Again({"phase": WAITING, "waits": True}, 409)
    if "act" in shown.request.POST:
        return _act(shown, company)
    outcome = _outcome(shown, company.me)
    return _finish(shown, company, outcome) if outcome else _not_yet(shown, company)


def _outcome(shown: Shown, member: Member) -> str:
    """Return how the step went for the member; empty while it is going on."""
    phase = phase_of(shown, member)
    if phase in {OPEN, DONE} or shown.turn.visit.submitted_at:
        return TOGETHER
    return phase if phase in {ALONE, OVER} else ""


def _not_yet(shown: Shown, company: Company) -> Again:
    return Again(_context(shown, company) | {"notice": "The group is not that far yet."}, 409)


def _finish(shown: Shown, company: Company, outcome: str) -> Again | None:
    sent, turn = shown.request.POST, shown.turn
    told = _told(shown, company.me, outcome)
    if outcome != TOGETHER or not shown.step.page:
        sittings.answer(turn=turn, answers=told)
        return None
    fields = page.read(shown)
    faults = [each for each in fields if each.error]
    if faults:
        return Again(_context(shown, company) | {"fields": fields, "faults": faults})
    answers = forms.answers_of(fields)
    sittings.answer(turn=turn, answers=[*answers, *told], leave="leave" in sent)
    return None


def _told(shown: Shown, member: Member, outcome: str) -> list[Given]:
    """Return what conditions may ask for: how the step went, and in which role."""
    name = shown.step.name
    roles = [Given(said(f"{name}{ROLE}", member.role))] if member.role else []
    return [Given(said(name, outcome)), *roles]


def _act(shown: Shown, company: Company) -> Again | None:
    sent = shown.request.POST
    option, number = _option(shown, sent["act"]), sent.get("round", "")
    if option is None or not (
        number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER
    ):
        return Again(_context(shown, company) | {"notice": "Choose one of what is offered."})
    done = acts.act(turn=shown.turn, member=company.me, option=option, number=int(number),
                    at=now(), rt_ms=_milliseconds(sent.get("rt", "")))  # fmt: skip
    if done:
        return None
    after = company_of(company.me.run_id) or company
    late = "That came too late, or it was not your turn; the group has gone on."
    return Again(_context(shown, after) | {"notice": late}, 409)


def _option(shown: Shown, code: str) -> Option | None:
    offered = {str(option.code): option for option in shown.step.together.acts}
    return offered.get(code)


def _milliseconds(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


KIND = Kind("group", show, take)
