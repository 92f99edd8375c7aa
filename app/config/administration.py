"""The administration: who gets in, in which sections its index is, what may be chosen from."""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accounts import queries
from accounts.errors import OperatorsOnly
from accounts.models import AuditEntry, User
from accounts.roles import is_operator
from common.errors import NotAllowed


class NoEntry(NotAllowed):
    message = "The administration is for those who record something in a lab, and for operators."
    remedy = "Ask a manager of your lab for another role."


class Choices(AutocompleteJsonView):
    """What can be chosen for a link: what the person sees, whoever keeps the list."""

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = _seen(self.model_admin, self.request)
        found, has_doubles = self.model_admin.get_search_results(self.request, rows, self.term)
        return found.distinct() if has_doubles else found

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  Django's
        return True  # the site has looked who it is; the rows are those that they see


def _seen(page: Any, request: HttpRequest) -> models.QuerySet[Any]:
    """Return the rows of a page of the administration that may be chosen: none, if it says none."""
    if hasattr(page, "choices_for"):
        return page.choices_for(request)  # type: ignore[no-any-return]
    manager = page.model._default_manager  # noqa: SLF001
    seen = getattr(manager, "visible_to", None)
    return seen(request.user) if seen else manager.none()  # type: ignore[no-any-return]


def _divided(area: dict[str, Any], pages: Mapping[Any, Any]) -> Iterator[dict[str, Any]]:
    """Yield an area of the index; one whose pages name sections, a section at a time."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for entry in area["models"]:
        found.setdefault(getattr(pages[entry["model"]], "section", None), []).append(entry)
    for section in sorted(filter(None, found), key=lambda one: one.rank):
        label = f"{area['app_label']}-{section.rank}"
        yield area | {"name": section.name, "app_label": label, "models": found[section],
                      "app_url": f"{area['app_url']}#{label}"}  # fmt: skip
    if None in found:
        yield area | {"models": found[None]}


class Administration(AdminSite):
    """Lets in whom `accounts` lets in, and shows the lab's records in sections."""

    site_header = "Administration"
    index_title = "Administration"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask once in a request: Django asks for every link that a page shows."""
        from lab.admin.eye import eye_of  # noqa: PLC0415  whose package registers its pages here

        known: tuple[Any, bool] | None = getattr(request, "enters", None)
        if known is None or known[0] != request.user.pk:
            is_known = isinstance(request.user, User) and not is_operator(request.user)
            roles = eye_of(request).reach.roles.values() if is_known else None
            known = request.user.pk, queries.enters_administration(request.user, roles)
            request.enters = known  # type: ignore[attr-defined]
        return known[1]

    def _is_open(self, page: Any, request: HttpRequest) -> bool:
        """Say whether a page is for this person: those of records for all, the rest for staff."""
        return page is None or is_operator(request.user) or getattr(page, "is_for_members", False)

    def _build_app_dict(self, request: HttpRequest, label: Any = None) -> Any:
        site = copy(self)
        pages = self._registry.items()
        site._registry = {kind: page for kind, page in pages if self._is_open(page, request)}  # noqa: SLF001
        return super(Administration, site)._build_app_dict(request, label)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Tell those who are signed in and may not enter so; others are led to the sign-in."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            page = getattr(view, "__self__", None)
            is_known = request.user.is_authenticated
            if is_known and not self.has_permission(request):
                raise NoEntry
            if is_known and isinstance(page, ModelAdmin) and not self._is_open(page, request):
                raise OperatorsOnly
            answer: HttpResponseBase = inner(request, *args, **kwargs)
            return answer

        return guarded

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        areas = super().get_app_list(request, app_label)
        return [part for area in areas for part in _divided(area, self._registry)]

    def autocomplete_view(  # type: ignore[override]  # of a view class
        self, request: HttpRequest
    ) -> HttpResponseBase:
        return Choices.as_view(admin_site=self)(request)

    def password_change(  # type: ignore[override]  # it is a page of its own
        self,
        request: HttpRequest,  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Lead to our own page, which counts attempts."""
        return redirect("accounts:password-change")

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return what the person did: the audit trail has it, so no second log is kept."""
        return AuditEntry.objects.filter(user=request.user.pk, object_type__startswith="lab.")
