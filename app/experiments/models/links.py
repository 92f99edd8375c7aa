"""Ways in: a link leads to whatever revision is published, or to one that it names."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from accounts.models import Project
from experiments.models.protocols import Protocol, Revision
from experiments.models.recruiters import Recruiter
from runs.models import Participant
from runs.models.participants import OfProjectQuerySet


class LinkQuerySet(OfProjectQuerySet):
    project_path = "protocol__project"

    def open_at(self, at: object) -> Self:
        return self.filter(
            Q(opens_at=None) | Q(opens_at__lte=at),
            Q(closes_at=None) | Q(closes_at__gt=at),
            revoked_at=None,
        )

    def not_used_up(self) -> Self:
        return self.filter(Q(most_uses=None) | Q(uses__lt=F("most_uses")))


class Link(models.Model):
    """A way into a protocol. Its token is shown once and kept as its hash."""

    class Kind(models.TextChoices):
        OPEN = "open", "Open: as many as like"
        SINGLE = "single", "Single use"
        PERSONAL = "personal", "For one participant"
        GROUP = "group", "Group: those who open it take part together"
        PREVIEW = "preview", "Preview: counts as a pilot"

    class Resume(models.TextChoices):
        AS_USUAL = "", "As is usual for its kind"
        NEVER = "never", "Whoever presses the button begins anew"
        BROWSER = "browser", "The browser in which a run began may go on with it, or begin anew"
        LINK = "link", "The link goes on with its run, on any device"

    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="links")
    revision = models.ForeignKey(
        Revision, models.PROTECT, null=True, blank=True, related_name="links"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OPEN)
    label = models.CharField(max_length=200, blank=True, default="")
    digest = models.CharField(max_length=64, unique=True)
    participant = models.ForeignKey(
        Participant, models.PROTECT, null=True, blank=True, related_name="links"
    )
    resume = models.CharField(
        max_length=8, choices=Resume.choices, blank=True, default="", db_default=""
    )
    group = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="Who is put together."
    )
    recruiter = models.ForeignKey(
        Recruiter, models.PROTECT, null=True, blank=True, related_name="links"
    )
    quiet_h = models.PositiveIntegerField(
        null=True, blank=True, help_text="After how many quiet hours a run of it has timed out."
    )
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    most_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_uses=None) | Q(uses__lte=F("most_uses")),
                name="link_is_used_as_often_as_allowed",
            ),
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(closes_at__gt=F("opens_at")),
                name="link_closes_after_it_opens",
            ),
            models.CheckConstraint(
                condition=~Q(kind="personal") | Q(participant__isnull=False),
                name="link_for_one_names_the_participant",
            ),
        ]

    def __str__(self) -> str:
        """Leave the label out: it may name a person, and the history keeps what this returns."""
        return f"{self.get_kind_display()} to {self.protocol}"

    @property
    def resumes(self) -> str:
        """Return how runs of this link go on: as it says, or as is usual for its kind."""
        if self.resume or self.recruiter is None:
            return self.resume or self._usual_resume
        return self.Resume.LINK if self.recruiter.ids_are_secret else self.Resume.BROWSER

    @property
    def _usual_resume(self) -> str:
        one_person = self.kind in {self.Kind.SINGLE, self.Kind.PERSONAL}
        return self.Resume.LINK if one_person else self.Resume.NEVER

    @property
    def project(self) -> Project:
        return self.protocol.project
