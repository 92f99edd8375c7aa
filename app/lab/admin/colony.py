"""The colony: lines, pairs, litters, requests, cages."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest
from django.utils.timezone import now

from lab.admin import young
from lab.admin.base import ReadOnlyInline, RecordAdmin, TableInline
from lab.admin.filters import ALL, DayRangeFilter, SeenFilter, Usual
from lab.admin.sections import COLONY
from lab.models import (
    BreedingPair,
    Housing,
    HousingPeriod,
    Line,
    Litter,
    SubjectRequest,
    ZygosityRule,
)


class ActiveFilter(Usual):
    title = "state"
    parameter_name = "state"
    usual = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002
        return [("active", "in use"), ("past", "no longer"), (ALL, "all")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002
        if self.value() == ALL:
            return queryset
        active = self.page.is_active
        return queryset.filter(active if self.value() == "active" else ~active)


class PairInline(TableInline):
    model = BreedingPair
    fields = ["name", "father", "mother1", "mother2", "began_on", "ended_on"]
    optional = ("name",)


class RequestInline(TableInline):
    model = SubjectRequest
    fields = ["user", "count", "made_on", "due_on", "description"]


class RuleInline(TableInline):
    model = ZygosityRule
    fields = ["allele", "sequence0", "result0", "sequence1", "result1", "value"]


@admin.register(Line)
class LineAdmin(RecordAdmin):
    section = COLONY
    is_active = Q(is_active=True)
    list_display = ["name", "nickname", "lab", "species", "strain", "animals_alive", "is_active"]
    list_filter = [ActiveFilter, ("lab", SeenFilter), ("species", SeenFilter)]
    search_fields = ["name", "nickname", "target_phenotype"]
    inlines = [RuleInline, PairInline, RequestInline]
    readonly_fields = ["last_subject_number", "last_pair_number", "last_litter_number"]

    def get_queryset(self, request: HttpRequest) -> Any:
        lives = Q(subjects__died_on=None) | Q(subjects__died_on__gt=now().date())
        counted = Count("subjects", filter=Q(subjects__isnull=False) & lives)
        return super().get_queryset(request).annotate(alive_count=counted)

    @admin.display(description="animals alive", ordering="alive_count")
    def animals_alive(self, line: Any) -> int:
        return int(line.alive_count)


class LitterInline(ReadOnlyInline):
    model = Litter
    fields = ["name", "born_on", "description"]


@admin.register(BreedingPair)
class BreedingPairAdmin(RecordAdmin):
    section = COLONY
    is_active = Q(ended_on=None)
    optional = ("name",)
    list_display = ["name", "line", "father", "mother1", "mother2", "began_on", "ended_on"]
    list_filter = [ActiveFilter, ("began_on", DayRangeFilter), ("line", SeenFilter)]
    search_fields = [
        "name", "line__name", "father__nickname", "mother1__nickname", "mother2__nickname",
    ]  # fmt: skip
    inlines = [LitterInline]
    fields = [
        "name", "line", ("began_on", "ended_on"), "father", ("mother1", "mother2"),
        "description", "json",
    ]  # fmt: skip


@admin.register(Litter)
class LitterAdmin(RecordAdmin):
    section = COLONY
    optional = ("name", "line")
    list_display = ["name", "line", "breeding_pair", "born_on", "animals", "description"]
    list_filter = [("born_on", DayRangeFilter), ("line", SeenFilter)]
    search_fields = ["name", "line__name", "breeding_pair__name"]
    inlines = [young.YoungInline]
    fields = ["name", ("breeding_pair", "line"), "born_on", "description", "json"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(animal_count=Count("subjects"))

    @admin.display(description="animals", ordering="animal_count")
    def animals(self, litter: Any) -> int:
        return int(litter.animal_count)


@admin.register(SubjectRequest)
class SubjectRequestAdmin(RecordAdmin):
    section = COLONY
    optional = ("user", "made_on")
    list_display = ["line", "user", "count", "still_wanted", "made_on", "due_on"]
    list_filter = [("made_on", DayRangeFilter), ("due_on", DayRangeFilter), ("line", SeenFilter)]
    search_fields = ["line__name", "user__username", "description"]
    readonly_fields = ["still_wanted"]
    fields = [
        ("user", "line"), ("count", "still_wanted"), ("made_on", "due_on"), "description",
        "json",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.with_remaining()

    @admin.display(description="remaining", ordering="remaining")
    def still_wanted(self, wish: Any) -> int:
        return max(getattr(wish, "remaining", 0), 0)


class PeriodInline(TableInline):
    model = HousingPeriod
    fields = ["subject", "began_at", "ended_at"]


@admin.register(Housing)
class HousingAdmin(RecordAdmin):
    section = COLONY
    list_display = ["cage_name", "lab", "room", "lives_here", "cage_type", "food", "light_cycle"]
    list_filter = [("lab", SeenFilter), ("room", SeenFilter), ("cage_type", SeenFilter)]
    search_fields = ["cage_name", "room__name", "periods__subject__nickname"]
    inlines = [PeriodInline]
    fields = [
        ("cage_name", "lab"), "room", ("cage_type", "enrichment", "food"),
        ("cage_cleaning_frequency_days", "light_cycle"), "json",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        open_ = HousingPeriod.objects.filter(ended_at=None).select_related("subject")
        living = Prefetch("periods", open_, to_attr="now_open")
        return super().get_queryset(request).prefetch_related(living)

    @admin.display(description="live here")
    def lives_here(self, cage: Any) -> str:
        return ", ".join(sorted(str(period.subject) for period in cage.now_open)) or "nobody"


@admin.register(HousingPeriod)
class HousingPeriodAdmin(RecordAdmin):
    section = COLONY
    is_active = Q(ended_at=None)
    list_display = ["subject", "housing", "began_at", "ended_at"]
    list_filter = [ActiveFilter, ("began_at", DayRangeFilter)]
    search_fields = ["subject__nickname", "housing__cage_name"]
    fields = [("subject", "housing"), ("began_at", "ended_at"), "json"]
