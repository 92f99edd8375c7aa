"""What the people of a project may do with a group that is under way."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from accounts import audit
from accounts.models import User
from common.errors import NotAllowed, NotThere
from experiments.errors import NobodyThere, NotesChanged
from experiments.models import Group, Meeting, Member
from experiments.services.groups import lobby, meetings
from experiments.services.groups.telling import tell

LONGEST_NOTES = 20_000


def _need_editable(group: Group, by: User) -> None:
    if not Group.objects.visible_to(by).filter(pk=group.pk).exists():
        raise NotThere
    if not Group.objects.editable_by(by).filter(pk=group.pk).exists():
        raise NotAllowed


@transaction.atomic
def begin(*, group: Group, by: User) -> None:
    """Let a lobby begin with those who are there; begun already, nothing changes.

    Raises
    ------
    NobodyThere
        The lobby is empty.
    """
    _need_editable(group, by)
    at = now()
    if not Member.objects.filter(group=group).exists():
        raise NobodyThere
    if lobby.begin(group=group, at=at):
        audit.record(action="group.begun", user=by, on=group)
        meetings.settle(group=group, at=at)


@transaction.atomic
def go_on(*, group: Group, by: User) -> None:
    """Let every step that waits begin with those who have come, however few they are."""
    _need_editable(group, by)
    at = now()
    if group.status != Group.Status.TOGETHER or not meetings.raise_version(group):
        return
    waiting = Meeting.objects.filter(group=group, opened_at=None, members__isnull=False)
    for meeting in waiting.distinct():
        _without_the_others(meeting, at)
        if meetings.open_step(meeting=meeting, words=group.words, at=at):
            changes = {"step": meeting.step}
            audit.record(action="group.step-begun", user=by, on=group, changes=changes)


def _without_the_others(meeting: Meeting, at: datetime) -> None:
    missing = Member.objects.filter(group=meeting.group_id, gone_at=None).exclude(meeting=meeting)
    runs = list(missing.values_list("run_id", flat=True))
    Member.objects.filter(run__in=runs).update(gone_at=at)
    tell(runs, "group member gone", at, step=meeting.step)


@transaction.atomic
def abort(*, group: Group, by: User, reason: str = "") -> None:
    """End a group; what its members did is kept, and they go on without it."""
    _need_editable(group, by)
    if meetings.end(group=group, why=reason or "Ended by the experimenter.", at=now()):
        audit.record(action="group.ended", user=by, on=group, reason=reason)


@transaction.atomic
def annotate(*, group: Group, by: User, before: str, notes: str) -> None:
    """Keep notes on a group, unless somebody else has written some since ``before`` was read.

    Raises
    ------
    NotesChanged
        Somebody has; both are to be looked at.
    """
    _need_editable(group, by)
    notes = notes[:LONGEST_NOTES]
    if not Group.objects.filter(pk=group.pk, notes__in=[before, notes]).update(notes=notes):
        raise NotesChanged
    audit.record(action="group.annotated", user=by, on=group)
