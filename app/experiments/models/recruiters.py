"""Where participants come from, and what they are given back: SONA, Prolific, MTurk, or another."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Project
from experiments.models.protocols import Protocol
from runs.models import Run
from runs.models.participants import OfProjectQuerySet


class RecruiterQuerySet(OfProjectQuerySet):
    project_path = "protocol__project"


class Recruiter(models.Model):
    """How a recruiter hands people over to a protocol. No link has one unless it is given one.

    ``settings`` holds nothing secret: keys to a recruiter's own interface are in the site's
    secrets, under the lab's name and ``account``.
    """

    class Kind(models.TextChoices):
        PROLIFIC = "prolific", "Prolific"
        SONA = "sona", "SONA"
        MTURK = "mturk", "MTurk"
        GENERIC = "generic", "Another one"

    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="recruiters")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    settings = models.JSONField(default=dict, blank=True)
    account = models.CharField(
        max_length=40, blank=True, default="", help_text="Empty: nothing is confirmed by us."
    )
    created_at = models.DateTimeField(default=now)

    objects = RecruiterQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol", "name"], name="recruiter_name_unique_in_protocol"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"

    @property
    def spoken(self) -> str:
        """Return what participants know it by."""
        generic = self.kind == self.Kind.GENERIC
        return self.name if generic else str(self.get_kind_display())

    @property
    def ids_are_secret(self) -> bool:
        """Say whether nobody guesses the id of a submission, so that it opens its run again."""
        return self.kind in {self.Kind.PROLIFIC, self.Kind.MTURK}

    @property
    def project(self) -> Project:
        return self.protocol.project


class ArrivalQuerySet(OfProjectQuerySet):
    project_path = "recruiter__protocol__project"


class Arrival(models.Model):
    """Somebody whom a recruiter sent, and what the recruiter is told of their run, once.

    ``person`` and ``submission`` are the recruiter's own ids. They stand here and nowhere else, so
    that an export of runs is without them and erasing somebody empties one row.
    """

    class State(models.TextChoices):
        OPEN = "open", "The run is going on"
        NOTHING = "nothing", "Nothing is to be confirmed"
        WAITING = "waiting", "To be confirmed"
        ACCEPTED = "accepted", "The recruiter has accepted it"
        REFUSED = "refused", "The recruiter refuses it for good"

    link = models.ForeignKey("experiments.Link", models.PROTECT, related_name="arrivals")
    recruiter = models.ForeignKey(Recruiter, models.PROTECT, related_name="arrivals")
    run = models.OneToOneField(Run, models.PROTECT, related_name="arrival")
    person = models.CharField(max_length=255, blank=True, default="", db_index=True)
    submission = models.CharField(max_length=255, blank=True, default="")
    facts = models.JSONField(default=dict, blank=True)
    outcome = models.CharField(max_length=60, blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    tries = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    told = models.TextField(blank=True, default="", help_text="What the recruiter said last.")
    created_at = models.DateTimeField(default=now)

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["state", "tried_at"], name="arrival_by_state_and_try")]
        constraints = [
            models.UniqueConstraint(
                fields=["link", "submission"],
                condition=~Q(submission=""),
                name="arrival_once_by_submission",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.run}"

    @property
    def project(self) -> Project:
        return self.recruiter.project
