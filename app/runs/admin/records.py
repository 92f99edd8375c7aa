"""What was recorded of runs, row by row: shown as it came, and never changed."""

import json
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lab.admin.filters import DayRangeFilter, SeenFilter
from runs.admin.base import RUNS, SeenAdmin, as_json
from runs.models import (
    Answer,
    Consent,
    ConsentText,
    Event,
    Measure,
    Trial,
    TrialEvents,
    Variant,
    Visit,
    Withdrawal,
)

OF_VISIT = "visit__run__participant"
OF_RUN = "run__participant"
MOST_EVENTS = 50
NARROWED_BY_VISIT = ("visit__run__id__exact", "visit__id__exact")


class RecordedAdmin(SeenAdmin):
    """A row that belongs to a showing of a step."""

    list_select_related = [OF_VISIT]
    narrowed_by = NARROWED_BY_VISIT
    search_fields = ["visit__run__participant__pseudonym__startswith"]
    search_help_text = "By the pseudonym of the participant."

    @admin.display(description="participant")
    def who(self, row: Any) -> str:
        return str(row.visit.run.participant or "")

    @admin.display(description="step")
    def where(self, row: Any) -> str:
        return str(row.visit)


@admin.register(Visit)
class VisitAdmin(SeenAdmin):
    list_display = ["__str__", "who", "stimulus", "served_at", "submitted_at", "is_disputed"]
    list_select_related = [OF_RUN]
    list_filter = ["is_disputed", ("served_at", DayRangeFilter)]
    narrowed_by = ("run__id__exact",)
    search_fields = ["run__participant__pseudonym__startswith", "step"]
    ordering = ["run", "position"]
    fields = [
        ("run", "position"), ("step", "passes"), "stimulus",
        ("served_at", "started_at", "submitted_at"), "is_disputed", "told",
    ]  # fmt: skip
    readonly_fields = ["told"]

    @admin.display(description="participant")
    def who(self, visit: Any) -> str:
        return str(visit.run.participant or "")

    @admin.display(description="what was shown")
    def told(self, visit: Any) -> SafeString:
        return as_json(visit.content)


@admin.register(Answer)
class AnswerAdmin(RecordedAdmin):
    list_display = ["measure", "value", "label", "missing", "who", "where", "received_at"]
    list_select_related = [OF_VISIT, "measure", "trial"]
    list_filter = ["missing", ("received_at", DayRangeFilter)]
    search_fields = [*RecordedAdmin.search_fields, "measure__name"]
    search_help_text = "By the pseudonym of the participant, or by what is asked."
    fields = [
        ("measure", "visit", "trial"), ("value", "label"), ("number", "text"), "missing",
        "stimulus", ("answered_at", "received_at"),
    ]  # fmt: skip


@admin.register(Trial)
class TrialAdmin(RecordedAdmin):
    list_display = ["index", "who", "where", "plugin", "rt_ms", "response", "received_at",
                    "is_disputed"]  # fmt: skip
    list_filter = ["is_disputed", ("received_at", DayRangeFilter)]
    ordering = ["visit", "index"]
    fields = [
        ("visit", "index"), ("plugin", "plugin_version"), "stimulus",
        ("onset_ms", "rt_ms", "end_ms"), "response", ("sent_at", "received_at"),
        ("digest", "is_disputed"), "raw", "events_inside",
    ]  # fmt: skip
    readonly_fields = ["events_inside"]

    @admin.display(description="events inside it")
    def events_inside(self, trial: Any) -> SafeString | str:
        """Show the first of a trial's events; a pointer's positions are thousands."""
        kept = TrialEvents.objects.filter(trial=trial).first()
        if kept is None:
            return "none"
        shown = json.loads(kept.raw)[:MOST_EVENTS]
        more = f"{kept.count:,} events" + (f"; the first {MOST_EVENTS}:" if shown[-1:] else "")
        return format_html("{}{}", more, as_json(shown))


@admin.register(Variant)
class VariantAdmin(RecordedAdmin):
    list_display = ["index", "who", "where", "received_at"]
    list_filter = [("received_at", DayRangeFilter)]
    fields = [("visit", "index"), ("received_at", "digest"), "raw"]


@admin.register(Event)
class EventAdmin(SeenAdmin):
    list_display = ["kind", "who", "at_ms", "received_at"]
    list_select_related = [OF_RUN, "visit"]
    list_filter = [("received_at", DayRangeFilter)]
    narrowed_by = ("run__id__exact",)
    search_fields = ["run__participant__pseudonym__startswith", "kind"]
    fields = [("run", "visit"), ("kind", "number"), ("at_ms", "received_at"), "told"]
    readonly_fields = ["told"]

    @admin.display(description="participant")
    def who(self, event: Any) -> str:
        return str(event.run.participant or "")

    @admin.display(description="data")
    def told(self, event: Any) -> SafeString:
        return as_json(event.data)


@admin.register(Measure)
class MeasureAdmin(SeenAdmin):
    list_display = ["name", "label", "kind", "unit", "project", "is_unforeseen"]
    list_select_related = ["project"]
    list_filter = [("project", SeenFilter), "kind", "is_unforeseen"]
    search_fields = ["name", "label", "design__startswith"]
    fields = ["name", "label", ("kind", "unit"), "told", ("project", "design"), "is_unforeseen"]
    readonly_fields = ["told"]

    @admin.display(description="levels")
    def told(self, measure: Any) -> SafeString:
        return as_json(measure.levels)


@admin.register(Consent)
class ConsentAdmin(SeenAdmin):
    section = RUNS
    list_display = ["participant", "text", "agreed", "at", "withdrawn_at"]
    list_select_related = ["participant", "text", "run"]
    list_filter = ["agreed", ("at", DayRangeFilter)]
    search_fields = ["participant__pseudonym__startswith"]
    fields = [("participant", "run"), "text", ("agreed", "at", "withdrawn_at"), "choices"]


@admin.register(ConsentText)
class ConsentTextAdmin(SeenAdmin):
    section = RUNS
    list_display = ["__str__", "digest", "created_at"]
    search_fields = ["title", "digest__startswith"]
    fields = ["title", ("digest", "created_at"), "text"]


@admin.register(Withdrawal)
class WithdrawalAdmin(SeenAdmin):
    """That somebody withdrew, and how much was erased; what it was is nowhere any more."""

    section = RUNS
    list_display = ["receipt", "on", "project", "keeps_answers", "by"]
    list_select_related = ["project", "by", "participant", "run"]
    list_filter = [("project", SeenFilter), ("on", DayRangeFilter)]
    search_fields = ["receipt"]
    fields = ["receipt", ("project", "on"), ("participant", "run"), "keeps_answers",
              ("by", "reason"), "told"]  # fmt: skip
    readonly_fields = ["told"]

    @admin.display(description="erased")
    def told(self, withdrawal: Any) -> SafeString:
        return as_json(withdrawal.counts)
