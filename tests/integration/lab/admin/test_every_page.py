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
MOST = 10
# The frame of every page: the session, who it is, what they did last.
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


def pages(kind, record):
    keys = [record.pk] if record else []
    of_record = [address(kind, what, *keys) for what in ("change", "history")] if record else []
    return [everything(kind), *of_record]


def asked(client, path):
    """Return our own questions, without those of the frame."""
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


def test_a_list_and_a_page_ask_as_much_for_few_as_for_many(as_, adam, alder, alice):
    world = fill(alder, alice, "a1")
    clients = {True: as_(alice), False: as_(adam)}
    paths = [
        (clients[kind.__name__ in PERSONAL], path)
        for kind in KINDS
        for path in pages(kind, world.get(kind))
    ]
    for client, path in paths:
        client.get(path)  # the first visit may write to the session
    few = {path: asked(client, path) for client, path in paths}
    for number in range(2, 5):
        fill(alder, alice, f"a{number}")
    many = {path: asked(client, path) for client, path in paths}
    grown = {path: (len(few[path]), len(many[path])) for _, path in paths
             if len(few[path]) != len(many[path])}  # fmt: skip
    assert not grown
    assert {path: len(told) for path, told in many.items() if len(told) > MOST} == {}


def test_another_labs_records_are_nowhere(as_, adam, two_labs):
    client, wrong = as_(adam), []
    for kind in KINDS:
        ours, theirs = (world.get(kind) for world in two_labs)
        if kind.__name__ in SHARED or theirs is None:
            continue
        rows = client.get(everything(kind)).context["cl"].result_list
        keys = {str(row.pk) for row in rows}
        if str(theirs.pk) in keys:
            wrong.append(f"{kind.__name__} is listed")
        if str(ours.pk) not in keys and kind.__name__ not in PERSONAL:
            wrong.append(f"{kind.__name__} of one's own is not listed")
        for what in ("change", "delete", "history"):
            path = address(kind, what, theirs.pk)
            answers = {client.get(path).status_code, client.post(path, {"post": "1"}).status_code}
            if not answers <= {302, 403}:
                wrong.append(f"{path}: {answers}")
        if not kind._base_manager.filter(pk=theirs.pk).exists():
            wrong.append(f"{kind.__name__} was deleted")
    assert wrong == []


def test_what_can_be_chosen_is_ones_own(as_, adam, two_labs):
    """Autocompletes offer nothing of another lab, whatever field they are asked for."""
    client, wrong = as_(adam), []
    foreign = {str(record.pk) for kind, record in two_labs[1].items()
               if kind.__name__ not in SHARED}  # fmt: skip
    for kind in KINDS:
        for field in [*kind._meta.fields, *kind._meta.many_to_many]:
            if field.is_relation and admin.site.is_registered(field.remote_field.model):
                facts = {"app_label": "lab", "model_name": kind._meta.model_name}
                offered = client.get(
                    reverse("admin:autocomplete"), facts | {"field_name": field.name}
                ).json()["results"]
                if foreign & {one["id"] for one in offered}:
                    wrong.append(f"{kind.__name__}.{field.name}")
    assert wrong == []


def test_a_raw_key_of_another_lab_is_not_taken(as_, adam, two_labs, at, added):
    foreign = two_labs[1]
    subject = next(one for kind, one in foreign.items() if kind.__name__ == "Subject")
    facts = {"weight_g": "20", "at_0": "2026-03-01", "at_1": "10:00"}
    answer = added(as_(adam), "weighing", subject=str(subject.pk), **facts)
    assert "subject" in answer.context["adminform"].form.errors


def test_a_filter_by_another_labs_record_finds_nothing(as_, adam, two_labs, at):
    line = next(one for kind, one in two_labs[1].items() if kind.__name__ == "Line")
    page = as_(adam).get(at("subject"), {"line__id__exact": line.pk, "state": "all"})
    assert list(page.context["cl"].result_list) == []
    assert str(line) not in page.content.decode()
