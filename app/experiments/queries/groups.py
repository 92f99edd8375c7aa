"""What is asked about groups: by a waiting browser, often and cheaply, and by the pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Subquery

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


@dataclass(frozen=True)
class Company:
    """A member, and all who are in its group, itself among them."""

    me: Member
    all: list[Member]


def company_of(run: UUID) -> Company | None:
    """Return a run's member with its group, and the others of it, in one query."""
    own = Member.objects.filter(run=run).values("group")[:1]
    rows = Member.objects.select_related(*RELATED).filter(Q(group=Subquery(own)) | Q(run=run))
    found = list(rows)
    me = next((each for each in found if each.run_id == run), None)
    return None if me is None else Company(me, found if me.group_id else [])


@dataclass(frozen=True)
class News:
    """What a waiting browser asks for, and what in its group may be due, from one query."""

    run: UUID
    run_status: str
    seen_at: datetime | None
    position: int
    group: UUID | None
    status: str
    revision: UUID | None
    version: int
    free: int
    gone_at: datetime | None
    meeting: int | None
    opened_at: datetime | None
    finished_at: datetime | None
    joined_first: datetime | None
    silent_since: datetime | None
    deadline_at: datetime | None
    round_ends_at: datetime | None
    lost: int

    @property
    def is_open(self) -> bool:
        return self.run_status in Run.OPEN

    @property
    def is_going(self) -> bool:
        return self.meeting is not None and self.finished_at is None

    @property
    def stamp(self) -> str:
        return stamp(self.version, self.position, is_open=self.is_open)

    def is_due(self, grouping: Grouping, at: datetime) -> bool:
        """Say whether time alone changes something in the group now: the same as `is_due`."""
        if self.status == Group.Status.OVER:
            return False
        grace, lobby = timedelta(seconds=grouping.grace_s), timedelta(seconds=grouping.lobby_s)
        is_lobby = self.status == Group.Status.FORMING
        return bool(
            self.lost
            or _is_past(self.silent_since, at - grace, or_now=False)
            or _is_past(self.round_ends_at, at)
            or (_is_past(self.joined_first, at - lobby) if is_lobby else False)
            or (_is_past(self.deadline_at, at) if not is_lobby else False)
        )


def _is_past(moment: datetime | None, at: datetime, *, or_now: bool = True) -> bool:
    return moment is not None and (moment <= at if or_now else moment < at)


def stamp(version: int, position: int, *, is_open: bool) -> str:
    return f"{version}.{position}.{int(is_open)}"


COLUMNS = ("run", "run__status", "run__seen_at", "run__sitting__position", "group",
           "group__status", "group__revision", "group__version")  # fmt: skip
HERE = ("gone_at", "meeting", "meeting__opened_at", "meeting__finished_at")
THEIRS = "group__members__"
STAYS = Q(group__members__gone_at=None)
GOING = STAYS & Q(group__members__meeting__finished_at=None)
FOR_TIME = {
    "joined_first": Min(f"{THEIRS}joined_at", filter=STAYS),
    "silent_since": Min(
        f"{THEIRS}run__seen_at", filter=GOING & Q(group__members__meeting__isnull=False)
    ),
    "deadline": Min(
        f"{THEIRS}meeting__deadline_at", filter=STAYS & Q(group__members__meeting__opened_at=None)
    ),
    "round_ends": Min(f"{THEIRS}meeting__round_ends_at", filter=GOING),
    "lost": Count(f"{THEIRS}pk", filter=STAYS & Q(group__members__run__status__in=LOST)),
}


@cache
def _news() -> Any:
    """Return the question without its key; making it takes longer than answering it."""
    free = F("group__size") - F("group__taken")
    return Member.objects.order_by().values_list(*COLUMNS, free, *HERE).annotate(**FOR_TIME)


def news_of(key: str) -> News | None:
    """Return what there is to tell the browser of a run that a key opens, in one query."""
    mine = _news().filter(run__key_digest=digest(key))
    return next((News(*row) for row in mine), None)


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
