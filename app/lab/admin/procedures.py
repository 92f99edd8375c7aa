"""What is done with animals: sessions, surgeries, injections, devices."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from common.templatetags.studium import NOTHING
from lab.admin.base import ReadOnlyInline, RecordAdmin, TableInline
from lab.admin.eye import eye_of
from lab.admin.filters import DayRangeFilter, SeenFilter, WhoseFilter, of_animals
from lab.admin.forms import ReasonedForm
from lab.admin.narratives import narratives_for
from lab.admin.news import NoteInline
from lab.admin.sections import PROCEDURES, Section
from lab.models import (
    ChronicRecording,
    Dataset,
    OtherAction,
    ProbeInsertion,
    Session,
    Surgery,
    VirusInjection,
)

ALIAS = re.compile(
    r"(?P<subject>[A-Za-z0-9._-]+?)[/\\_](?P<day>\d{4}-\d\d-\d\d)(?:[/\\_](?P<number>\d{1,5}))?"
)


TOLD_OF_FILES = ("name", "collection", "revision", "type", "file_size", "qc", "is_online")


class ActionAdmin(RecordAdmin):
    """What all procedures share."""

    section: ClassVar[Section] = PROCEDURES
    optional: ClassVar[tuple[str, ...]] = ("lab",)
    search_fields = ["subject__nickname", "narrative", "name"]
    list_display = ["subject", "began_at", "ended_at", "lab", "location"]
    list_filter = [WhoseFilter, ("began_at", DayRangeFilter), ("lab", SeenFilter),
                   ("procedures", SeenFilter), ("location", SeenFilter)]  # fmt: skip
    who: ClassVar[Any] = ("Who, where, when", {"fields": [
        ("subject", "lab"), "users", ("began_at", "ended_at"), ("location", "procedures"),
    ]})  # fmt: skip
    words: ClassVar[Any] = ("Narrative", {"fields": ["narrative"]})
    rest: ClassVar[Any] = (
        "More",
        {"fields": ["name", "after_death", "confirmed", "json"], "classes": ["collapse"]},
    )  # fmt: skip

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        context["narratives"] = narratives_for(str(self.opts.model_name), eye_of(request))
        return super().render_change_form(request, context, *args, **kwargs)

    def mine(self, request: HttpRequest) -> Q:
        through = self.model.users.through  # type: ignore[attr-defined]
        took_part = through.objects.filter(user=request.user.pk).values(self.opts.model_name)
        return of_animals(request) | Q(pk__in=took_part)


class ProbeInline(TableInline):
    model = ProbeInsertion
    fields = ["name", "model", "serial", "chronic_insertion"]


class DatasetInline(ReadOnlyInline):
    """The files of a session, to be read: they come by `register-file`."""

    model = Dataset
    fields = TOLD_OF_FILES
    readonly_fields = TOLD_OF_FILES


@admin.register(Session)
class SessionAdmin(ActionAdmin):
    list_display = [
        "alias", "began_at", "lab", "location", "task_protocol", "type", "n_trials", "correct",
        "qc",
    ]  # fmt: skip
    list_joins = ("subject",)
    list_filter = [
        WhoseFilter,
        ("began_at", DayRangeFilter),
        "qc",
        ("lab", SeenFilter),
        ("projects", SeenFilter),
        ("procedures", SeenFilter),
        ("location", SeenFilter),
    ]
    inlines = [ProbeInline, DatasetInline, NoteInline]
    search_help_text = r"An animal, subject/2026-03-01/001 (or with \ or _), a protocol."
    search_fields = ["subject__nickname", "task_protocol", "type"]
    readonly_fields = ["alias", "day"]
    fieldsets = [
        (None, {"fields": [("alias", "day"), ("subject", "number"), ("lab", "projects")]}),
        ("Who, where, when", {"fields": [
            "users", ("began_at", "ended_at"), ("location", "procedures"),
        ]}),
        ("Task", {"fields": [
            ("type", "task_protocol"), ("n_trials", "n_correct_trials"), "qc", "parent",
        ]}),
        ActionAdmin.words,
        ("More", {
            "fields": ["name", "after_death", "confirmed", "extended_qc", "json"],
            "classes": ["collapse"],
        }),
    ]  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a session by its address, whichever strokes it is written with."""
        found = ALIAS.fullmatch(search_term.strip())
        if found is None:
            return super().get_search_results(request, queryset, search_term)
        rows = queryset.filter(subject__nickname__iexact=found["subject"], day=found["day"])
        return (rows.filter(number=int(found["number"])) if found["number"] else rows), False

    @admin.display(description="session", ordering="subject__nickname")
    def alias(self, session: Session) -> str:
        return str(session) if session.subject_id else NOTHING

    @admin.display(description="correct")
    def correct(self, session: Session) -> str:
        if not session.n_trials or session.n_correct_trials is None:
            return NOTHING
        return f"{100 * session.n_correct_trials / session.n_trials:.0f} %"


class SurgeryForm(ReasonedForm):
    """A surgery that an animal does not outlive asks for a decision."""

    decisions = ("died_on", "lives_because")
    died_on = forms.DateField(
        required=False, label="Died on", widget=AdminDateWidget,
        help_text="Of an animal that did not outlive it.",
    )  # fmt: skip
    lives_because = forms.CharField(
        required=False, max_length=255, label="Or lives, because",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )  # fmt: skip


@admin.register(Surgery)
class SurgeryAdmin(ActionAdmin):
    form = SurgeryForm
    date_hierarchy = "began_at"
    list_display = ["subject", "began_at", "ended_at", "outcome", "implant_weight_g", "location"]
    list_filter = [*ActionAdmin.list_filter, "outcome"]
    fieldsets = [
        ActionAdmin.who,
        (
            "Surgery",
            {
                "fields": [
                    ("outcome", "implant_weight_g"),
                    ("died_on", "lives_because"),
                ]
            },
        ),
        ActionAdmin.words,
        ActionAdmin.rest,
    ]


@admin.register(VirusInjection)
class VirusInjectionAdmin(ActionAdmin):
    list_display = ["subject", "began_at", "virus_batch", "volume_nl", "kind", "location"]
    fieldsets = [
        ActionAdmin.who,
        ("Injection", {"fields": ["virus_batch", ("volume_nl", "rate_nl_per_min"), "kind"]}),
        ActionAdmin.words,
        ActionAdmin.rest,
    ]


@admin.register(ChronicRecording)
class ChronicRecordingAdmin(ActionAdmin):
    list_display = ["name", "subject", "began_at", "ended_at", "location"]
    fieldsets = [ActionAdmin.who, ActionAdmin.words, ActionAdmin.rest]


@admin.register(OtherAction)
class OtherActionAdmin(ActionAdmin):
    list_display = ["subject", "name", "began_at", "ended_at", "location"]
    fieldsets = [ActionAdmin.who, ActionAdmin.words, ActionAdmin.rest]
