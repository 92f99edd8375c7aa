"""A group whose members have all come to the end is over, though nobody is left who would ask."""

from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from experiments.models import Group
from experiments.queries.groups import member_of
from experiments.services import alone
from experiments.services.groups import meetings
from runs.models import Run


def plan(run: Run) -> None:
    """Look at the group of a run that has ended, once others can see that it has."""
    if hasattr(run, "sitting") and run.sitting.revision.read.group:
        transaction.on_commit(partial(_settle, run.pk))


def _settle(run: UUID) -> None:
    member = member_of(run)
    group = member.group if member else None
    if group and group.status == Group.Status.TOGETHER:
        alone.go_on(lambda: meetings.settle(group=group, at=now()), "Ending a group")
