"""Genotypes: alleles, sequences, tests, and what follows from them."""

from django.contrib import admin

from lab.admin.base import RecordAdmin
from lab.admin.filters import SeenFilter
from lab.admin.sections import GENETICS
from lab.models import Allele, GenotypeTest, Sequence, Zygosity, ZygosityRule


@admin.register(Allele)
class AlleleAdmin(RecordAdmin):
    section = GENETICS
    list_display = ["nickname", "name"]
    search_fields = ["nickname", "name"]
    fields = ["nickname", "name", "sequences", "json"]


@admin.register(Sequence)
class SequenceAdmin(RecordAdmin):
    section = GENETICS
    list_display = ["name", "description"]
    search_fields = ["name", "description"]
    fields = ["name", "description", "base_pairs", "json"]


@admin.register(GenotypeTest)
class GenotypeTestAdmin(RecordAdmin):
    section = GENETICS
    list_display = ["subject", "sequence", "result"]
    list_filter = ["result", ("sequence", SeenFilter)]
    search_fields = ["subject__nickname", "sequence__name"]
    fields = ["subject", ("sequence", "result"), "json"]


@admin.register(Zygosity)
class ZygosityAdmin(RecordAdmin):
    section = GENETICS
    list_display = ["subject", "allele", "value"]
    list_filter = ["value", ("allele", SeenFilter)]
    search_fields = ["subject__nickname", "allele__nickname"]
    fields = ["subject", ("allele", "value"), "json"]


@admin.register(ZygosityRule)
class ZygosityRuleAdmin(RecordAdmin):
    section = GENETICS
    list_display = ["line", "allele", "sequence0", "result0", "sequence1", "result1", "value"]
    list_filter = [("line", SeenFilter), ("allele", SeenFilter)]
    search_fields = ["line__name", "allele__nickname"]
    fields = [
        ("line", "allele"), ("sequence0", "result0"), ("sequence1", "result1"), "value", "json",
    ]  # fmt: skip
