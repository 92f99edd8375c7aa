"""What the lab's records need to know of labs, projects and people besides `accounts`."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from accounts.models import Lab, Project, User
from lab.models.lookups import CageType, Enrichment, Food
from lab.models.recorded import Recorded, RecordedQuerySet
from lab.models.visibility import OfLabQuerySet, Person

PATH_SAFE = RegexValidator(
    r"^[A-Za-z0-9_]+$", "Write letters, digits and underscores only: it becomes part of paths."
)


class LightCycle(models.IntegerChoices):
    NORMAL = 0, "normal"
    INVERTED = 1, "inverted"


class LabProfileQuerySet(OfLabQuerySet["LabProfile"]):
    pass


class LabProfile(Recorded):
    """A lab as its records see it: its name in paths, its rules for weight and water."""

    class WaterRule(models.TextChoices):
        GRAM = "gram", "in proportion to the animal's weight"
        DEFICIT = (
            "deficit",
            "in proportion to what it lacks of the lab's fraction of its reference weight",
        )
        FIXED = "fixed", "the same for every animal"

    class ProtocolRule(models.TextChoices):
        """How a licence's step follows from what was done: 3 restricted, 2 operated, 1 neither."""

        NOW = "now", "3 while water is measured, else 2 after a surgery, else 1"
        EVER = "ever", "3 once water was measured, else 2 after a surgery, else 1"
        BY_HAND = "by hand", "as people set it"

    lab = models.OneToOneField(Lab, on_delete=models.PROTECT, related_name="profile")
    path_name = models.CharField(max_length=64, unique=True, validators=[PATH_SAFE])
    institution = models.CharField(max_length=255, blank=True, default="")
    address = models.TextField(blank=True, default="")
    reference_weight_fraction = models.FloatField(default=0.0)
    zscore_weight_fraction = models.FloatField(default=0.0)
    water_rule = models.CharField(max_length=8, choices=WaterRule.choices, default=WaterRule.GRAM)
    fixed_water_ml = models.FloatField(null=True, blank=True)
    protocol_rule = models.CharField(
        max_length=8, choices=ProtocolRule.choices, default=ProtocolRule.NOW,
        db_default=ProtocolRule.NOW,
    )  # fmt: skip
    least_weight_g = models.FloatField(
        "least plausible weight (g)", default=3.0, db_default=3.0, null=True, blank=True
    )
    most_weight_g = models.FloatField(
        "most plausible weight (g)", default=1000.0, db_default=1000.0, null=True, blank=True
    )
    weight_change_fraction = models.FloatField(
        "most plausible change of weight within a week",
        default=0.3, db_default=0.3, null=True, blank=True,
        help_text="A fraction of the weighing before; empty: any change is plausible.",
    )  # fmt: skip
    welfare_check_hour = models.PositiveSmallIntegerField(
        "hour of the daily check", default=17, db_default=17,
        help_text="From which hour of the lab's day people are told what is still to be done.",
    )  # fmt: skip
    cage_type = models.ForeignKey(CageType, models.SET_NULL, null=True, blank=True)
    enrichment = models.ForeignKey(Enrichment, models.SET_NULL, null=True, blank=True)
    food = models.ForeignKey(Food, models.SET_NULL, null=True, blank=True)
    cage_cleaning_frequency_days = models.PositiveIntegerField(null=True, blank=True)
    light_cycle = models.IntegerField(choices=LightCycle.choices, null=True, blank=True)
    repositories = models.ManyToManyField("lab.Repository", blank=True, related_name="labs")

    objects: ClassVar[Any] = LabProfileQuerySet.as_manager()

    class Meta:
        ordering = ["path_name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    reference_weight_fraction__gte=0, reference_weight_fraction__lte=1
                ),
                name="lab_reference_weight_is_a_fraction",
            ),
            models.CheckConstraint(
                condition=models.Q(zscore_weight_fraction__gte=0, zscore_weight_fraction__lte=1),
                name="lab_zscore_weight_is_a_fraction",
            ),
            models.CheckConstraint(
                condition=~models.Q(water_rule="fixed") | models.Q(fixed_water_ml__gt=0),
                name="lab_fixed_water_is_given",
            ),
        ]

    def __str__(self) -> str:
        return self.path_name


class ProjectProfileQuerySet(RecordedQuerySet["ProjectProfile"]):
    def visible_to(self, user: Person) -> Self:
        return self.filter(project__in=Project.objects.visible_to(user))


class ProjectProfile(Recorded):
    """A project as its records see it: one name on the whole site, and where its files go."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="profile")
    path_name = models.CharField(max_length=255, unique=True)
    default_repository = models.ForeignKey(
        "lab.Repository", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar[Any] = ProjectProfileQuerySet.as_manager()

    class Meta:
        ordering = ["path_name"]

    def __str__(self) -> str:
        return self.path_name

    @property
    def lab(self) -> Lab:
        return self.project.lab


class PersonProfileQuerySet(RecordedQuerySet["PersonProfile"]):
    def visible_to(self, user: Person) -> Self:
        return self.filter(user__in=User.objects.visible_to(user))


class PersonProfile(Recorded):
    """A person as the records see them: an identity for ever, and who acts on their animals."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="profile"
    )
    is_public = models.BooleanField("reads only", default=False)
    delegates = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="delegated_by",
        help_text="Who may act on this person's animals.",
    )  # fmt: skip

    objects: ClassVar[Any] = PersonProfileQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.user)


class AffiliationQuerySet(OfLabQuerySet["Affiliation"]):
    pass


class Affiliation(Recorded):
    """When somebody belonged to a lab, and as what: the record, not the permission."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="affiliations"
    )
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="affiliations")
    role = models.CharField(max_length=255, blank=True, default="")
    began_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = AffiliationQuerySet.as_manager()

    class Meta:
        ordering = ["began_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_on=None) | models.Q(ended_on__gte=models.F("began_on")),
                name="affiliation_ends_after_its_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.lab}"
