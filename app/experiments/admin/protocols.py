"""Protocols: written as JSON, frozen, published and retired."""

import json
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from accounts.models import Project
from common.errors import StudiumError
from experiments.definition.protocol import read_protocol
from experiments.models import Protocol, Revision
from experiments.services import banks, protocols
from lab.admin.asking import Deed, perform
from lab.admin.filters import SeenFilter
from runs.admin.base import EXPERIMENTS, RowForm, SeenAdmin, as_json, listed, me
from runs.rows import read

HELP = "JSON, as docs/experiments/protocols.md describes it. A fault is named with its place."


def _freeze(chosen: Iterable[Protocol], _which: None, facts: dict[str, Any]) -> None:
    for protocol in chosen:
        protocols.freeze(protocol=protocol, by=facts["by"])


def _freeze_and_publish(chosen: Iterable[Protocol], _which: None, facts: dict[str, Any]) -> None:
    for protocol in chosen:
        revision = protocols.freeze(protocol=protocol, by=facts["by"])
        protocols.publish(revision=revision, by=facts["by"])


def _publish(chosen: Iterable[Revision], _which: None, facts: dict[str, Any]) -> None:
    for revision in chosen:
        protocols.publish(revision=revision, by=facts["by"])


def _retire(chosen: Iterable[Revision], _which: None, facts: dict[str, Any]) -> None:
    for revision in chosen:
        protocols.retire(revision=revision, by=facts["by"])


FREEZE = Deed("Freeze", "Freeze", None, _freeze)
FREEZE_AND_PUBLISH = Deed("Freeze and publish", "Freeze and publish", None, _freeze_and_publish)
PUBLISH = Deed("Publish", "Publish", None, _publish)
RETIRE = Deed("Retire", "Retire", None, _retire)


@admin.action(description="Freeze …", permissions=["change"])
def freeze(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, FREEZE)


@admin.action(description="Freeze and publish …", permissions=["change"])
def freeze_and_publish(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, FREEZE_AND_PUBLISH)


@admin.action(description="Publish …", permissions=["change"])
def publish(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, PUBLISH)


@admin.action(description="Retire …", permissions=["change"])
def retire(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, RETIRE)


class DraftForm(RowForm):
    """A draft as text; what the reader of protocols refuses stands at the text."""

    words = forms.CharField(
        label="Protocol",
        help_text=HELP,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 40, "cols": 100, "spellcheck": "false"}),
    )

    class Meta:
        model = Protocol
        fields = ["project"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.draft:
            draft = json.dumps(self.instance.draft, indent=1, ensure_ascii=False)
            self.initial.setdefault("words", draft)

    def clean_words(self) -> Any:
        try:
            words = read(self.cleaned_data["words"])
            found = self.instance.project if self.instance.name else self.cleaned_data["project"]
            self._need_its_name(read_protocol(banks.readable(found, words)).name)
        except StudiumError as error:
            raise ValidationError(error.message) from error
        return words

    def _need_its_name(self, name: str) -> None:
        mine = self.instance.name
        if mine and name != mine:
            raise ValidationError(f"name: This one is {mine!r}; add another as a new one.")

    def clean(self) -> dict[str, Any] | None:
        found = super().clean()
        project, words = self.cleaned_data.get("project"), self.cleaned_data.get("words")
        if project and words and self.instance._state.adding:  # noqa: SLF001
            same = Protocol.objects.filter(project=project, name=words["name"])
            if same.exists():
                self.add_error("words", "name: The project has a protocol of this name already.")
        return found


@admin.register(Protocol)
class ProtocolAdmin(SeenAdmin):
    section = EXPERIMENTS
    form = DraftForm
    has_form = True
    project_path = "project_id"
    list_display = ["name", "title", "project", "published_number", "changed_at"]
    list_select_related = ["project"]
    list_filter = [("project", SeenFilter)]
    search_fields = ["name", "title"]
    actions = [freeze, freeze_and_publish]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        live = Revision.objects.published().filter(protocol=OuterRef("pk"))
        number = Subquery(live.values("number")[:1])
        rows = super().get_queryset(request).defer("draft").annotate(live_number=number)
        return cast("QuerySet[Any]", rows)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found:
            found.refresh_from_db(fields=["draft"])
        return found

    @admin.display(description="published", ordering="live_number")
    def published_number(self, protocol: Any) -> str:
        return f"revision {protocol.live_number}" if protocol.live_number else ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["project", "words"]
        last = "words" if self.has_change_permission(request, obj) else "shown_draft"
        return [("name", "title"), ("project", "frozen"), ("created_at", "changed_at"), last]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        fixed = ["name", "title", "project", "frozen", "created_at", "changed_at", "shown_draft"]
        return fixed if obj else []

    @admin.display(description="draft")
    def shown_draft(self, protocol: Any) -> SafeString:
        return as_json(protocol.draft)

    @admin.display(description="revisions")
    def frozen(self, protocol: Any) -> SafeString:
        number = protocol.revisions.count()
        return listed("experiments_revision", "revisions", number, protocol__id__exact=protocol.pk)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "project":
            rows = Project.objects.editable_by(request.user)
            kwargs["queryset"] = rows.select_related("lab").order_by("lab__name", "name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        project = obj.project if change else form.cleaned_data["project"]
        kept = protocols.write(project=project, by=me(request), words=form.cleaned_data["words"])
        obj.__dict__.update(kept.__dict__)

    def log_addition(self, *_: Any) -> None:  # type: ignore[override]
        """Write no second log: the audit trail has it."""

    def log_change(self, *_: Any) -> None:  # type: ignore[override]
        """Write no second log: the audit trail has it."""


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002
        return [("published", "published"), ("retired", "retired"), ("frozen", "never published")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002
        return {
            "published": queryset.published,
            "retired": lambda: queryset.filter(retired_at__isnull=False),
            "frozen": lambda: queryset.filter(published_at=None),
        }.get(str(self.value()), lambda: queryset)()


@admin.register(Revision)
class RevisionAdmin(SeenAdmin):
    """What was frozen never changes; it is published and retired."""

    section = EXPERIMENTS
    project_path = "protocol__project_id"
    narrowed_by = ("protocol__id__exact",)
    list_display = ["__str__", "of_project", "digest", "frozen_at", "published_at", "retired_at"]
    list_select_related = ["protocol__project", "frozen_by"]
    list_filter = [StateFilter]
    search_fields = ["protocol__name", "protocol__title", "digest__startswith"]
    actions = [publish, retire]
    fields = [
        ("protocol", "number"), "digest", ("frozen_at", "frozen_by"),
        ("published_at", "retired_at"), "runs_of", "shown_words",
    ]  # fmt: skip
    readonly_fields = [
        "protocol", "number", "digest", "frozen_at", "frozen_by", "published_at", "retired_at",
        "runs_of", "shown_words",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("words", "protocol__draft")

    @admin.display(description="project", ordering="protocol__project")
    def of_project(self, revision: Any) -> str:
        return str(revision.project)

    @admin.display(description="what was frozen")
    def shown_words(self, revision: Any) -> SafeString:
        return as_json(revision.words)

    @admin.display(description="runs")
    def runs_of(self, revision: Any) -> SafeString:
        number = revision.sittings.count()
        return listed("experiments_sitting", "runs", number, revision__id__exact=revision.pk)
