"""A state that the members of a group share: whoever changes it names the version that they saw."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from common.errors import Invalid
from experiments.models import Group, Meeting, Member
from experiments.services.groups.telling import tell
from runs.rows import storable
from runs.services.leases import hold

LARGEST = 64 * 1024  # characters
SHARED = "shared"


class TooMuch(Invalid):
    title = "This is too much to share"
    message = f"What members share is at most {LARGEST // 1024} kB of JSON."
    remedy = "Share less; what belongs to one member is stored as a trial of its run."


@dataclass(frozen=True)
class Shared:
    """What a group shares, and whether it is what was just sent."""

    version: int
    state: Any
    is_kept: bool = True


@transaction.atomic
def share(*, member: Member, meeting: Meeting, holder: str, version: int, state: Any) -> Shared:
    """Replace what a group shares, if it is still the version that the sender saw.

    Otherwise nothing changes, and the sender is told what is shared by now. What is sent again
    because the reply was lost is there already. Each change is an event of the run that made it.

    Raises
    ------
    HeldElsewhere, RunIsOver
        Another browser writes, or the run has ended; nothing is changed.
    TooMuch
        It is larger than a group may share.
    """
    state, at = storable(state), now()
    if len(json.dumps(state)) > LARGEST:
        raise TooMuch
    hold(run=member.run, holder=holder, at=at)
    group = Group.objects.select_for_update().get(pk=meeting.group_id)
    meeting = Meeting.objects.get(pk=meeting.pk)  # as it is now that nobody else writes
    found = shared_in(meeting)
    if found.version == version + 1 and found.state == state:
        return found
    open_now = group.status == Group.Status.TOGETHER and meeting.opened_at is not None
    if found.version != version or not open_now:
        return Shared(found.version, found.state, is_kept=False)
    new = {"version": version + 1, "state": state}
    same = Meeting.objects.filter(pk=meeting.pk, version=meeting.version)
    if not same.update(state=meeting.state | {SHARED: new}, version=F("version") + 1):
        return Shared(found.version, found.state, is_kept=False)
    Group.objects.filter(pk=group.pk).update(version=F("version") + 1)
    tell([member.run_id], "group state", at, step=meeting.step, **new)
    return Shared(version + 1, state)


def shared_in(meeting: Meeting) -> Shared:
    found = meeting.state.get(SHARED, {})
    return Shared(found.get("version", 0), found.get("state"))
