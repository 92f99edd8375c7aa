"""Weights and water, each a measurement at an instant."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Lab
from lab.models.actions import Session
from lab.models.lookups import Strain, WaterType
from lab.models.recorded import Recorded
from lab.models.subjects import Sex, Subject
from lab.models.visibility import OfLabQuerySet


class WeighingQuerySet(OfLabQuerySet["Weighing"]):
    lab_path = "subject__lab"
    projects_path = "subject__projects"


class Weighing(Recorded):
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="weighings")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="weighings"
    )
    at = models.DateTimeField("date and time", default=now)
    weight_g = models.FloatField("weight (g)")
    after_death = models.CharField(
        "why after the animal's death", max_length=255, blank=True, default=""
    )
    confirmed = models.CharField(
        "why it is right although it looks wrong",
        max_length=255, blank=True, default="", db_default="",
    )  # fmt: skip

    objects: ClassVar[Any] = WeighingQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(condition=Q(weight_g__gte=0), name="weight_is_not_negative")
        ]
        indexes = [
            models.Index(fields=["subject", "-at"], name="weighing_of_subject_newest"),
            models.Index(fields=["-at", "id"], name="weighing_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.weight_g:g} g of {self.subject}"

    @property
    def lab(self) -> Lab:
        return self.subject.lab


class WaterAdministrationQuerySet(OfLabQuerySet["WaterAdministration"]):
    lab_path = "subject__lab"
    projects_path = "subject__projects"


class WaterAdministration(Recorded):
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="water_administrations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="water_administrations",
    )
    at = models.DateTimeField("date and time", default=now)
    session = models.ForeignKey(
        Session, models.SET_NULL, null=True, blank=True, related_name="water_administrations"
    )
    water_ml = models.FloatField("water (mL)", null=True, blank=True)
    water_type = models.ForeignKey(WaterType, models.PROTECT, null=True, blank=True)
    is_adlib = models.BooleanField("ad libitum", default=False)
    after_death = models.CharField(
        "why after the animal's death", max_length=255, blank=True, default=""
    )
    confirmed = models.CharField(
        "why it is right although it looks wrong",
        max_length=255, blank=True, default="", db_default="",
    )  # fmt: skip

    objects: ClassVar[Any] = WaterAdministrationQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(water_ml=None) | Q(water_ml__gte=0), name="water_is_not_negative"
            )
        ]
        indexes = [
            models.Index(fields=["subject", "-at"], name="water_of_subject_newest"),
            models.Index(fields=["-at", "id"], name="water_newest_first"),
        ]

    def __str__(self) -> str:
        amount = "ad libitum" if self.is_adlib else f"{self.water_ml or 0:g} mL"
        return f"{amount} for {self.subject}"

    @property
    def lab(self) -> Lab:
        return self.subject.lab


class GrowthPointQuerySet(OfLabQuerySet["GrowthPoint"]):
    pass


class GrowthPoint(Recorded):
    """How much animals of one sex and age weigh, as a lab knows it: its own, or from a source."""

    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="growth")
    strain = models.ForeignKey(Strain, models.CASCADE, null=True, blank=True, related_name="growth")
    sex = models.CharField(max_length=1, choices=Sex.choices)
    age_weeks = models.PositiveSmallIntegerField("age (weeks)")
    mean_g = models.FloatField("mean weight (g)")
    sd_g = models.FloatField("standard deviation (g)")
    source = models.CharField(
        max_length=255, help_text="Who measured it, or where it is published."
    )

    objects: ClassVar[Any] = GrowthPointQuerySet.as_manager()

    class Meta:
        ordering = ["lab", "strain", "sex", "age_weeks"]
        constraints = [
            models.UniqueConstraint(
                fields=["lab", "strain", "sex", "age_weeks"], name="growth_unique_for_age"
            ),
            models.UniqueConstraint(
                fields=["lab", "sex", "age_weeks"],
                condition=Q(strain=None),
                name="growth_of_any_strain_unique_for_age",
            ),
            models.CheckConstraint(
                condition=Q(mean_g__gt=0, sd_g__gt=0), name="growth_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_sex_display()}, {self.age_weeks} weeks: {self.mean_g:g} g"
