"""What the pages of runs and experiments share: one's own projects alone, and read unless said."""

import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Project, User
from accounts.roles import Role, at_least, is_operator
from lab.admin.actions import export
from lab.admin.eye import eye_of
from lab.admin.history import Historical
from lab.admin.lists import CappedPaginator
from lab.admin.sections import Section

if TYPE_CHECKING:  # it takes no parameter when the program runs
    Page = admin.ModelAdmin[Any]
    RowForm = forms.ModelForm[Any]
else:
    Page, RowForm = admin.ModelAdmin, forms.ModelForm

RUNS = Section(11, "Participants and runs")
ROWS = Section(12, "What was recorded")
EXPERIMENTS = Section(10, "Experiments")


def me(request: HttpRequest) -> User:
    return cast("User", request.user)


def editable(request: HttpRequest) -> set[int]:
    """Return the keys of the projects that the person may change, asked for once in a request."""
    known: set[int] | None = getattr(request, "editable_projects", None)
    if known is None:
        known = set(Project.objects.editable_by(request.user).values_list("pk", flat=True))
        request.editable_projects = known  # type: ignore[attr-defined]
    return known


def may_edit_some(request: HttpRequest) -> bool:
    """Say whether the person may change projects of some lab, if it has any: asks nothing more."""
    return is_operator(me(request)) or at_least(eye_of(request).reach.highest, Role.EXPERIMENTER)


class SeenAdmin(Historical, Page):
    """Rows of the projects that the person sees. What participants did is never changed here."""

    is_for_members = True
    section: ClassVar[Section] = ROWS
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    actions: Any = [export]
    project_path: ClassVar[str] = ""  # from a row to the key of its project, where it may change
    sight: ClassVar[str] = ""  # the way to the project, where the rows themselves do not know it
    has_form = False  # else its rows are changed by deeds alone
    narrowed_by: ClassVar[tuple[str, ...]] = ()  # by these a link of another page narrows the list

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return bool(self.project_path and editable(request))
        return self.has_form and project_of(obj, self.project_path) in editable(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Say what the list of all pages offers: by roles alone, as every page has that list."""
        may = may_edit_some(request)
        is_made_here = type(self).has_add_permission is not SeenAdmin.has_add_permission
        return {
            "view": self.has_view_permission(request),
            "add": is_made_here and may,
            "change": bool(self.project_path) and may,
            "delete": self.has_delete_permission(request),
        }

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: Any = self.model._default_manager.all()  # noqa: SLF001
        if self.sight:
            rows = rows.filter(**{f"{self.sight}__in": Project.objects.visible_to(request.user)})
        else:
            rows = rows.visible_to(request.user)
        ordering = self.get_ordering(request) or self.opts.ordering or ["pk"]
        return cast("models.QuerySet[Any]", rows.order_by(*ordering))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        try:
            rows = self.get_queryset(request).select_related(*self._joined())
            return rows.filter(**{from_field or "pk": object_id}).first()
        except (ValidationError, ValueError):
            return None

    def _joined(self) -> list[str]:
        joined = self.list_select_related
        return list(joined) if isinstance(joined, list | tuple) else []

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        asked = cast("HttpRequest", request)
        return lookup in self.narrowed_by or super().lookup_allowed(lookup, value, asked)


def project_of(row: models.Model, path: str) -> Any:
    """Return the key of a row's project; ``path`` ends in the field that holds it."""
    found: Any = row
    for name in path.split("__"):
        found = getattr(found, name)
    return found


def listed(kind: str, name: str, number: int, **narrowed: Any) -> SafeString:
    """Return a link to the rows that belong to something, with how many they are."""
    query = "&".join(f"{key}={value}" for key, value in narrowed.items())
    address = reverse(f"admin:{kind}_changelist")
    return format_html('<a href="{}?{}">{} {}</a>', address, query, f"{number:,}", name)


def as_json(value: Any) -> SafeString:
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
    return format_html('<pre class="json">{}</pre>', text)
