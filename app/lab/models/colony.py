"""The colony: lines and their alleles, pairs, litters, requests."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Count, F, Q
from django.utils.timezone import now

from accounts.models import Lab
from lab.models.lookups import Named, Source, Species, Strain
from lab.models.recorded import Recorded
from lab.models.visibility import OfLabQuerySet

NAME_PATTERN = RegexValidator(
    r"^(?:[A-Za-z0-9._-]|\{line\})*#{1,9}(?:[A-Za-z0-9._-]|\{line\})*$",
    "Write letters, digits, dots, hyphens and underscores, {line} for the line's nickname, and "
    "one # for each digit of the number: {line}_####.",
)


class Sequence(Named):
    """A stretch of DNA that a genotyping test looks for."""

    base_pairs = models.TextField(blank=True, default="")


class Allele(Recorded):
    nickname = models.CharField(max_length=255, unique=True)
    name = models.CharField("standard name", max_length=1023, blank=True, default="")
    sequences = models.ManyToManyField(Sequence, blank=True, related_name="alleles")

    class Meta:
        ordering = ["nickname"]

    def __str__(self) -> str:
        return self.nickname


class LineQuerySet(OfLabQuerySet["Line"]):
    pass


class Line(Recorded):
    """Animals bred for one genotype; its nickname begins the names of all of them."""

    name = models.CharField(max_length=255)
    nickname = models.CharField(max_length=64, unique=True)
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="lines")
    description = models.TextField(blank=True, default="")
    target_phenotype = models.CharField(max_length=1023, blank=True, default="")
    species = models.ForeignKey(Species, models.PROTECT, null=True, blank=True)
    strain = models.ForeignKey(Strain, models.PROTECT, null=True, blank=True)
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True)
    source_identifier = models.CharField(max_length=64, blank=True, default="")
    source_url = models.URLField(blank=True, default="")
    expression_data_url = models.URLField(blank=True, default="")
    alleles = models.ManyToManyField(Allele, blank=True, related_name="lines")
    is_active = models.BooleanField(default=True)
    last_subject_number = models.PositiveIntegerField(default=0)
    last_pair_number = models.PositiveIntegerField(default=0)
    last_litter_number = models.PositiveIntegerField(default=0)
    subject_name_pattern = models.CharField(
        max_length=64, blank=True, default="", db_default="", validators=[NAME_PATTERN],
        help_text="Empty: {line}_####.",
    )  # fmt: skip
    pair_name_pattern = models.CharField(
        max_length=64, blank=True, default="", db_default="", validators=[NAME_PATTERN],
        help_text="Empty: {line}_BP_###.",
    )  # fmt: skip
    litter_name_pattern = models.CharField(
        max_length=64, blank=True, default="", db_default="", validators=[NAME_PATTERN],
        help_text="Empty: {line}_L_###.",
    )  # fmt: skip

    objects: ClassVar[Any] = LineQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class BreedingPairQuerySet(OfLabQuerySet["BreedingPair"]):
    lab_path = "line__lab"


class BreedingPair(Recorded):
    name = models.CharField(max_length=255, unique=True)
    line = models.ForeignKey(Line, models.PROTECT, related_name="breeding_pairs")
    description = models.TextField(blank=True, default="")
    began_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    father = models.ForeignKey(
        "lab.Subject", models.PROTECT, null=True, blank=True, related_name="pairs_as_father"
    )
    mother1 = models.ForeignKey(
        "lab.Subject", models.PROTECT, null=True, blank=True, related_name="pairs_as_mother1"
    )
    mother2 = models.ForeignKey(
        "lab.Subject", models.PROTECT, null=True, blank=True, related_name="pairs_as_mother2"
    )

    objects: ClassVar[Any] = BreedingPairQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(began_on=None) | Q(ended_on__gte=F("began_on")),
                name="pair_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=Q(mother1=None) | Q(mother2=None) | ~Q(mother1=F("mother2")),
                name="pair_has_two_different_mothers",
            ),
            models.CheckConstraint(
                condition=Q(father=None)
                | (
                    (Q(mother1=None) | ~Q(father=F("mother1")))
                    & (Q(mother2=None) | ~Q(father=F("mother2")))
                ),
                name="pair_s_father_is_no_mother",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def lab(self) -> Lab:
        return self.line.lab


class LitterQuerySet(OfLabQuerySet["Litter"]):
    lab_path = "line__lab"


class Litter(Recorded):
    name = models.CharField(max_length=255, unique=True)
    line = models.ForeignKey(Line, models.PROTECT, related_name="litters")
    breeding_pair = models.ForeignKey(
        BreedingPair, models.PROTECT, null=True, blank=True, related_name="litters"
    )
    description = models.TextField(blank=True, default="")
    born_on = models.DateField("birth date", null=True, blank=True)

    objects: ClassVar[Any] = LitterQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def lab(self) -> Lab:
        return self.line.lab


class SubjectRequestQuerySet(OfLabQuerySet["SubjectRequest"]):
    lab_path = "line__lab"

    def with_remaining(self) -> Self:
        """Annotate how many animals remain to be given: what was given counts while it lives."""
        alive = Q(subjects__died_on=None) | Q(subjects__died_on__gt=now().date())
        given = Q(subjects__line=F("line"), subjects__responsible_user=F("user")) & alive
        return self.annotate(remaining=F("count") - Count("subjects", filter=given))

    def open(self) -> Self:
        return self.with_remaining().filter(remaining__gt=0)

    def closed(self) -> Self:
        return self.with_remaining().filter(remaining__lte=0)


class SubjectRequest(Recorded):
    """Somebody's wish for animals of a line."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subject_requests"
    )
    line = models.ForeignKey(Line, models.PROTECT, related_name="requests")
    count = models.PositiveIntegerField()
    made_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    description = models.TextField(blank=True, default="")

    remaining: int  # of rows that were asked for by `with_remaining`, `open` or `closed`

    objects: ClassVar[Any] = SubjectRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-made_on"]

    def __str__(self) -> str:
        return f"{self.count} of {self.line} for {self.user}"

    @property
    def lab(self) -> Lab:
        return self.line.lab
