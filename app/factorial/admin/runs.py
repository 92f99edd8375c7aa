"""Planned runs and their blocks, and what the lab decided about attempts: read, never changed."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from factorial.admin.designs import DESIGNS
from factorial.models import Block, PlannedRun, RunMark
from lab.admin.filters import DayRangeFilter
from runs.admin.base import SeenAdmin, as_json, listed


class BegunFilter(admin.SimpleListFilter):
    title = "attempt"
    parameter_name = "begun"

    def lookups(self, request: Any, model_admin: Any) -> Any:  # noqa: ARG002
        return [("yes", "begun"), ("no", "not begun")]

    def queryset(self, request: Any, queryset: Any) -> Any:  # noqa: ARG002
        is_free = {"yes": False, "no": True}.get(str(self.value()))
        return queryset if is_free is None else queryset.filter(run__isnull=is_free)


@admin.register(PlannedRun)
class PlannedRunAdmin(SeenAdmin):
    section = DESIGNS
    list_display = ["code", "design", "who", "done", "trial_count", "block_count", "put_aside_at"]
    list_select_related = ["design", "run__participant"]
    list_filter = [BegunFilter]
    narrowed_by = ("design__id__exact",)
    search_fields = ["code", "design__code", "run__participant__pseudonym__startswith"]
    ordering = ["design", "position", "pk"]
    fields = [
        ("code", "design", "position"), "run", ("done", "trial_count", "block_count"), "blocks_of",
        ("offered_at", "offered_until"), ("put_aside_at", "put_aside_because"), "digest",
        "told_instructions",
    ]  # fmt: skip
    readonly_fields = ["blocks_of", "told_instructions"]

    @admin.display(description="participant")
    def who(self, planned: Any) -> str:
        return str(planned.run.participant or "") if planned.run else ""

    @admin.display(description="blocks")
    def blocks_of(self, planned: PlannedRun) -> SafeString:
        return listed("factorial_block", "blocks", planned.block_count,
                      planned_run__id__exact=planned.pk)  # fmt: skip

    @admin.display(description="instructions")
    def told_instructions(self, planned: PlannedRun) -> SafeString:
        return as_json(planned.instructions)


@admin.register(Block)
class BlockAdmin(SeenAdmin):
    section = DESIGNS
    sight = "planned_run__design__project"
    list_display = ["number", "planned_run", "design", "measured_number", "is_practice",
                    "trial_count"]  # fmt: skip
    list_select_related = ["planned_run__design"]
    list_filter = ["is_practice"]
    narrowed_by = ("planned_run__id__exact",)
    search_fields = ["planned_run__code", "planned_run__design__code"]
    ordering = ["planned_run", "number"]
    fields = [
        ("planned_run", "number"), ("measured_number", "is_practice"),
        ("first_trial", "trial_count"), "told_values", "told_trials", "told_facts",
    ]  # fmt: skip
    readonly_fields = ["told_values", "told_trials", "told_facts"]

    @admin.display(description="design")
    def design(self, block: Any) -> str:
        return str(block.planned_run.design)

    @admin.display(description="values of all its trials")
    def told_values(self, block: Any) -> SafeString:
        return as_json(block.values)

    @admin.display(description="values of each trial")
    def told_trials(self, block: Any) -> SafeString:
        return as_json(block.trials)

    @admin.display(description="what else the design says")
    def told_facts(self, block: Any) -> SafeString:
        return as_json(block.facts)


@admin.register(RunMark)
class RunMarkAdmin(SeenAdmin):
    section = DESIGNS
    sight = "run__project"
    list_display = ["kind", "who", "block", "trial", "reason", "made_by", "made_at", "undone_at"]
    list_select_related = ["run__participant", "made_by", "undone_by"]
    list_filter = ["kind", ("made_at", DayRangeFilter)]
    narrowed_by = ("run__id__exact",)
    search_fields = ["run__participant__pseudonym__startswith", "reason"]
    ordering = ["-made_at", "pk"]
    fields = ["run", "kind", ("block", "trial"), "reason", ("made_by", "made_at"),
              ("undone_by", "undone_at")]  # fmt: skip

    @admin.display(description="participant")
    def who(self, mark: Any) -> str:
        return str(mark.run.participant or mark.run)
