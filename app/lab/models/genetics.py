"""Genotypes: what was tested, what follows from it by a line's rules."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Lab
from lab.models.colony import Allele, Line, Sequence
from lab.models.recorded import Recorded
from lab.models.subjects import Subject
from lab.models.visibility import OfLabQuerySet


class TestResult(models.IntegerChoices):
    ABSENT = 0, "absent"
    PRESENT = 1, "present"


class ZygosityValue(models.IntegerChoices):
    ABSENT = 0, "-/-"
    HETEROZYGOUS = 1, "+/-"
    HOMOZYGOUS = 2, "+/+"
    PRESENT = 3, "+"


class Origin(models.TextChoices):
    """Whence somebody knows a zygosity; what is below may not replace what is above silently."""

    STATED = "stated", "said by a person"
    TESTED = "tested", "follows from tests, by a rule of the line"
    UNKNOWN = "unknown", "from before, nobody knows whence"
    INFERRED = "inferred", "follows from the parents"


class GenotypeTestQuerySet(OfLabQuerySet["GenotypeTest"]):
    lab_path = "subject__lab"
    projects_path = "subject__projects"


class GenotypeTest(Recorded):
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="genotype_tests")
    sequence = models.ForeignKey(Sequence, models.PROTECT, related_name="tests")
    result = models.PositiveSmallIntegerField(choices=TestResult.choices, null=True, blank=True)

    objects: ClassVar[Any] = GenotypeTestQuerySet.as_manager()

    class Meta:
        ordering = ["subject__nickname", "sequence__name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(result=None) | Q(result__in=TestResult.values),
                name="genotype_test_result_is_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.sequence} {self.get_result_display() or 'not known'}"

    @property
    def lab(self) -> Lab:
        return self.subject.lab


class ZygosityQuerySet(OfLabQuerySet["Zygosity"]):
    lab_path = "subject__lab"
    projects_path = "subject__projects"


class Zygosity(Recorded):
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="zygosities")
    allele = models.ForeignKey(Allele, models.PROTECT, related_name="zygosities")
    value = models.PositiveSmallIntegerField(choices=ZygosityValue.choices)
    origin = models.CharField(
        max_length=8, choices=Origin.choices, default=Origin.UNKNOWN, db_default=Origin.UNKNOWN
    )

    objects: ClassVar[Any] = ZygosityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "zygosities"
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "allele"], name="zygosity_unique_for_subject_and_allele"
            ),
            models.CheckConstraint(
                condition=Q(value__in=ZygosityValue.values), name="zygosity_is_known"
            ),
            models.CheckConstraint(
                condition=Q(origin__in=Origin.values), name="zygosity_origin_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.allele} {self.get_value_display()}"

    @property
    def lab(self) -> Lab:
        return self.subject.lab


class ZygosityRuleQuerySet(OfLabQuerySet["ZygosityRule"]):
    lab_path = "line__lab"


class ZygosityRule(Recorded):
    """What follows for an allele, in one line, from the results of one or two tests."""

    line = models.ForeignKey(Line, models.CASCADE, related_name="zygosity_rules")
    allele = models.ForeignKey(Allele, models.PROTECT, related_name="rules")
    sequence0 = models.ForeignKey(Sequence, models.PROTECT, related_name="rules_as_first")
    result0 = models.PositiveSmallIntegerField(choices=TestResult.choices)
    sequence1 = models.ForeignKey(
        Sequence, models.PROTECT, null=True, blank=True, related_name="rules_as_second"
    )
    result1 = models.PositiveSmallIntegerField(choices=TestResult.choices, null=True, blank=True)
    value = models.PositiveSmallIntegerField(choices=ZygosityValue.choices)
    position = models.PositiveSmallIntegerField(
        default=0, db_default=0,
        help_text="Rules are asked by position, then those of two tests before those of one.",
    )  # fmt: skip

    objects: ClassVar[Any] = ZygosityRuleQuerySet.as_manager()

    class Meta:
        ordering = ["line__name", "allele__nickname", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["line", "allele", "sequence0", "result0", "sequence1", "result1"],
                name="zygosity_rule_unique",
            ),
            models.UniqueConstraint(
                fields=["line", "allele", "sequence0", "result0"],
                condition=Q(sequence1=None),
                name="zygosity_rule_of_one_test_unique",
            ),
            models.CheckConstraint(
                condition=Q(value__in=ZygosityValue.values), name="zygosity_rule_value_is_known"
            ),
            models.CheckConstraint(
                condition=Q(result0__in=TestResult.values)
                & (Q(result1=None) | Q(result1__in=TestResult.values)),
                name="zygosity_rule_results_are_known",
            ),
            models.CheckConstraint(
                condition=Q(sequence1=None) | ~Q(sequence1=F("sequence0")),
                name="zygosity_rule_asks_for_two_sequences",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.allele} {self.get_value_display()}"

    @property
    def lab(self) -> Lab:
        return self.line.lab
