"""Participants and their runs, and leaving runs out of analyses."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from lab.admin.asking import Deed, perform
from lab.admin.filters import DayRangeFilter, SeenFilter
from runs.admin.base import RUNS, RowForm, SeenAdmin, as_json, listed, me
from runs.models import Answer, Event, Participant, Run, Trial, Variant, Visit
from runs.services import exclusion, exports

COUNTED = (
    ("runs_visit", Visit, "pages shown", "run"),
    ("runs_answer", Answer, "answers", "visit__run"),
    ("runs_trial", Trial, "trials", "visit__run"),
    ("runs_event", Event, "events", "run"),
    ("runs_variant", Variant, "other contents", "visit__run"),
)


def _exclude(runs: Iterable[Run], _which: None, facts: dict[str, Any]) -> None:
    exclusion.exclude(runs=runs, **facts)


def _include(runs: Iterable[Run], _which: None, facts: dict[str, Any]) -> None:
    exclusion.include(runs=runs, **facts)


def _exclude_all(people: Iterable[Participant], _which: None, facts: dict[str, Any]) -> None:
    exclusion.exclude(runs=Run.objects.filter(participant__in=list(people)), **facts)


EXCLUDE = Deed("Leave out of analyses", "Leave out", None, _exclude)
INCLUDE = Deed("Take into analyses again", "Take in", None, _include)
EXCLUDE_ALL = Deed("Leave all their runs out of analyses", "Leave out", None, _exclude_all)


@admin.action(description="Leave out of analyses …", permissions=["change"])
def exclude(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, EXCLUDE)


@admin.action(description="Take into analyses again …", permissions=["change"])
def include(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, INCLUDE)


@admin.action(description="Leave all their runs out of analyses …", permissions=["change"])
def exclude_all(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, EXCLUDE_ALL)


@admin.action(description="Export answers as CSV")
def export_answers(
    _page: Any, _request: HttpRequest, queryset: QuerySet[Run]
) -> StreamingHttpResponse:
    return _exported("answers", queryset)


@admin.action(description="Export trials as CSV")
def export_trials(
    _page: Any, _request: HttpRequest, queryset: QuerySet[Run]
) -> StreamingHttpResponse:
    return _exported("trials", queryset)


def _exported(what: str, runs: QuerySet[Run]) -> StreamingHttpResponse:
    lines = exports.lines(what, runs, "csv")
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{what}.csv"'
    return response


class ExcludedFilter(admin.SimpleListFilter):
    title = "analyses"
    parameter_name = "analysed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002
        return [("in", "in analyses"), ("out", "left out")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002
        is_out = {"in": True, "out": False}.get(str(self.value()))
        return queryset if is_out is None else queryset.filter(excluded_at__isnull=is_out)


@admin.register(Participant)
class ParticipantAdmin(SeenAdmin):
    section = RUNS
    project_path = "project_id"
    list_display = ["pseudonym", "project", "runs_of", "created_at", "withdrawn_at"]
    list_select_related = ["project"]
    list_filter = [("project", SeenFilter), ("created_at", DayRangeFilter)]
    search_fields = ["pseudonym__startswith"]
    actions = [*SeenAdmin.actions, exclude_all]
    fields = ["pseudonym", "project", "runs_of", "time_zone", ("created_at", "withdrawn_at")]
    readonly_fields = ["pseudonym", "project", "runs_of", "time_zone", "created_at", "withdrawn_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(run_count=Count("runs"))
        return rows

    @admin.display(description="runs", ordering="run_count")
    def runs_of(self, participant: Any) -> SafeString:
        return listed(
            "runs_run", "runs", participant.run_count, participant__id__exact=participant.pk
        )


class ExclusionForm(RowForm):
    class Meta:
        model = Run
        fields = ["excluded_because"]
        labels = {"excluded_because": "Left out of analyses because"}
        help_texts = {
            "excluded_because": "A reason leaves the run out; no reason takes it in again. "
            "Nothing of the run is deleted, and its history keeps both."
        }
        widgets = {"excluded_because": forms.Textarea(attrs={"rows": 2, "cols": 80})}


@admin.register(Run)
class RunAdmin(SeenAdmin):
    section = RUNS
    form = ExclusionForm
    has_form = True
    project_path = "project_id"
    narrowed_by = ("participant__id__exact",)
    list_display = [
        "__str__", "project", "participant", "status", "is_pilot", "created_at", "ended_at",
        "is_analysed",
    ]  # fmt: skip
    list_select_related = ["project", "participant", "excluded_by"]
    list_filter = [
        ("project", SeenFilter), "status", ExcludedFilter, "is_pilot", "source",
        ("created_at", DayRangeFilter),
    ]  # fmt: skip
    search_fields = ["participant__pseudonym__startswith", "design_label", "design__startswith"]
    actions = [*SeenAdmin.actions, export_answers, export_trials, exclude, include]
    fieldsets = [
        (None, {"fields": [
            ("project", "participant"), ("status", "is_pilot"), ("design_label", "cell"), "rows",
        ]}),
        ("Analyses", {"fields": ["excluded_because", ("excluded_by", "excluded_at")]}),
        ("When", {"fields": [
            ("created_at", "began_at"), ("seen_at", "ended_at"), "time_zone",
        ]}),
        ("Where from", {"fields": [
            ("source", "design"), ("environment", "release"), "seed",
            "told_externally", "told_device",
        ]}),
    ]  # fmt: skip
    readonly_fields = [
        "project", "participant", "status", "is_pilot", "design_label", "cell", "rows",
        "excluded_by", "excluded_at", "created_at", "began_at", "seen_at", "ended_at",
        "time_zone", "source", "design", "environment", "release", "seed", "told_externally",
        "told_device",
    ]  # fmt: skip

    @admin.display(description="in analyses", boolean=True)
    def is_analysed(self, run: Run) -> bool:
        return run.excluded_at is None

    @admin.display(description="what was recorded")
    def rows(self, run: Run) -> SafeString:
        counted = [
            listed(page, name, kind._default_manager.filter(**{path: run}).count(),  # noqa: SLF001
                   **{f"{path}__id__exact": run.pk})
            for page, kind, name, path in COUNTED
        ]  # fmt: skip
        return format_html_join(" · ", "{}", ((link,) for link in counted))

    @admin.display(description="from outside")
    def told_externally(self, run: Run) -> SafeString:
        return as_json(run.external)

    @admin.display(description="device")
    def told_device(self, run: Run) -> SafeString:
        return as_json(run.device)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        reason = form.cleaned_data["excluded_because"]
        deed = exclusion.exclude if reason.strip() else exclusion.include
        deed(runs=[obj], by=me(request), reason=reason)

    def log_change(self, *_: Any) -> None:  # type: ignore[override]
        """Write no second log: the audit trail has it."""
