"""Stimuli with their tags."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from experiments.models import Stimulus
from lab.admin.filters import SeenFilter
from runs.admin.base import EXPERIMENTS, SeenAdmin


@admin.register(Stimulus)
class StimulusAdmin(SeenAdmin):
    section = EXPERIMENTS
    list_display = ["name", "collection", "project", "tagged", "created_at", "archived_at"]
    list_select_related = ["project", "asset"]
    list_filter = [("project", SeenFilter)]
    search_fields = ["name", "collection", "tags__text"]
    fields = [
        ("collection", "name"), "project", "asset", "text", "tagged",
        ("created_at", "archived_at"),
    ]  # fmt: skip
    readonly_fields = ["tagged"]
    actions = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).prefetch_related("tags")
        return rows

    @admin.display(description="tags")
    def tagged(self, stimulus: Any) -> str:
        return ", ".join(str(tag) for tag in stimulus.tags.all())
