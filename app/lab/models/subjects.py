"""Animals: who they are, what they were called, what became of them."""

from datetime import date
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.timezone import now

from accounts.models import Lab, Project
from lab.models.colony import Line, Litter, SubjectRequest
from lab.models.lookups import CullMethod, CullReason, Source, Species, Strain
from lab.models.recorded import Recorded
from lab.models.visibility import OfLabQuerySet

NICKNAME = RegexValidator(
    r"^[A-Za-z0-9._-]+$",
    "Write letters, digits, dots, hyphens and underscores: it becomes a folder.",
)
DAYS_A_WEEK = 7


class Sex(models.TextChoices):
    MALE = "M", "male"
    FEMALE = "F", "female"
    UNKNOWN = "U", "unknown"


class Severity(models.IntegerChoices):
    SUB_THRESHOLD = 1, "sub-threshold"
    MILD = 2, "mild"
    MODERATE = 3, "moderate"
    SEVERE = 4, "severe"
    NON_RECOVERY = 5, "non-recovery"


class SubjectQuerySet(OfLabQuerySet["Subject"]):
    projects_path = "projects"

    def alive(self, on: date | None = None) -> "SubjectQuerySet":
        """Return the animals that live on a day: those without a death, or with a later one."""
        return self.filter(Q(died_on=None) | Q(died_on__gt=on or now().date()))

    def dead(self, on: date | None = None) -> "SubjectQuerySet":
        return self.filter(died_on__lte=on or now().date())

    def water_restricted(self) -> "SubjectQuerySet":
        return self.filter(pk__in=_restrictions().filter(ended_at=None).values("subject"))


def _restrictions() -> models.QuerySet[Any]:
    model = apps.get_model("lab", "WaterRestriction")  # it knows animals, so it is loaded later
    return model._default_manager.exclude(began_at=None)  # noqa: SLF001


class Subject(Recorded):
    """One animal."""

    nickname = models.CharField(max_length=64, validators=[NICKNAME])
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="subjects")
    projects = models.ManyToManyField(Project, blank=True, related_name="subjects")
    responsible_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subjects"
    )
    species = models.ForeignKey(Species, models.PROTECT, null=True, blank=True)
    sex = models.CharField(max_length=1, choices=Sex.choices, default=Sex.UNKNOWN)
    strain = models.ForeignKey(Strain, models.PROTECT, null=True, blank=True)
    line = models.ForeignKey(Line, models.PROTECT, null=True, blank=True, related_name="subjects")
    litter = models.ForeignKey(
        Litter, models.PROTECT, null=True, blank=True, related_name="subjects"
    )
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True)
    request = models.ForeignKey(
        SubjectRequest, models.SET_NULL, null=True, blank=True, related_name="subjects"
    )
    born_on = models.DateField("birth date", null=True, blank=True)
    weaned_on = models.DateField("wean date", null=True, blank=True)
    genotyped_on = models.DateField("genotype date", null=True, blank=True)
    died_on = models.DateField("death date", null=True, blank=True)
    reduced_on = models.DateField("reduced date", null=True, blank=True)
    cage_label = models.CharField(max_length=64, blank=True, default="")
    ear_mark = models.CharField(max_length=32, blank=True, default="")
    protocol_number = models.PositiveSmallIntegerField(default=1)
    description = models.TextField(blank=True, default="")
    adverse_effects = models.TextField(blank=True, default="")
    actual_severity = models.PositiveSmallIntegerField(
        choices=Severity.choices, null=True, blank=True
    )
    to_be_genotyped = models.BooleanField(default=False)
    to_be_culled = models.BooleanField(default=False)
    ended_with_death = models.JSONField(
        null=True, blank=True, editable=False,
        help_text="What the animal's death ended, and when: revived, it goes on.",
    )  # fmt: skip
    notes = GenericRelation("lab.Note")
    sequences = models.ManyToManyField(
        "lab.Sequence", through="lab.GenotypeTest", related_name="subjects", blank=True
    )
    alleles = models.ManyToManyField(
        "lab.Allele", through="lab.Zygosity", related_name="subjects", blank=True
    )

    objects: ClassVar[Any] = SubjectQuerySet.as_manager()

    class Meta:
        ordering = ["nickname", "-born_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(died_on=None) | Q(born_on=None) | Q(died_on__gte=F("born_on")),
                name="subject_dies_after_its_birth",
            ),
            models.CheckConstraint(
                condition=Q(weaned_on=None) | Q(born_on=None) | Q(weaned_on__gte=F("born_on")),
                name="subject_is_weaned_after_its_birth",
            ),
            models.CheckConstraint(
                condition=Q(protocol_number__gte=1, protocol_number__lte=4),
                name="subject_protocol_number_is_known",
            ),
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="subject_sex_is_known"),
        ]
        indexes = [models.Index(fields=["nickname"], name="subject_by_nickname")]

    def __str__(self) -> str:
        return self.nickname

    def is_alive(self, on: date | None = None) -> bool:
        return self.died_on is None or self.died_on > (on or now().date())

    @property
    def alive(self) -> bool:
        return self.is_alive()

    @property
    def age_days(self) -> int | None:
        """Return the age in days, until death for an animal that is dead."""
        if self.born_on is None:
            return None
        end = now().date() if self.alive else self.died_on
        return (end - self.born_on).days if end else None

    @property
    def age_weeks(self) -> int | None:
        days = self.age_days
        return None if days is None else days // DAYS_A_WEEK


class SubjectNameQuerySet(OfLabQuerySet["SubjectName"]):
    projects_path = "subject__projects"


class SubjectName(Recorded):
    """Every name that an animal has, had, or answers to: no other animal of the lab may have it."""

    class Kind(models.TextChoices):
        PRESENT = "present", "present name"
        FORMER = "former", "former name"
        ALIAS = "alias", "alias"

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="names")
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=64, validators=[NICKNAME])
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PRESENT)
    since = models.DateTimeField(default=now)
    until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = SubjectNameQuerySet.as_manager()

    class Meta:
        ordering = ["since"]
        constraints = [
            models.UniqueConstraint("lab", Upper("name"), name="subject_name_unique_in_lab"),
            models.UniqueConstraint(
                fields=["subject"], condition=Q(kind="present"), name="subject_has_one_present_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CullQuerySet(OfLabQuerySet["Cull"]):
    lab_path = "subject__lab"
    projects_path = "subject__projects"


class Cull(Recorded):
    """The end of an animal's life by somebody's hand."""

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="cull")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="culls"
    )
    culled_on = models.DateField()
    reason = models.ForeignKey(CullReason, models.PROTECT, null=True, blank=True)
    method = models.ForeignKey(CullMethod, models.PROTECT, null=True, blank=True)
    description = models.TextField(blank=True, default="")

    objects: ClassVar[Any] = CullQuerySet.as_manager()

    class Meta:
        ordering = ["-culled_on"]

    def __str__(self) -> str:
        return f"{self.subject} on {self.culled_on}"

    @property
    def lab(self) -> Lab:
        return self.subject.lab
