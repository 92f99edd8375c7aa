"""What is planned, for whoever looks after a site: read here, changed on the pages of the area."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.safestring import SafeString

from lab.admin.filters import DayRangeFilter, SeenFilter
from lab.admin.sections import Section
from planning.models import (
    Habit,
    Island,
    PilotMap,
    Plan,
    PowerAnalysis,
    Search,
    SearchLetter,
    SharedLink,
    TaskDesign,
)
from runs.admin.base import SeenAdmin, as_json

PLANNING = Section(14, "Planning")
MADE = ("created_by", "created_at")


class PlannedAdmin(SeenAdmin):
    """Rows of the area, newest first."""

    section: ClassVar[Section] = PLANNING
    ordering: ClassVar[Any] = ["-created_at", "pk"]


@admin.register(PilotMap)
class PilotMapAdmin(PlannedAdmin):
    list_display = ["name", "project", "kind", "participants", "groups", "source", "size_bytes",
                    "created_at", "removed_at"]  # fmt: skip
    list_select_related = ["project", "created_by"]
    list_filter = [("project", SeenFilter), "kind", "source", ("created_at", DayRangeFilter)]
    search_fields = ["name", "digest__startswith"]
    fields = ["name", "project", ("kind", "participants", "groups"),
              ("source", "source_address"), ("digest", "mask_digest", "size_bytes"), MADE,
              ("expires_at", "removed_at")]  # fmt: skip


@admin.register(PowerAnalysis)
class PowerAnalysisAdmin(PlannedAdmin):
    list_display = ["pilot", "mark", "refusal", "created_at", "finished_at"]
    list_select_related = ["pilot", "job", "created_by"]
    list_filter = [("created_at", DayRangeFilter)]
    search_fields = ["pilot__name", "mark__startswith"]
    fields = ["pilot", "told_choice", ("mark", "job"), "refusal", "told_result", MADE,
              "finished_at"]  # fmt: skip
    readonly_fields = ["told_choice", "told_result"]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).defer("peaks")

    @admin.display(description="settings")
    def told_choice(self, analysis: PowerAnalysis) -> SafeString:
        return as_json(analysis.chosen)

    @admin.display(description="result")
    def told_result(self, analysis: PowerAnalysis) -> SafeString:
        return as_json(analysis.result)


@admin.register(Plan)
class PlanAdmin(PlannedAdmin):
    list_display = ["name", "project", "revision", "changed_at", "archived_at"]
    list_select_related = ["project", "created_by"]
    list_filter = [("project", SeenFilter), ("changed_at", DayRangeFilter)]
    search_fields = ["name"]
    ordering = ["-changed_at", "pk"]
    fields = ["name", "project", "specification", ("revision", "changed_at"), MADE, "archived_at"]


class OfPlanAdmin(PlannedAdmin):
    list_select_related = ["plan", "created_by"]
    search_fields = ["plan__name"]
    narrowed_by = ("plan__id__exact",)


@admin.register(Search)
class SearchAdmin(OfPlanAdmin):
    list_display = ["plan", "method", "seed", "created_at", "finished_at", "was_ended_early"]
    list_filter = ["method", ("created_at", DayRangeFilter)]
    list_select_related = ["plan", "job", "created_by"]
    fields = ["plan", ("method", "seed"), "told_options", "specification", "job", "refusal", MADE,
              ("began_at", "finished_at", "expires_at"), "was_ended_early"]  # fmt: skip
    readonly_fields = ["told_options"]

    @admin.display(description="options")
    def told_options(self, search: Search) -> SafeString:
        return as_json(search.options)


@admin.register(Island)
class IslandAdmin(PlannedAdmin):
    ordering: ClassVar[Any] = ["pk"]
    list_display = ["search", "number", "pieces_done", "worth", "outcome", "finished_at"]
    list_filter = ["outcome"]
    list_select_related = ["search__plan", "job"]
    search_fields = ["search__plan__name"]
    fields = ["search", ("number", "job"), ("pieces_done", "since_gain", "writes"),
              ("worth", "outcome", "finished_at")]  # fmt: skip

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).defer("best", "history", "scales")


@admin.register(SearchLetter)
class SearchLetterAdmin(PlannedAdmin):
    ordering: ClassVar[Any] = ["pk"]
    list_display = ["search", "kind", "posted_at", "sent_at"]
    list_filter = ["kind"]
    list_select_related = ["search__plan"]
    search_fields = ["search__plan__name"]
    fields = ["search", "kind", ("posted_at", "held_until", "sent_at")]
    readonly_fields = ["posted_at"]


@admin.register(Habit)
class HabitAdmin(PlannedAdmin):
    ordering: ClassVar[Any] = ["pk"]
    list_display = ["person", "tells_by_mail"]
    list_select_related = ["person"]
    search_fields = ["person__username"]
    fields = ["person", "tells_by_mail"]


@admin.register(TaskDesign)
class TaskDesignAdmin(OfPlanAdmin):
    list_display = ["label", "plan", "origin", "position", "worth", "is_kept", "created_at"]
    list_filter = ["origin", "is_kept", ("created_at", DayRangeFilter)]
    list_select_related = ["plan", "search__plan", "created_by"]
    fields = [("label", "plan"), ("origin", "search", "position"), ("worth", "is_kept"),
              "told_scores", "specification", MADE]  # fmt: skip
    readonly_fields = ["told_scores"]

    @admin.display(description="scores")
    def told_scores(self, design: TaskDesign) -> SafeString:
        return as_json(design.scores)


@admin.register(SharedLink)
class SharedLinkAdmin(PlannedAdmin):
    never_exported = ("token_digest",)
    list_display = ["note", "project", "created_by", "created_at", "expires_at", "revoked_at",
                    "opened"]  # fmt: skip
    list_select_related = ["project", "created_by", "analysis__pilot", "plan"]
    list_filter = [("project", SeenFilter), ("created_at", DayRangeFilter)]
    search_fields = ["note"]
    fields = ["note", "project", ("analysis", "plan"), MADE, ("expires_at", "revoked_at"),
              ("opened", "opened_at")]  # fmt: skip
