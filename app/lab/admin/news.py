"""Notes on any record, news that the records send, and the trash."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.contenttypes.admin import GenericTabularInline
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.errors import StudiumError
from common.templatetags.studium import NOTHING
from lab.admin.base import RecordAdmin, RecordInline
from lab.admin.eye import me
from lab.admin.filters import ALL, DayRangeFilter, SeenFilter, Usual
from lab.admin.sections import NEWS
from lab.models import DeletedRecord, Note, Notification, NotificationRule
from lab.models.deletion import counts
from lab.services import notes, trash


class NoteInline(RecordInline, GenericTabularInline):  # type: ignore[misc]  # the form's type
    """Notes on a record; whoever adds one has written it."""

    model = Note
    ct_field, ct_fk_field = "content_type", "object_id"
    fields = ["text", "image", "at", "user"]
    readonly_fields = ["user"]

    def write(self, form: Any, parent: Any, facts: dict[str, Any]) -> None:
        """Keep a note with its picture, made as wide as the site shows it."""
        values = form.values()
        picture = _picture(values.pop("image", None))
        if form.instance._state.adding:  # noqa: SLF001
            kept = notes.create_note(about=parent, values=values, picture=picture, **facts)
        else:
            stored = Note.objects.get(pk=form.instance.pk)
            kept = notes.change_note(note=stored, values=values, picture=picture, **facts)
        form.instance.__dict__.update(kept.__dict__)


def _picture(file: Any) -> notes.Sent | None:
    return notes.Sent(notes.read(file), notes.width_of(None)) if file else None


@admin.register(Note)
class NoteAdmin(RecordAdmin):
    section = NEWS
    list_display = ["__str__", "user", "at", "kind_of_record", "lab"]
    list_filter = [("at", DayRangeFilter), ("lab", SeenFilter)]
    list_joins = ("content_type",)
    search_fields = ["text", "user__username"]
    readonly_fields = ["record", "image", "user", "lab"]
    fields = ["record", "text", "image", ("at", "user", "lab"), "json"]

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:  # noqa: ARG002
        return False  # a note is added on the page of what it is about

    @admin.display(description="about a")
    def kind_of_record(self, note: Note) -> str:
        return str(note.content_type.name)

    @admin.display(description="about")
    def record(self, note: Note) -> SafeString | str:
        about = note.content_object
        if about is None or not self.admin_site.is_registered(type(about)):
            return NOTHING
        options = about._meta  # noqa: SLF001
        address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[about.pk])
        return format_html('<a href="{}">{}</a>', address, about)


@admin.register(Notification)
class NotificationAdmin(RecordAdmin):
    section = NEWS
    list_display = ["title", "kind", "subject", "status", "send_at", "sent_at"]
    list_filter = ["kind", "status", ("send_at", DayRangeFilter)]
    search_fields = ["title", "subject__nickname"]
    fields = [
        "title", ("kind", "subject"), "message", "users", ("status", "send_at", "sent_at"), "json",
    ]  # fmt: skip


@admin.register(NotificationRule)
class NotificationRuleAdmin(RecordAdmin):
    """What people want to hear of: everybody says it for themselves, whatever their role."""

    section = NEWS
    list_display = ["user", "kind", "scope"]
    list_filter = ["kind", "scope"]
    search_fields = ["user__username"]

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_own = not isinstance(obj, NotificationRule) or obj.user_id == me(request).pk
        return is_own and self.admin_site.has_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        return ["user", ("kind", "scope")] if obj else [("kind", "scope")]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        return ["user", "kind"] if obj else []


class StillGone(Usual):
    title = "state"
    parameter_name = "state"
    usual = "gone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002
        return [("gone", "deleted"), ("back", "restored"), (ALL, "both")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002
        is_gone = Q(restored_at=None)
        if self.value() == ALL:
            return queryset
        return queryset.filter(is_gone if self.value() == "gone" else ~is_gone)


@admin.register(DeletedRecord)
class TrashAdmin(RecordAdmin):
    """What was deleted, each with all that it owned; a button brings it back."""

    section = NEWS
    is_read_only = True
    actions = None
    change_form_template = "admin/lab/deletedrecord/change_form.html"
    list_display = ["label", "kind_in_words", "lab", "count", "deleted_at", "deleted_by",
                    "reason", "restored_at"]  # fmt: skip
    list_filter = [StillGone, ("deleted_at", DayRangeFilter), ("lab", SeenFilter)]
    search_fields = ["label", "kind", "reason", "deleted_by__username"]
    fields = [
        ("label", "kind_in_words"), "lab", "contents", ("deleted_at", "deleted_by"), "reason",
        ("restored_at", "restored_by"),
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        return ["kind_in_words", "contents"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave the deleted rows themselves where they are: lists do not show them."""
        found = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and str(match.url_name).endswith("_changelist")
        return found.defer("rows", "links") if is_list else found

    @admin.display(description="kind", ordering="kind")
    def kind_in_words(self, kept: DeletedRecord) -> str:
        return kept.kind.rpartition(".")[2]

    @admin.display(description="with all of it")
    def contents(self, kept: DeletedRecord) -> str:
        return counts(kept.rows)

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.restore)
        name = "lab_deletedrecord_restore"
        return [path("<uuid:key>/restore/", view, name=name), *super().get_urls()]

    def restore(self, request: HttpRequest, key: Any) -> HttpResponse:
        """Bring a record back; whoever might have created it may do so."""
        kept = self.get_object(request, str(key))
        if kept is None or request.method != "POST":
            raise PermissionDenied
        try:
            record = trash.bring_back(
                kept=kept, by=me(request), reason=request.POST.get("why", "")[:255]
            )
        except StudiumError as error:
            self.message_user(request, f"{error.message} {error.remedy}", messages.ERROR)
            return redirect("admin:lab_deletedrecord_change", key)
        self.message_user(request, f"{record} is back.", messages.SUCCESS)
        return redirect(f"admin:lab_{record._meta.model_name}_change", record.pk)  # noqa: SLF001
