"""Stimuli with their tags: brought in from a table or an archive, looked for, put away."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from experiments.admin import bringing
from experiments.models import Stimulus
from experiments.queries.stimuli import narrowed
from experiments.services import stimuli
from lab.admin.asking import Deed, perform
from lab.admin.filters import SeenFilter
from runs.admin.base import EXPERIMENTS, SeenAdmin


def _put_away(chosen: Iterable[Stimulus], _which: None, facts: dict[str, Any]) -> None:
    for stimulus in chosen:
        stimuli.put_away(stimulus=stimulus, by=facts["by"])


PUT_AWAY = Deed("Put away", "Put away", None, _put_away)


@admin.action(description="Put away …", permissions=["change"])
def put_away(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, PUT_AWAY)


@admin.register(Stimulus)
class StimulusAdmin(SeenAdmin):
    section = EXPERIMENTS
    project_path = "project_id"
    list_display = ["name", "collection", "kind", "tagged", "project", "archived_at"]
    list_select_related = ["project", "asset"]
    list_filter = [("project", SeenFilter)]
    search_fields = ["name"]
    search_help_text = "Words of names, collections and tags; mode=minor and tempo>=120 ask a tag."
    actions = [put_away]
    fields = ["project", "collection", "name", "kind", "asset", "text", "tagged", "created_at",
              "archived_at"]  # fmt: skip
    readonly_fields = ["kind", "tagged"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_urls(self) -> list[Any]:
        """Add the page that takes files; by its last word the web server knows that it does."""
        view = self.admin_site.admin_view(self.bring)
        return [path("upload/", view, name="experiments_stimulus_upload"), *super().get_urls()]

    def bring(self, request: HttpRequest) -> HttpResponse:
        return bringing.page(self, request)

    def add_view(self, *_: Any, **__: Any) -> HttpResponse:
        return redirect("admin:experiments_stimulus_upload")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).prefetch_related("tags")
        return rows

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: Any,
        search_term: str,
    ) -> tuple[Any, bool]:
        return narrowed(queryset, search_term), False

    @admin.display(description="Kind")
    def kind(self, stimulus: Stimulus) -> str:
        return stimulus.asset.media_type if stimulus.asset else "text"

    @admin.display(description="Tags")
    def tagged(self, stimulus: Stimulus) -> str:
        return ", ".join(str(tag) for tag in stimulus.tags.all())
