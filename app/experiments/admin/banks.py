"""Banks: each save of other words is a revision of its own, and protocols stay on theirs."""

import json
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.models import Project
from common.errors import StudiumError
from experiments.definition.banks import read_bank
from experiments.models import Bank, BankRevision
from experiments.services import banks
from lab.admin.filters import SeenFilter
from runs.admin.base import EXPERIMENTS, RowForm, SeenAdmin, as_json, listed, me
from runs.rows import read


class BankForm(RowForm):
    words = forms.CharField(
        label="Bank",
        help_text="JSON, as docs/experiments/banks.md describes it.",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 40, "cols": 100, "spellcheck": "false"}),
    )

    class Meta:
        model = Bank
        fields = ["project"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = None if self.instance._state.adding else self.instance.revisions.first()  # noqa: SLF001
        if latest:
            said = json.dumps(latest.words, indent=1, ensure_ascii=False)
            self.initial.setdefault("words", said)

    def clean_words(self) -> Any:
        try:
            words = read(self.cleaned_data["words"])
            name, mine = read_bank(words).name, self.instance.name
        except StudiumError as error:
            raise ValidationError(error.message) from error
        if mine and name != mine:
            raise ValidationError(f"name: This one is {mine!r}; add another as a new one.")
        return words


@admin.register(Bank)
class BankAdmin(SeenAdmin):
    section = EXPERIMENTS
    form = BankForm
    has_form = True
    project_path = "project_id"
    list_display = ["name", "title", "project", "kept"]
    list_select_related = ["project"]
    list_filter = [("project", SeenFilter)]
    search_fields = ["name", "title"]
    actions = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(times=Count("revisions"))
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        last = ["words"] if obj is None or self.has_change_permission(request, obj) else []
        return [("name", "title"), "project", "kept", *last] if obj else ["project", *last]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        return ["name", "title", "project", "kept"] if obj else []

    @admin.display(description="revisions")
    def kept(self, bank: Any) -> SafeString:
        key = {"bank__id__exact": bank.pk}
        return listed("experiments_bankrevision", "revisions", bank.times, **key)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "project":
            rows = Project.objects.editable_by(request.user)
            kwargs["queryset"] = rows.select_related("lab").order_by("lab__name", "name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        project = obj.project if change else form.cleaned_data["project"]
        kept = banks.write(project=project, by=me(request), words=form.cleaned_data["words"])
        obj.__dict__.update(kept.bank.__dict__)

    def log_addition(self, *_: Any) -> None:  # type: ignore[override]
        """Write no second log: the audit trail has it."""

    def log_change(self, *_: Any) -> None:  # type: ignore[override]
        """Write no second log: the audit trail has it."""


@admin.register(BankRevision)
class BankRevisionAdmin(SeenAdmin):
    section = EXPERIMENTS
    narrowed_by = ("bank__id__exact",)
    list_display = ["__str__", "of_project", "digest", "frozen_at", "uses"]
    list_select_related = ["bank__project", "frozen_by"]
    search_fields = ["bank__name", "bank__title", "digest__startswith"]
    actions = ()
    fields = [("bank", "number"), "digest", ("frozen_at", "frozen_by"), "uses", "shown_words"]
    readonly_fields = ["uses", "shown_words"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).defer("words").annotate(use_count=Count("used_by"))
        return cast("QuerySet[Any]", rows)

    @admin.display(description="project", ordering="bank__project")
    def of_project(self, revision: Any) -> str:
        return str(revision.project)

    @admin.display(description="protocols that use it", ordering="use_count")
    def uses(self, revision: Any) -> int:
        return int(revision.use_count)

    @admin.display(description="what it says")
    def shown_words(self, revision: Any) -> SafeString:
        return as_json(revision.words)
