"""Datasets, the files that hold them, where these lie, and the steps that make them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from common.templatetags.studium import NOTHING
from lab.admin.asking import tag_datasets
from lab.admin.base import RecordAdmin, TableInline
from lab.admin.filters import DayRangeFilter, SeenFilter
from lab.admin.procedures import ALIAS
from lab.admin.sections import DATA
from lab.models import DataNotice, Dataset, Download, FileRecord, Revision, Tag, Task


class FileInline(TableInline):
    model = FileRecord
    fields = ["repository", "relative_path", "exists", "checked_at"]
    readonly_fields = ["checked_at"]


@admin.register(Dataset)
class DatasetAdmin(RecordAdmin):
    section = DATA
    list_display = [
        "name", "collection", "session", "revision", "is_default", "type", "size", "qc",
        "is_online", "created_at",
    ]  # fmt: skip
    list_filter = [
        ("created_at", DayRangeFilter), "qc", "is_online", "is_default", ("type", SeenFilter),
        ("tags", SeenFilter),
    ]  # fmt: skip
    search_help_text = "The beginning of a file's name, or subject/2026-03-01/001."
    search_fields = ["name__startswith", "collection__startswith"]
    actions = [*RecordAdmin.actions, tag_datasets]
    inlines = [FileInline]
    readonly_fields = ["about", "is_online", "created_by", "created_at", "changed_at", "size"]
    fieldsets = [
        (None, {"fields": [
            ("name", "collection"), "session", "about", ("revision", "is_default"),
            ("type", "format"),
        ]}),
        ("Content", {"fields": [
            ("file_size", "size"), "hash", ("version", "software"), "provenance",
        ]}),
        ("Worth", {"fields": [("qc", "is_online"), "tags"]}),
        ("More", {
            "fields": [("created_by", "created_at", "changed_at"), "lab", "json"],
            "classes": ["collapse"],
        }),
    ]  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find the files of a session by its address."""
        found = ALIAS.fullmatch(search_term.strip())
        if found is None:
            return super().get_search_results(request, queryset, search_term)
        facts = {"session__subject__nickname__iexact": found["subject"],
                 "session__day": found["day"]}  # fmt: skip
        if found["number"]:
            facts["session__number"] = found["number"]
        return queryset.filter(**facts), False

    @admin.display(description="size", ordering="file_size")
    def size(self, dataset: Dataset) -> str:
        return NOTHING if dataset.file_size is None else str(filesizeformat(dataset.file_size))

    @admin.display(description="of another object")
    def about(self, dataset: Dataset) -> str:
        if dataset.content_type_id is None:
            return NOTHING
        return f"{dataset.content_type} {dataset.object_id}"


@admin.register(FileRecord)
class FileRecordAdmin(RecordAdmin):
    section = DATA
    list_display = ["relative_path", "repository", "exists", "checked_at"]
    list_filter = ["exists", ("repository", SeenFilter), ("checked_at", DayRangeFilter)]
    search_fields = ["relative_path__startswith"]
    search_help_text = "The beginning of a path."
    readonly_fields = ["checked_at"]
    fields = ["dataset", "repository", "relative_path", ("exists", "checked_at"), "json"]


@admin.register(Revision)
class RevisionAdmin(RecordAdmin):
    section = DATA
    list_display = ["name", "description", "created_at"]
    search_fields = ["name", "description"]
    fields = ["name", "description", "created_at", "json"]


@admin.register(Tag)
class TagAdmin(RecordAdmin):
    section = DATA
    list_display = ["name", "is_protected", "is_public", "description"]
    list_filter = ["is_protected", "is_public"]
    search_fields = ["name", "description"]
    fields = ["name", ("is_protected", "is_public"), "hash", "description", "json"]


@admin.register(DataNotice)
class DataNoticeAdmin(RecordAdmin):
    section = DATA
    list_display = ["name", "importance", "affected_from", "affected_until", "created_by"]
    list_filter = ["importance", ("created_at", DayRangeFilter)]
    search_fields = ["name", "description"]
    readonly_fields = ["created_by", "created_at"]
    fields = [
        "name", "importance", "description", "datasets", "version_affected",
        ("affected_from", "affected_until"), ("created_by", "created_at"), "json",
    ]  # fmt: skip

    def completed(self, request: HttpRequest, values: dict[str, Any]) -> dict[str, Any]:
        return {"created_by": request.user, **values}


@admin.register(Download)
class DownloadAdmin(RecordAdmin):
    section = DATA
    is_read_only = True
    list_display = ["user", "dataset", "count", "first_at", "last_at"]
    list_filter = [("last_at", DayRangeFilter)]
    search_fields = ["user__username", "dataset__name__startswith"]
    fields = ["user", "dataset", "projects", "count", ("first_at", "last_at")]


@admin.register(Task)
class TaskAdmin(RecordAdmin):
    section = DATA
    list_display = ["name", "session", "status", "level", "priority", "version", "at"]
    list_filter = ["status", ("at", DayRangeFilter)]
    search_fields = ["name", "session__subject__nickname", "graph"]
    fieldsets = [
        (None, {"fields": [("name", "session"), ("status", "at"), ("executable", "version")]}),
        ("Order", {"fields": [("graph", "level", "priority"), "parents", "arguments"]}),
        ("Means", {"fields": [
            ("cpu", "gpu", "ram_gb"), ("io_charge", "time_limit_s", "elapsed_s"), "repository",
        ]}),
        ("Log", {"fields": ["log", "json"], "classes": ["collapse"]}),
    ]  # fmt: skip
