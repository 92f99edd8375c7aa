"""Designs, their factors and measures: read here, and how they are run is changed."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from factorial.models import ClientImports, Design, Factor, Measure, PlannedRun
from factorial.services import designs
from lab.admin.asking import Deed, perform
from lab.admin.filters import DayRangeFilter, SeenFilter
from lab.admin.sections import Section
from runs.admin.base import RowForm, SeenAdmin, as_json, listed, me

DESIGNS = Section(13, "Factorial designs")
COUNTED = (("factor", Factor, "factors"), ("measure", Measure, "measures"),
           ("plannedrun", PlannedRun, "planned runs"))  # fmt: skip


def _archive(chosen: Iterable[Design], _which: None, facts: dict[str, Any]) -> None:
    for design in chosen:
        designs.archive(design=design, by=facts["by"])


def _bring_back(chosen: Iterable[Design], _which: None, facts: dict[str, Any]) -> None:
    for design in chosen:
        designs.bring_back(design=design, by=facts["by"])


ARCHIVE = Deed("Put away", "Put away", None, _archive)
BRING_BACK = Deed("Bring back", "Bring back", None, _bring_back)


@admin.action(description="Put away …", permissions=["change"])
def archive(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset.select_related("project"), ARCHIVE)


@admin.action(description="Bring back …", permissions=["change"])
def bring_back(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset.select_related("project"), BRING_BACK)


class SettingsForm(RowForm):
    class Meta:
        model = Design
        fields = list(designs.SETTINGS)


@admin.register(Design)
class DesignAdmin(SeenAdmin):
    """What a design plans is never changed: another file is another design, or more runs."""

    section = DESIGNS
    form = SettingsForm
    has_form = True
    project_path = "project_id"
    list_display = ["code", "name", "project", "format", "is_open", "is_pilot", "created_at",
                    "archived_at"]  # fmt: skip
    list_select_related = ["project", "lab", "created_by"]
    list_filter = [("project", SeenFilter), "format", "is_open", "is_pilot",
                   ("created_at", DayRangeFilter)]  # fmt: skip
    search_fields = ["code", "name", "digest__startswith"]
    ordering = ["code", "pk"]
    actions = [*SeenAdmin.actions, archive, bring_back]
    fieldsets = [
        (None, {"fields": [("code", "name"), ("lab", "project"), "parts"]}),
        ("How it is run", {"fields": [("is_open", "is_pilot"), "has_fixed_measures",
                                      "lease_seconds"]}),
        ("Where from", {"fields": [
            ("format", "digest"), ("author", "description"), ("created_by", "created_at"),
            "archived_at", "told_warnings", "told_recipe",
        ]}),
    ]  # fmt: skip
    readonly_fields = ["code", "name", "lab", "project", "parts", "format", "digest", "author",
                       "description", "created_by", "created_at", "archived_at", "told_warnings",
                       "told_recipe"]  # fmt: skip

    @admin.display(description="what it plans")
    def parts(self, design: Design) -> SafeString:
        counted = [
            listed(f"factorial_{page}", name, kind.objects.filter(design=design).count(),
                   design__id__exact=design.pk)
            for page, kind, name in COUNTED
        ]  # fmt: skip
        return format_html_join(" · ", "{}", ((link,) for link in counted))

    @admin.display(description="warnings")
    def told_warnings(self, design: Design) -> SafeString:
        return as_json(design.warnings)

    @admin.display(description="made from")
    def told_recipe(self, design: Design) -> SafeString:
        return as_json(design.recipe)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        before = Design.objects.select_related("project", "lab").get(pk=obj.pk)
        designs.change(design=before, by=me(request), **form.cleaned_data)

    def log_change(self, *_: Any) -> None:  # type: ignore[override]
        """Write no second log: the audit trail has it."""


class PartAdmin(SeenAdmin):
    section = DESIGNS
    list_select_related = ["design"]
    narrowed_by = ("design__id__exact",)
    search_fields = ["code", "name", "design__code"]
    ordering = ["design", "position", "pk"]


@admin.register(Factor)
class FactorAdmin(PartAdmin):
    list_display = ["code", "name", "design", "type", "kind", "tag", "default"]
    fields = [("code", "name"), "design", ("type", "kind", "tag"), "default", "told_values"]
    readonly_fields = ["told_values"]

    @admin.display(description="values")
    def told_values(self, factor: Factor) -> SafeString:
        return as_json(factor.values)


@admin.register(Measure)
class MeasureAdmin(PartAdmin):
    list_display = ["code", "name", "design", "type", "at_trial", "at_event", "is_declared"]
    list_filter = ["at_trial", "at_event", "is_declared"]
    fields = [("code", "name"), "design", "type", ("at_trial", "at_event"), "is_declared"]


@admin.register(ClientImports)
class ClientImportsAdmin(SeenAdmin):
    section = DESIGNS
    sight = "project"
    list_display = ["lab", "project", "since"]
    list_select_related = ["lab", "project__lab"]
    ordering = ["lab"]
    fields = [("lab", "project"), "since"]
