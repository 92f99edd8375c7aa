"""Studies of several experiments: who is in one, when their next wave opens, of what they hear."""

from django.db import models
from django.utils.timezone import now

from accounts.models import Project
from experiments.definition import series as definition
from experiments.models.links import Link
from runs.models import Participant, Run
from runs.models.participants import OfProjectQuerySet


class Series(models.Model):
    """Experiments one after the other; ``words`` says when each can be begun."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="series")
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=255)
    words = models.JSONField()
    created_at = models.DateTimeField(default=now)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"], name="series_name_unique_in_project"
            )
        ]

    def __str__(self) -> str:
        return self.title or self.name

    @property
    def read(self) -> definition.Series:
        return definition.read_series(self.words)


class EnrolmentQuerySet(OfProjectQuerySet):
    project_path = "series__project"


class Enrolment(models.Model):
    """Somebody in a series. Their page shows their waves; its token is kept as its hash."""

    series = models.ForeignKey(Series, models.PROTECT, related_name="enrolments")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="enrolments")
    digest = models.CharField(max_length=64, unique=True)
    time_zone = models.CharField(max_length=64)
    words = models.JSONField(help_text="The series as it was when they came.")
    enrolled_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=100, blank=True, default="")

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        ordering = ["enrolled_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "participant"], name="enrolment_once_in_series"
            )
        ]

    def __str__(self) -> str:
        return f"{self.participant} in {self.series}"

    @property
    def project(self) -> Project:
        return self.series.project

    @property
    def read(self) -> definition.Series:
        return definition.read_series(self.words)


class Appointment(models.Model):
    """One wave of one participant, with the link by which they begin it in its window."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        DONE = "done", "Done"
        MISSED = "missed", "Missed"
        CANCELLED = "cancelled", "Cancelled"

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="appointments")
    number = models.PositiveSmallIntegerField()
    wave = models.CharField(max_length=100)
    link = models.OneToOneField(Link, models.PROTECT, related_name="appointment")
    run = models.OneToOneField(
        Run, models.PROTECT, null=True, blank=True, related_name="appointment"
    )
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)

    class Meta:
        ordering = ["enrolment", "number"]
        indexes = [models.Index(fields=["state", "closes_at"], name="appointment_by_state_end")]
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "number"], name="appointment_once")
        ]

    def __str__(self) -> str:
        return f"{self.wave} of {self.enrolment}"


class Reminder(models.Model):
    """A letter about an appointment, posted once or not at all."""

    class State(models.TextChoices):
        DUE = "due", "To be sent"
        POSTED = "posted", "Posted"
        NOT_NEEDED = "not needed", "Not needed any more"
        NO_ADDRESS = "no address", "No address is known"
        FAILED = "failed", "Could not be written"

    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="reminders")
    name = models.CharField(max_length=100)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DUE)
    tries = models.PositiveSmallIntegerField(default=0)
    posted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        indexes = [models.Index(fields=["state", "due_at"], name="reminder_by_state_and_time")]
        constraints = [
            models.UniqueConstraint(fields=["appointment", "name"], name="reminder_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.appointment}"
