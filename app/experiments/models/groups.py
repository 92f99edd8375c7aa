"""Groups of runs that go through steps together.

The row of a group is the arbiter of all that happens in it: whoever changes a member or a meeting
raises ``version`` first, so that two never decide upon the same state.
"""

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Project
from experiments.definition.protocol import Protocol as Words
from experiments.models.links import Link
from experiments.models.protocols import Revision
from runs.models import Run
from runs.models.participants import OfProjectQuerySet


class GroupQuerySet(OfProjectQuerySet):
    project_path = "revision__protocol__project"


class Group(models.Model):
    """Some who take part together. ``pool`` is what they were gathered from: one lobby for each."""

    class Status(models.TextChoices):
        FORMING = "forming", "Waiting for members"
        TOGETHER = "together", "Together"
        OVER = "over", "Over"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="groups")
    link = models.ForeignKey(Link, models.PROTECT, null=True, blank=True, related_name="groups")
    pool = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.FORMING)
    size = models.PositiveSmallIntegerField()
    taken = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=200, blank=True, default="")
    notes = models.TextField(blank=True, default="")

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["pool"], condition=Q(status="forming"), name="group_one_lobby_in_pool"
            ),
            models.CheckConstraint(
                condition=Q(taken__lte=F("size")), name="group_has_no_more_than_its_size"
            ),
        ]

    def __str__(self) -> str:
        return f"group {str(self.pk)[:8]}"

    @property
    def project(self) -> Project:
        return self.revision.protocol.project

    @property
    def words(self) -> Words:
        """Return the protocol that the group goes through; a process reads it once."""
        return Revision(pk=self.revision_id).read


class Meeting(models.Model):
    """One step that a group begins together: once for each pass of the blocks around it."""

    group = models.ForeignKey(Group, models.PROTECT, related_name="meetings")
    key = models.CharField(max_length=255)
    step = models.CharField(max_length=100)
    deadline_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    round_ends_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveBigIntegerField(default=0)
    state = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["group", "key"], name="meeting_once_in_group"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def rounds(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state.get("rounds") or [{}]
        return found


class Member(models.Model):
    """A run in its group. Without a group it waited in vain; ``gone_at`` while it is missing."""

    run = models.OneToOneField(Run, models.PROTECT, primary_key=True, related_name="member")
    group = models.ForeignKey(Group, models.PROTECT, null=True, blank=True, related_name="members")
    meeting = models.ForeignKey(
        Meeting, models.PROTECT, null=True, blank=True, related_name="members"
    )
    seat = models.PositiveSmallIntegerField(null=True, blank=True)
    role = models.CharField(max_length=100, blank=True, default="")
    joined_at = models.DateTimeField(default=now)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["seat"]
        constraints = [
            models.UniqueConstraint(fields=["group", "seat"], name="member_has_a_seat_alone"),
        ]

    def __str__(self) -> str:
        return f"member {self.seat} of {self.group_id}"
