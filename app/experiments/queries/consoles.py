"""What an experimenter sees of groups, in a number of questions that does not grow with them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from experiments import flow
from experiments.models import Group, Meeting, Member
from experiments.queries.groups import grouping_of, groups_of

SHOWN = 100
LIVE = [Group.Status.FORMING, Group.Status.TOGETHER]


@dataclass(frozen=True)
class Seen:
    """One member as the console shows it."""

    member: Member
    step: str
    is_here: bool

    @property
    def state(self) -> str:
        if not self.member.run.is_open:
            return str(self.member.run.get_status_display())
        if self.member.gone_at:
            return "Gone"
        return "Here" if self.is_here else "Silent"

    @property
    def tone(self) -> str:
        return {"Here": "good", "Gone": "harm", "Silent": "warning"}.get(self.state, "accent")


def latest(person: Any) -> list[Group]:
    """Return the groups that a person sees, those under way first."""
    counted = groups_of(person).annotate(
        people=Count("members"), missing=Count("members", filter=Q(members__gone_at__isnull=False))
    )
    return list(counted.order_by("ended_at", "-created_at")[:SHOWN])


def under_way(person: Any, since: datetime) -> list[Group]:
    """Return the groups in which something has happened lately."""
    lately = Q(members__run__seen_at__gte=since)
    rows = groups_of(person).filter(lately, status__in=LIVE).annotate(people=Count("members"))
    return list(rows.order_by("-created_at")[:5])


def seen_in(group: Group, at: datetime) -> list[Seen]:
    """Return the members of a group, where each is, and whether it is there."""
    rows = Member.objects.select_related("run__participant", "run__sitting", "meeting")
    silent = at - timedelta(seconds=grouping_of(group.words).grace_s)
    return [
        Seen(each, _step(group, each), bool(each.run.seen_at and each.run.seen_at >= silent))
        for each in rows.filter(group=group)
    ]


def _step(group: Group, member: Member) -> str:
    place = member.run.sitting.at
    return flow.step_at(group.words.flow, place).name if place else ""


def meetings_of(group: Group) -> Any:
    """Return the steps that a group has begun or waits for, with how many are there."""
    return Meeting.objects.filter(group=group).annotate(here=Count("members")).order_by("-pk")
