"""The shape of what pages and the API are asked with."""

from typing import Any

from django import forms
from django.http import QueryDict

from jobs.models import Status
from jobs.queries import Filters


class FilterForm(forms.Form):
    """What the address of a list says; a value that means nothing is left out."""

    status = forms.ChoiceField(choices=Status.choices, required=False)
    name = forms.CharField(max_length=100, required=False)
    whose = forms.ChoiceField(choices=[("me", "me")], required=False)

    @classmethod
    def filters(cls, query: QueryDict) -> Filters:
        form = cls(query)
        form.is_valid()
        given: dict[str, Any] = form.cleaned_data
        return Filters(
            status=given.get("status", ""),
            name=given.get("name", ""),
            mine=given.get("whose") == "me",
        )
