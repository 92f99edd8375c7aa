"""Pages of the administration, by their kind."""

import pytest
from django.forms import ModelMultipleChoiceField
from django.urls import reverse
from tests.factories import accounts
from tests.factories import lab as make


@pytest.fixture
def viewer(alder):
    return accounts.person("vera", lab=alder, role="viewer")


@pytest.fixture
def technician(alder):
    return accounts.person("theo", lab=alder, role="technician")


@pytest.fixture
def foreign(birch, bob):
    """An animal of the other lab."""
    return make.subject(birch, bob, "BX001")


def page(kind, what="changelist", *args):
    return reverse(f"admin:lab_{kind}_{what}", args=args)


@pytest.fixture
def at():
    return page


def filled(response):
    """Return what a form's page would send if nobody touched it."""
    form = response.context["adminform"].form
    formsets = [one.formset for one in response.context["inline_admin_formsets"]]
    sent = {}
    for part in [
        form,
        *[one.management_form for one in formsets],
        *[row for one in formsets for row in one.forms],
    ]:
        for bound in part:
            sent |= sent_by(bound)
    return sent


def sent_by(bound):
    value = bound.value()
    if isinstance(value, bool):
        return {bound.html_name: "on"} if value else {}
    widgets = getattr(bound.field.widget, "widgets", None)
    if widgets:
        parts = bound.field.widget.decompress(value)
        return {f"{bound.html_name}_{n}": str(one or "") for n, one in enumerate(parts)}
    if isinstance(bound.field, ModelMultipleChoiceField) and not value:
        return {}
    if isinstance(value, list):
        return {bound.html_name: [str(getattr(one, "pk", one)) for one in value]}
    return {bound.html_name: "" if value is None else str(value)}


@pytest.fixture
def untouched():
    return filled


@pytest.fixture
def added():
    """Fill the page for a new record in, beyond what it begins with, and send it."""

    def sent(client, kind, **values):
        address = page(kind, "add")
        return client.post(address, filled(client.get(address)) | values)

    return sent
