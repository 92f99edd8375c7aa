"""What all pages of records share: who sees and may what, writes through services, few queries."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import NestedObjects, flatten_fieldsets
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models, router, transaction
from django.http import HttpRequest, HttpResponse

from common.errors import StudiumError
from lab.admin import writing
from lab.admin.actions import export
from lab.admin.eye import eye_of, me
from lab.admin.forms import (
    FreeDataField,
    LinkField,
    ManySelect,
    OneSelect,
    ReasonedForm,
    RecordForm,
    Refusal,
)
from lab.admin.history import Historical
from lab.admin.labels import all_joins, joins, words_of
from lab.admin.lists import CappedPaginator
from lab.admin.sections import LISTS, Section
from lab.models import Recorded

if TYPE_CHECKING:  # it takes no parameter when the program runs
    Page = admin.ModelAdmin[Any]
    Table = admin.TabularInline[Any, Any]
else:
    Page, Table = admin.ModelAdmin, admin.TabularInline

LAST = "lab_last_subject"
MOST_NAMED = 20


class Refused(Exception):
    """What a service refused, and the form that it speaks of."""

    def __init__(self, error: StudiumError, prefix: str | None) -> None:
        super().__init__(str(error))
        self.refusal = Refusal(error, prefix)


class Permitted:
    """Asks the one table of permissions, and limits every choice to what the person sees."""

    model: type[models.Model]
    admin_site: admin.AdminSite
    is_read_only = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return self._may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not isinstance(obj, self.model):  # none, or what an inline's rows hang on
            return self._may_write(request, obj)
        return not self.is_read_only and eye_of(request).may_change(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def _may_write(self, request: HttpRequest, parent: Any = None) -> bool:
        if self.is_read_only or not issubclass(self.model, Recorded):
            return False
        lab = getattr(parent, "lab", None)
        return eye_of(request).reach.may_write(self.model, lab and lab.pk)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = eye_of(request).of(self.model)
        ordering = self.get_ordering(request)  # type: ignore[attr-defined]
        return rows.order_by(*(ordering or self.model._meta.ordering or ["pk"]))  # noqa: SLF001

    formfield_overrides: ClassVar[Any] = {
        models.JSONField: {"form_class": FreeDataField},
        models.URLField: {"assume_scheme": "https"},
    }

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Offer no button beside a choice that deletes what is chosen."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and hasattr(field.widget, "can_delete_related"):
            field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        if db_field.remote_field.model is not ContentType:
            kwargs.setdefault("form_class", LinkField)
            kwargs.setdefault("widget", OneSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        kwargs.setdefault("widget", ManySelect(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def _choices(self, db_field: Any, request: HttpRequest) -> models.QuerySet[Any]:
        kind = db_field.remote_field.model
        return eye_of(request).of(kind).select_related(*words_of(kind))


class RecordAdmin(Permitted, Historical, Page):
    """The pages of one kind of record."""

    is_for_members = True
    section: ClassVar[Section] = LISTS
    form = ReasonedForm
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    save_on_top = False
    actions: Any = [export]
    search_help_text = ""
    optional: ClassVar[tuple[str, ...]] = ()  # fields that services fill in when they are empty
    list_joins: ClassVar[tuple[str, ...]] = ()  # what columns speak of besides links
    page_joins: ClassVar[tuple[str, ...]] = ()  # what a record's page speaks of besides links

    # --- reading ------------------------------------------------------------------------------
    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        shown = [name for name in self.get_list_display(request) if isinstance(name, str)]
        return [*joins(self.model, shown), *self.list_joins]

    def choices_for(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows that others may be linked with."""
        return self.get_queryset(request).select_related(*words_of(self.model))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        field: Any = self.opts.get_field(from_field) if from_field else self.opts.pk
        joined = (*all_joins(self.model), *self.page_joins)
        rows = self.get_queryset(request).select_related(*joined)
        try:
            key = field.to_python(object_id)
            return rows.prefetch_related(*self._seen_links(request)).get(**{field.name: key})
        except (ObjectDoesNotExist, ValidationError, ValueError):
            return None

    def _seen_links(self, request: HttpRequest) -> list[Any]:
        """Return the links to many that the form shows, with the rows that the person sees."""
        eye, shown = eye_of(request), self._shown(request)
        return [
            models.Prefetch(
                field.name,
                eye.of(field.remote_field.model).select_related(
                    *words_of(field.remote_field.model)
                ),
            )
            for field in self.opts.many_to_many
            if field.name in shown
        ]

    def _shown(self, request: HttpRequest) -> set[str]:
        return set(flatten_fieldsets(self.get_fieldsets(request)))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show free data last where a page does not say the order itself."""
        found = list(super().get_fields(request, obj))
        return sorted(found, key=lambda name: name == "json")

    # --- the form -----------------------------------------------------------------------------
    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask why last, of whoever may write."""
        found = [
            (name, options | {"fields": [one for one in options["fields"] if one != "why"]})
            for name, options in super().get_fieldsets(request, obj)
        ]
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return [*found, (None, {"fields": ["why"]})] if may else found

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = cast("Any", super().get_form(request, obj, change, **kwargs))
        refusal: Refusal | None = getattr(request, "refusal", None)
        form.refusal = refusal if refusal and refusal.prefix is None else None
        form.optional = self.optional
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with oneself and with the animal of the entry before."""
        initial = dict(super().get_changeform_initial_data(request))
        names = {field.name for field in self.opts.fields}
        last = request.session.get(LAST)
        if "subject" in names and last:
            initial.setdefault("subject", last)
        if "user" in names:
            initial.setdefault("user", str(me(request).pk))
        if any(field.name == "users" for field in self.opts.many_to_many):
            initial.setdefault("users", [str(me(request).pk)])
        return initial

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:  # fmt: skip
        """Show the form again, with what a service has refused at its field; nothing is kept."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            request.refusal = refused.refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    # --- writing ------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        values = self.completed(request, form.values()) if not change else form.values()
        facts = {"by": me(request), "values": values, "reason": form.cleaned_data["why"]}
        if change and not values:
            return
        try:
            if change:
                stored = self.model._base_manager.get(pk=obj.pk)  # noqa: SLF001
                kept = writing.change(record=cast("Recorded", stored), **facts)
            else:
                kept = writing.create(kind=cast("Any", self.model), **facts)
        except StudiumError as error:
            raise Refused(error, None) from error
        obj.__dict__.update(kept.__dict__)
        self._remember(request, obj)

    def completed(self, request: HttpRequest, values: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return the values of a new record with what the page knows besides."""
        subject = values.get("subject")
        if subject is not None and "lab" in self.optional:
            values.setdefault("lab", subject.lab)
        return values

    def _remember(self, request: HttpRequest, obj: Any) -> None:
        subject = obj if self.opts.model_name == "subject" else getattr(obj, "subject", None)
        if subject is not None and self.opts.model_name != "subjectname":
            request.session[LAST] = str(subject.pk)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rows of inlines; the record's own links are with its service."""
        for formset in formsets:
            self.save_formset(request, form, formset, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: ARG002
        formset.save(commit=False)  # parts the rows into new, changed and deleted ones
        facts = {"by": me(request), "reason": form.cleaned_data["why"]}
        gone = {id(one) for one in formset.deleted_forms}
        for one in formset.forms:
            try:
                if id(one) in gone and one.instance.pk and one in formset.initial_forms:
                    writing.delete(record=one.instance, **facts)
                elif id(one) not in gone and one.has_changed():
                    formset.inline.write(one, formset.instance, facts)
            except StudiumError as error:
                raise Refused(error, one.prefix) from error

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Any]) -> None:
        for record in queryset:
            self.delete_model(request, record)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        writing.delete(record=obj, by=me(request), reason=request.POST.get("why", "")[:255])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:  # noqa: ARG002
        """Return what goes along, by numbers; all of it can be restored from the trash."""
        rows = list(objs)
        nested: Any = NestedObjects(using=router.db_for_write(self.model), origin=rows)
        nested.collect(rows)
        numbers = {
            kind._meta.verbose_name_plural: len(found)  # noqa: SLF001
            for kind, found in nested.model_objs.items()
            if not kind._meta.auto_created  # noqa: SLF001
        }
        named = [str(row) for row in rows[:MOST_NAMED]]
        more = len(rows) - len(named)
        protected = sorted({str(row) for row in nested.protected})[:MOST_NAMED]
        return [*named, *([f"and {more} more"] if more else [])], numbers, set(), protected

    # --- no second log: the audit trail has it -------------------------------------------------
    def log_addition(self, *_: Any) -> None:  # type: ignore[override]
        return

    def log_change(self, *_: Any) -> None:  # type: ignore[override]
        return

    def log_deletions(self, *_: Any) -> None:  # type: ignore[override]
        return

    def get_actions(self, request: HttpRequest) -> Any:
        found = super().get_actions(request)
        if IS_POPUP_VAR not in request.GET and not self.has_delete_permission(request):
            found.pop("delete_selected", None)
        return found


class RecordInline(Permitted):
    """Rows that hang on a record, on its page."""

    form = RecordForm
    extra = 0
    show_change_link = True
    optional: ClassVar[tuple[str, ...]] = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related(*all_joins(self.model))

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        formset.inline = self
        formset.eye = eye_of(request)
        formset.form.refusal = getattr(request, "refusal", None)
        formset.form.optional = self.optional
        for name, field in formset.form.base_fields.items():  # only the table's head says it
            field.widget.attrs.setdefault("aria-label", field.label or name)
        return formset

    def write(self, form: Any, parent: Any, facts: dict[str, Any]) -> None:
        """Create or change the row of one form."""
        if form.instance._state.adding:  # noqa: SLF001
            values = form.values() | self.hung(form, parent, facts["by"])
            kept = writing.create(kind=cast("Any", self.model), values=values, **facts)
        else:
            stored = cast("Recorded", self.model._base_manager.get(pk=form.instance.pk))  # noqa: SLF001
            kept = writing.change(record=stored, values=form.values(), **facts)
        form.instance.__dict__.update(kept.__dict__)

    def hung(self, form: Any, parent: Any, by: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return what a new row has from the record that it hangs on."""
        return {self.formset_link(form): parent}

    def formset_link(self, form: Any) -> str:
        kind = form.instance._meta  # noqa: SLF001
        named = getattr(self, "fk_name", None)
        if named:
            return str(named)
        parent = self.parent_model  # type: ignore[attr-defined]
        return next(str(f.name) for f in kind.fields if f.is_relation and f.related_model is parent)


class TableInline(RecordInline, Table):  # type: ignore[misc]  # the form's type
    pass


class ReadOnlyInline(TableInline):
    is_read_only = True
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return True
