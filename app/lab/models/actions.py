"""What is done with an animal: sessions, surgeries, injections, restrictions."""

from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import F, Q

from accounts.models import Lab, Project
from lab.models.housing import Location
from lab.models.lookups import ProcedureType, WaterType
from lab.models.recorded import Recorded
from lab.models.subjects import Subject
from lab.models.visibility import OfLabQuerySet
from lab.times import day_of

DAY = "%Y-%m-%d"


class Quality(models.IntegerChoices):
    """The verdict of quality control, as the field's tools spell it."""

    NOT_SET = 0, "NOT_SET"
    PASS = 10, "PASS"
    WARNING = 30, "WARNING"
    FAIL = 40, "FAIL"
    CRITICAL = 50, "CRITICAL"


Row = TypeVar("Row", bound=Recorded)


class ActionQuerySet(OfLabQuerySet[Row]):
    lab_path = "lab"
    projects_path = "subject__projects"


class Action(Recorded):
    """Something done with one animal, by people, at a place, for a time."""

    name = models.CharField(max_length=255, blank=True, default="")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="%(class)ss")
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="+")
    users = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="%(class)ss")
    location = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="%(class)ss"
    )
    procedures = models.ManyToManyField(ProcedureType, blank=True, related_name="%(class)ss")
    narrative = models.TextField(blank=True, default="")
    began_at = models.DateTimeField("start time", null=True, blank=True)
    ended_at = models.DateTimeField("end time", null=True, blank=True)
    after_death = models.CharField(
        "why after the animal's death", max_length=255, blank=True, default=""
    )
    confirmed = models.CharField(
        "why it is right although it looks wrong",
        max_length=255, blank=True, default="", db_default="",
    )  # fmt: skip
    notes = GenericRelation("lab.Note")

    class Meta:
        abstract = True
        ordering = ["-began_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(began_at=None) | Q(ended_at__gte=F("began_at")),
                name="%(class)s_ends_after_its_start",
            )
        ]

    def __str__(self) -> str:
        day = self.began_at.strftime(DAY) if self.began_at else "no date"
        return f"{self._meta.verbose_name} of {self.subject}, {day}"


class SessionQuerySet(ActionQuerySet["Session"]):
    projects_path = "projects"


class Session(Action):
    """One recording or training session: an animal, a day, a number."""

    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    projects = models.ManyToManyField(Project, blank=True, related_name="sessions")
    day = models.DateField(
        editable=False, help_text="The day on which it began, in the lab's zone."
    )
    number = models.PositiveIntegerField(null=True, blank=True)
    type = models.CharField(max_length=255, blank=True, default="")
    task_protocol = models.CharField(max_length=1023, blank=True, default="")
    n_trials = models.PositiveIntegerField(null=True, blank=True)
    n_correct_trials = models.PositiveIntegerField(null=True, blank=True)
    qc = models.PositiveSmallIntegerField(choices=Quality.choices, default=Quality.NOT_SET)
    extended_qc = models.JSONField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = SessionQuerySet.as_manager()

    class Meta(Action.Meta):
        constraints = [
            *Action.Meta.constraints,
            models.UniqueConstraint(
                fields=["subject", "day", "number"], name="session_unique_for_subject_and_day"
            ),
            models.CheckConstraint(
                condition=Q(qc__in=Quality.values), name="session_quality_is_known"
            ),
            models.CheckConstraint(
                condition=Q(n_trials=None)
                | Q(n_correct_trials=None)
                | Q(n_correct_trials__lte=F("n_trials")),
                name="session_has_no_more_correct_trials_than_trials",
            ),
            models.CheckConstraint(condition=Q(began_at__isnull=False), name="session_has_a_start"),
        ]
        indexes = [
            models.Index(fields=["-began_at", "id"], name="session_newest_first"),
            models.Index(fields=["lab", "-began_at", "id"], name="session_newest_first_in_lab"),
            models.Index(fields=["task_protocol"], name="session_by_task_protocol"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}/{self.day}/{self.number or 0:03d}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.began_at:
            self.day = day_of(self.began_at, self.lab)
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "day"}
        super().save(*args, **kwargs)


class SurgeryQuerySet(ActionQuerySet["Surgery"]):
    pass


class Surgery(Action):
    class Outcome(models.TextChoices):
        ACUTE = "a", "acute"
        RECOVERY = "r", "recovery"
        NON_RECOVERY = "n", "non-recovery"

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="surgeries")
    outcome = models.CharField(max_length=1, choices=Outcome.choices, blank=True, default="")
    implant_weight_g = models.FloatField("implant weight (g)", default=0.0)

    objects: ClassVar[Any] = SurgeryQuerySet.as_manager()

    class Meta(Action.Meta):
        verbose_name_plural = "surgeries"
        constraints = [
            *Action.Meta.constraints,
            models.CheckConstraint(
                condition=Q(implant_weight_g__gte=0), name="surgery_implant_weight_is_not_negative"
            ),
        ]


class VirusInjectionQuerySet(ActionQuerySet["VirusInjection"]):
    pass


class VirusInjection(Action):
    class Kind(models.TextChoices):
        IONTOPHORESIS = "I", "iontophoresis"
        PRESSURE = "P", "pressure"

    virus_batch = models.CharField(max_length=255, blank=True, default="")
    volume_nl = models.FloatField("volume (nL)", null=True, blank=True)
    rate_nl_per_min = models.FloatField("rate (nL/min)", null=True, blank=True)
    kind = models.CharField(max_length=1, choices=Kind.choices, blank=True, default="")

    objects: ClassVar[Any] = VirusInjectionQuerySet.as_manager()


class ChronicRecordingQuerySet(ActionQuerySet["ChronicRecording"]):
    pass


class ChronicRecording(Action):
    """A device that stays in an animal."""

    objects: ClassVar[Any] = ChronicRecordingQuerySet.as_manager()


class OtherActionQuerySet(ActionQuerySet["OtherAction"]):
    pass


class OtherAction(Action):
    objects: ClassVar[Any] = OtherActionQuerySet.as_manager()


class WaterRestrictionQuerySet(ActionQuerySet["WaterRestriction"]):
    def open(self) -> "WaterRestrictionQuerySet":
        return self.exclude(began_at=None).filter(ended_at=None)


class WaterRestriction(Action):
    """A time in which an animal gets measured water; open while it lasts."""

    reference_weight_g = models.FloatField("reference weight (g)", null=True, blank=True)
    water_type = models.ForeignKey(WaterType, models.PROTECT, null=True, blank=True)

    objects: ClassVar[Any] = WaterRestrictionQuerySet.as_manager()

    class Meta(Action.Meta):
        constraints = [
            *Action.Meta.constraints,
            models.CheckConstraint(
                condition=Q(reference_weight_g=None) | Q(reference_weight_g__gt=0),
                name="restriction_reference_weight_is_positive",
            ),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(ended_at=None, began_at__isnull=False),
                name="subject_has_one_open_restriction",
            ),
        ]
