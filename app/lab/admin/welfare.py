"""Weights, water and its restrictions."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from lab.admin.base import RecordAdmin
from lab.admin.colony import ActiveFilter
from lab.admin.filters import DayRangeFilter, SeenFilter, WhoseFilter, of_animals
from lab.admin.procedures import ActionAdmin
from lab.admin.sections import WELFARE
from lab.models import GrowthPoint, WaterAdministration, WaterRestriction, Weighing


class MeasuredAdmin(RecordAdmin):
    """What both measurements share."""

    section = WELFARE
    search_fields = ["subject__nickname"]

    def mine(self, request: HttpRequest) -> Q:
        return of_animals(request)


@admin.register(Weighing)
class WeighingAdmin(MeasuredAdmin):
    list_display = ["subject", "at", "weight_g", "user"]
    list_filter = [WhoseFilter, ("at", DayRangeFilter)]
    fields = ["subject", ("at", "weight_g"), "user", ("after_death", "confirmed"), "json"]


@admin.register(WaterAdministration)
class WaterAdministrationAdmin(MeasuredAdmin):
    list_display = ["subject", "at", "water_ml", "water_type", "is_adlib", "session", "user"]
    list_filter = [WhoseFilter, ("at", DayRangeFilter), "is_adlib", ("water_type", SeenFilter)]
    fields = [
        "subject", ("at", "water_ml"), ("water_type", "is_adlib"), ("session", "user"),
        "after_death", "json",
    ]  # fmt: skip


@admin.register(WaterRestriction)
class WaterRestrictionAdmin(ActionAdmin):
    section = WELFARE
    is_active = Q(ended_at=None)
    optional = ("lab", "reference_weight_g", "water_type")
    list_display = ["subject", "began_at", "ended_at", "reference_weight_g", "water_type"]
    list_filter = [ActiveFilter, WhoseFilter, ("began_at", DayRangeFilter), ("lab", SeenFilter)]
    fieldsets = [
        ActionAdmin.who,
        ("Water", {"fields": [("reference_weight_g", "water_type")]}),
        ActionAdmin.words,
        ActionAdmin.rest,
    ]


@admin.register(GrowthPoint)
class GrowthPointAdmin(RecordAdmin):
    section = WELFARE
    list_display = ["lab", "strain", "sex", "age_weeks", "mean_g", "sd_g", "source"]
    list_filter = ["sex", ("lab", SeenFilter), ("strain", SeenFilter)]
    search_fields = ["strain__name", "source"]
    fields = [("lab", "strain"), ("sex", "age_weeks"), ("mean_g", "sd_g"), "source", "json"]
