"""Deeds on several chosen records that ask something first: which tag, which cage, and why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from common.errors import StudiumError
from lab.admin import writing
from lab.admin.eye import eye_of, me
from lab.admin.labels import words_of
from lab.models import Dataset, Housing, HousingPeriod, Recorded, Subject, Tag

MOST = 1000


@dataclass(frozen=True)
class Deed:
    """What is done with each record, or with all, and what it asks for."""

    name: str
    verb: str
    ask: type[models.Model] | None
    do: Callable[..., None]


class Asking(forms.Form):
    """Which one, and why."""

    def __init__(self, *args: Any, rows: models.QuerySet[Any] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if rows is not None:
            label = str(rows.model._meta.verbose_name).capitalize()  # noqa: SLF001
            self.fields["which"] = forms.ModelChoiceField(queryset=rows, label=label)
        self.fields["why"] = forms.CharField(
            required=False,
            max_length=255,
            label="Why",
            help_text="Kept in the history of each.",
            widget=forms.TextInput(attrs={"class": "vTextField"}),
        )


def perform(
    page: Any, request: HttpRequest, queryset: models.QuerySet[Any], deed: Deed
) -> HttpResponse | None:
    """Ask, then do it to all of them or to none, each by the service of its kind."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    rows = eye_of(request).of(deed.ask) if deed.ask else None
    is_sent = "sent" in request.POST
    form = Asking(request.POST if is_sent else None, rows=rows)
    chosen = list(queryset.select_related(*words_of(queryset.model))[: MOST + 1])
    if len(chosen) > MOST:
        page.message_user(request, f"Choose {MOST} at most.", messages.ERROR)
        return None
    if is_sent and form.is_valid() and _done(form, chosen, deed, request):
        page.message_user(request, f"{deed.name}: {len(chosen)}.", messages.SUCCESS)
        return None
    return TemplateResponse(
        request, "admin/lab/ask.html", _context(page, request, chosen, form, deed)
    )


def _done(form: Asking, chosen: list[Any], deed: Deed, request: HttpRequest) -> bool:
    facts = {"by": me(request), "reason": form.cleaned_data["why"]}
    try:
        with transaction.atomic():
            deed.do(chosen, form.cleaned_data.get("which"), facts)
    except StudiumError as error:
        form.add_error(None, f"{error.message} {error.remedy}")
        return False
    return True


def _context(
    page: Any, request: HttpRequest, chosen: list[Any], form: Asking, deed: Deed
) -> dict[str, Any]:
    return {
        **page.admin_site.each_context(request),
        "title": deed.name,
        "opts": page.opts,
        "chosen": chosen,
        "form": form,
        "deed": deed,
        "action": request.POST.get("action", ""),
        "checkbox": ACTION_CHECKBOX_NAME,
    }


def _each(values: Callable[[Any, Any], dict[str, Any]]) -> Callable[..., None]:
    """Return what changes every record by the values that this gives for it."""

    def do(chosen: Iterable[Recorded], which: Any, facts: dict[str, Any]) -> None:
        for record in chosen:
            writing.change(record=record, values=values(record, which), **facts)

    return do


def _tagged(dataset: Dataset, tag: Tag) -> dict[str, Any]:
    return {"tags": [*dataset.tags.all(), tag]}


def _move(chosen: Iterable[Subject], cage: Housing, facts: dict[str, Any]) -> None:
    writing.move(animals=list(chosen), cage=cage, **facts)


TO_CULL = Deed("Mark to be culled", "Mark", None, _each(lambda *_: {"to_be_culled": True}))
TO_TEST = Deed("Mark to be genotyped", "Mark", None, _each(lambda *_: {"to_be_genotyped": True}))
TAG = Deed("Tag datasets", "Tag", Tag, _each(_tagged))
MOVE = Deed("Move to a cage", "Move", Housing, _move)


@admin.action(description="Mark to be culled …", permissions=["change"])
def mark_to_cull(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, TO_CULL)


@admin.action(description="Mark to be genotyped …", permissions=["change"])
def mark_to_test(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, TO_TEST)


@admin.action(description="Tag datasets …", permissions=["change"])
def tag_datasets(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, TAG)


@admin.action(description="Move to a cage …")
def move_to_cage(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    if not eye_of(request).reach.may_write(HousingPeriod):
        raise PermissionDenied
    return perform(page, request, queryset, MOVE)
