"""Forms of records: what services refuse stands at its field, and links cost no questions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import (
    AutocompleteSelect,
    AutocompleteSelectMultiple,
    RelatedFieldWidgetWrapper,
)
from django.db import models

from common.errors import StudiumError
from lab.admin.writing import field_of

EMPTY = (None, "")


@dataclass(frozen=True)
class Refusal:
    """What a service said to the form with this prefix."""

    error: StudiumError
    prefix: str | None = None


class KnownLabels:
    """Shows what is chosen by the words that the form has already, without asking for them."""

    known: dict[str, str]

    def optgroups(self, name: str, value: list[str], attr: Any = None) -> list[Any]:
        chosen = [str(one) for one in value if one not in EMPTY]
        known = getattr(self, "known", {})
        if not set(chosen) <= set(known):
            groups: list[Any] = super().optgroups(name, value, attr)  # type: ignore[misc]
            return groups
        options = [self._option(name, one, known[one], number) for number, one in enumerate(chosen)]
        if not self.is_required and not self.allow_multiple_selected:  # type: ignore[attr-defined]
            options.insert(0, self.create_option(name, "", "", False, 0))  # type: ignore[attr-defined]
        return [(None, options, 0)]

    def _option(self, name: str, key: str, label: str, number: int) -> Any:
        return self.create_option(name, key, label, True, number)  # type: ignore[attr-defined]


class OneSelect(KnownLabels, AutocompleteSelect):  # type: ignore[misc]  # its signature has no types
    pass


class ManySelect(KnownLabels, AutocompleteSelectMultiple):  # type: ignore[misc]  # the same
    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Do without the cross that empties all at once: Select2 puts it where no cross may be."""
        found: dict[str, Any] = super().build_attrs(*args, **kwargs)
        return found | {"data-allow-clear": "false"}


class LinkField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A link to one row that the person sees; what stands there already may stay."""

    present: models.Model | None = None

    def to_python(self, value: Any) -> Any:
        if self.present is not None and str(value) == str(self.present.pk):
            return self.present
        return super().to_python(value)


class FreeDataField(forms.JSONField):
    """Free data as people read it: in lines, and nothing where there is nothing."""

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, forms.fields.InvalidJSONInput):
            return value or ""
        return json.dumps(value, ensure_ascii=False, indent=2, cls=self.encoder)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(initial or None, data))


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    """A record's fields; `values` is what a service gets."""

    refusal: ClassVar[Refusal | None] = None
    optional: ClassVar[tuple[str, ...]] = ()  # what services fill in
    decisions: ClassVar[tuple[str, ...]] = ()  # what is asked besides the record's own fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.optional:
            if name in self.fields:
                self.fields[name].required = False
        for name, field in self.fields.items():
            self._acquaint(name, field)

    def _acquaint(self, name: str, field: forms.Field) -> None:
        """Tell a link's field and widget what the record is linked with."""
        widget = field.widget
        if isinstance(widget, RelatedFieldWidgetWrapper):
            widget = widget.widget
        if isinstance(field, LinkField) and self._is_there(name):
            field.present = getattr(self.instance, name)
        if isinstance(widget, KnownLabels):
            widget.known = {str(row.pk): str(row) for row in self._linked(name, field)}

    def _linked(self, name: str, field: forms.Field) -> list[models.Model]:
        if isinstance(field, LinkField):
            return [field.present] if field.present else []
        found = self.initial.get(name) or []
        return [row for row in found if isinstance(row, models.Model)]

    def _is_there(self, name: str) -> bool:
        cached = self._meta.model._meta.get_field(name).is_cached(self.instance)  # noqa: SLF001
        return bool(cached and getattr(self.instance, name) is not None)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # the stubs leave it out
        refusal = self.refusal
        if refusal and refusal.prefix == self.prefix:
            words = f"{refusal.error.message} {refusal.error.remedy}"
            self.add_error(field_of(refusal.error, self.fields), words)

    def values(self) -> dict[str, Any]:
        """Return what was filled in of a new record, or what was changed of one that is there."""
        names = [name for name in self.fields if name in self._own()]
        besides = self._said(self.decisions)
        if self.instance._state.adding:  # noqa: SLF001
            return self._said(names) | besides
        return {name: self._wanted(name) for name in names if name in self.changed_data} | besides

    def _said(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: value for name in names if _says(value := self.cleaned_data.get(name))}

    def _own(self) -> set[str]:
        options = self._meta.model._meta  # noqa: SLF001
        return {field.name for field in (*options.fields, *options.many_to_many)}

    def _wanted(self, name: str) -> Any:
        """Return the new value; links to what the person does not see stay as they are."""
        value = self.cleaned_data[name]
        if not isinstance(self.fields[name], forms.ModelMultipleChoiceField):
            return value
        shown = [getattr(row, "pk", row) for row in self.initial.get(name) or []]
        hidden = getattr(type(self.instance)(pk=self.instance.pk), name).exclude(pk__in=shown)
        return [*value, *hidden]


def _says(value: Any) -> bool:
    return value not in EMPTY and not (isinstance(value, models.QuerySet) and not value)


class ReasonedForm(RecordForm):
    """A record's page also asks why; the history keeps the answer."""

    why = forms.CharField(
        required=False,
        max_length=255,
        label="Why",
        help_text="Kept in the history of the record, with who and when.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
