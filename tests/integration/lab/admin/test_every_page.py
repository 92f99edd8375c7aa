"""Every kind of record: its pages open, ask a fixed number of questions, and show one's own."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories import accounts
from tests.factories.lab_world import fill

from lab.admin.filters import Usual
from lab.models import Recorded

KINDS = sorted(
    (kind for kind in admin.site._registry if kind._meta.app_label == "lab"),
    key=lambda kind: kind.__name__,
)
SHARED = {  # a site's lists, which all labs have in common
    "Allele", "BrainRegion", "CageType", "CoordinateSystem", "CullMethod", "CullReason",
    "DataFormat", "DataNotice", "DatasetType", "Enrichment", "Food", "ImagingStack", "ImagingType",
    "ProbeModel", "ProcedureType", "Repository", "RepositoryType", "Revision", "Sequence",
    "Source", "Species", "Strain", "Tag", "WaterType",
}  # fmt: skip
PERSONAL = {"Notification", "NotificationRule"}  # news are for their person
MOST_FOR_A_LIST = 10
FRAME = ('FROM "django_session"', 'FROM "accounts_signin"', "SAVEPOINT", "UPDATE",
         'FROM "accounts_user" WHERE "accounts_user"."id" =')  # fmt: skip


def address(kind, what, *args):
    return reverse(f"admin:lab_{kind._meta.model_name}_{what}", args=args)


def everything(kind):
    """Return the address of a list with its usual filters taken off."""
    usual = [one for one in admin.site._registry[kind].list_filter
             if isinstance(one, type) and issubclass(one, Usual)]  # fmt: skip
    query = "&".join(f"{one.parameter_name}=all" for one in usual)
    return f"{address(kind, 'changelist')}?{query}"


def asked(client, path):
    """Return our own questions: without the session's, the sign-in's and the person's."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, path
    questions = [one["sql"] for one in captured]
    return [sql for sql in questions if not any(one in sql for one in FRAME)]


def test_every_kind_of_record_has_its_pages():
    kinds = apps.get_app_config("lab").get_models()
    ours = {kind for kind in kinds if issubclass(kind, Recorded)}
    assert ours - set(KINDS) == set()


@pytest.fixture
def two_labs(alder, birch, alice, bob):
    return fill(alder, alice, "a1"), fill(birch, bob, "b1")


@pytest.fixture
def adam(alder):
    return accounts.person("adam", lab=alder, role="admin")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_list_and_a_page_ask_as_much_for_few_as_for_many(as_, adam, alder, alice, kind, request):
    client = as_(alice if kind.__name__ in PERSONAL else adam)
    record = fill(alder, alice, "a1")[kind]
    paths = [everything(kind),
             address(kind, "change", record.pk), address(kind, "history", record.pk)]  # fmt: skip
    for path in paths:
        client.get(path)
    few = [asked(client, path) for path in paths]
    for number in range(2, 5):
        fill(alder, alice, f"a{number}")
    many = [asked(client, path) for path in paths]
    assert [len(one) for one in few] == [len(one) for one in many], "\n".join(
        sql[:150] for sql in many[0]
    )
    assert len(many[0]) <= MOST_FOR_A_LIST, "\n".join(sql[:150] for sql in many[0])


@pytest.mark.parametrize(
    "kind", [one for one in KINDS if one.__name__ not in SHARED], ids=lambda kind: kind.__name__
)
def test_another_labs_records_are_nowhere(as_, adam, two_labs, kind):
    ours, theirs = (world[kind] for world in two_labs)
    client = as_(adam)
    listed = client.get(everything(kind)).context["cl"]
    keys = {str(row.pk) for row in listed.result_list}
    assert str(theirs.pk) not in keys
    for what in ("change", "delete", "history"):
        assert client.get(address(kind, what, theirs.pk)).status_code in {302, 403}
        assert client.post(address(kind, what, theirs.pk), {"post": "yes"}).status_code in {
            302,
            403,
        }
    assert type(theirs)._base_manager.filter(pk=theirs.pk).exists()
    if kind.__name__ not in PERSONAL:
        assert str(ours.pk) in keys


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_can_be_chosen_is_ones_own(as_, adam, two_labs, kind):
    """Autocompletes and raw keys: a link to another lab's record is neither offered nor taken."""
    client = as_(adam)
    foreign = {str(record.pk) for found, record in two_labs[1].items()
               if found.__name__ not in SHARED}  # fmt: skip
    for field in [*kind._meta.fields, *kind._meta.many_to_many]:
        if not field.is_relation or not admin.site.is_registered(field.remote_field.model):
            continue
        facts = {"app_label": "lab", "model_name": kind._meta.model_name, "field_name": field.name}
        answer = client.get(reverse("admin:autocomplete"), facts)
        assert answer.status_code == 200, field
        assert not foreign & {one["id"] for one in answer.json()["results"]}
