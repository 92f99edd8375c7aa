"""What is asked about groups: by a waiting browser, often and cheaply, and by the pages."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.keys import digest
from experiments.definition.groups import Grouping
from experiments.definition.protocol import Protocol
from experiments.models import Group, Member
from runs.models import Run

RELATED = ("run", "group", "meeting")
LOST = (Run.Status.DECLINED, Run.Status.SCREENED_OUT, Run.Status.WITHDRAWN, Run.Status.TIMED_OUT)


def grouping_of(words: Protocol) -> Grouping:
    if words.group is None:
        raise RuntimeError(f"{words.name} knows no groups.")
    return words.group


def member_of(run: UUID) -> Member | None:
    return Member.objects.select_related(*RELATED).filter(run=run).first()


def members_of(group: Group) -> list[Member]:
    return list(Member.objects.select_related("run", "meeting").filter(group=group))


def member_by_key(key: str) -> Member | None:
    """Return the member whose run a key opens, with the place of the run, in one query."""
    rows = Member.objects.select_related(*RELATED, "run__sitting")
    return rows.filter(run__key_digest=digest(key)).first()


def is_due(group: Group, at: datetime) -> bool:
    """Say whether time alone changes something in a group now, in one query."""
    members = Member.objects.filter(group=OuterRef("pk"))
    found = Exists(members.filter(_due(grouping_of(group.words), at)))
    through = Q(~Exists(members.filter(run__status__in=Run.OPEN)), status=Group.Status.TOGETHER)
    open_groups = Group.objects.exclude(status=Group.Status.OVER)
    return open_groups.filter(found | through, pk=group.pk).exists()


def _due(grouping: Grouping, at: datetime) -> Q:
    """Return what must be true of one of the members: silent, overdue, ended, or out of time."""
    silent = Q(run__seen_at__lt=at - timedelta(seconds=grouping.grace_s))
    waits = Q(meeting__finished_at=None, meeting__isnull=False)
    overdue = Q(
        group__status=Group.Status.FORMING,
        joined_at__lte=at - timedelta(seconds=grouping.lobby_s),
    )
    late = Q(
        group__status=Group.Status.TOGETHER,
        meeting__opened_at=None,
        meeting__deadline_at__lte=at,
    )
    slow = Q(meeting__finished_at=None, meeting__round_ends_at__lte=at)
    ended = Q(run__status__in=LOST)
    return Q(gone_at=None) & ((silent & waits) | overdue | late | slow | ended)


def has_lost_its_group(run: UUID) -> bool:
    """Say whether a run goes on without others: it waited in vain, or its group is over."""
    lost = Q(group=None) | Q(group__status=Group.Status.OVER)
    return Member.objects.filter(lost, run=run).exists()


def groups_of(person: Any) -> Any:
    """Return the groups that a person may look at, the newest first."""
    rows = Group.objects.visible_to(person).select_related("revision__protocol__project")
    return rows.defer("revision__words", "revision__protocol__draft")
