"""Where animals live: cages in rooms, with their history."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Lab
from lab.models.lookups import CageType, Enrichment, Food
from lab.models.profiles import LightCycle
from lab.models.recorded import Recorded
from lab.models.subjects import Subject
from lab.models.visibility import OfLabQuerySet


class LocationQuerySet(OfLabQuerySet["Location"]):
    pass


class Location(Recorded):
    """A room or a rig."""

    name = models.CharField(max_length=255)
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="locations")

    objects: ClassVar[Any] = LocationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["lab", "name"], name="location_name_unique_in_lab")
        ]

    def __str__(self) -> str:
        return self.name


class HousingQuerySet(OfLabQuerySet["Housing"]):
    pass


class Housing(Recorded):
    """A cage under one set of conditions; changed conditions make a new one with the same name."""

    cage_name = models.CharField(max_length=64)
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="housings")
    room = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="housings"
    )
    cage_type = models.ForeignKey(CageType, models.PROTECT, null=True, blank=True)
    enrichment = models.ForeignKey(Enrichment, models.PROTECT, null=True, blank=True)
    food = models.ForeignKey(Food, models.PROTECT, null=True, blank=True)
    cage_cleaning_frequency_days = models.PositiveIntegerField(null=True, blank=True)
    light_cycle = models.IntegerField(choices=LightCycle.choices, null=True, blank=True)
    replaced_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="replaces",
        help_text="The same cage under later conditions; empty for what it is like now.",
    )  # fmt: skip
    subjects = models.ManyToManyField(
        Subject, through="HousingPeriod", related_name="housings", blank=True
    )

    objects: ClassVar[Any] = HousingQuerySet.as_manager()

    class Meta:
        ordering = ["cage_name"]

    def __str__(self) -> str:
        return self.cage_name


class HousingPeriodQuerySet(OfLabQuerySet["HousingPeriod"]):
    lab_path = "subject__lab"
    projects_path = "subject__projects"


class HousingPeriod(Recorded):
    """When an animal lived in a cage; open while it does."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="housing_periods")
    housing = models.ForeignKey(Housing, models.CASCADE, related_name="periods")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = HousingPeriodQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=Q(ended_at=None), name="subject_lives_in_one_cage"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")),
                name="housing_ends_after_its_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} in {self.housing}"

    @property
    def lab(self) -> Lab:
        return self.subject.lab
