"""What is left of a member who has withdrawn: that there was one, and nothing of what they did."""

from typing import Any

from django.db.models import F, QuerySet

from experiments.models import Group, Meeting, Member


def empty(rows: QuerySet[Any]) -> None:
    """Take what members did out of what their groups share, and when exactly they came."""
    for member in rows.select_related("run"):
        # The row of the group first: whoever acts at this instant waits, or is waited for.
        Group.objects.filter(pk=member.group_id).update(version=F("version") + 1)
        for meeting in Meeting.objects.filter(group=member.group_id, group__isnull=False):
            _take_out(meeting, member)
        day = member.run.created_at  # emptied of its time by now
        Member.objects.filter(pk=member.pk).update(meeting=None, joined_at=day)


def _take_out(meeting: Meeting, member: Member) -> None:
    if not any(str(member.seat) in made for made in meeting.rounds):
        return
    rounds = [
        {seat: code for seat, code in made.items() if seat != str(member.seat)}
        for made in meeting.rounds
    ]
    Meeting.objects.filter(pk=meeting.pk).update(
        state=meeting.state | {"rounds": rounds}, version=F("version") + 1
    )
