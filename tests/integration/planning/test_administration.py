"""The administration of planning: one's own alone, few questions, nothing changed past services."""

from hashlib import sha256

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now
from tests.factories import accounts

from planning.models import (
    Habit,
    Island,
    PilotMap,
    Plan,
    PowerAnalysis,
    Search,
    SearchLetter,
    SharedLink,
    TaskDesign,
)

KINDS = sorted(apps.get_app_config("planning").get_models(), key=lambda kind: kind.__name__)
MOST = 12
FRAME = ('FROM "django_session"', 'FROM "accounts_signin"', "SAVEPOINT", "UPDATE")


def address(kind, what, *args):
    return reverse(f"admin:planning_{kind._meta.model_name}_{what}", args=args)


def one_of_each(project, name="one", person=None):
    digest = sha256(name.encode()).hexdigest()
    pilot = PilotMap.objects.create(project=project, name=name, participants=12, digest=digest)
    analysis = PowerAnalysis.objects.create(pilot=pilot, question="q" * 64, result={"d": 0.8})
    plan = Plan.objects.create(project=project, name=name, specification="trials = 60")
    search = Search.objects.create(plan=plan, specification=plan.specification)
    TaskDesign.objects.create(
        plan=plan, search=search, specification="trials = 2", order=[0, 1], waits=[0, 20]
    )
    Island.objects.create(search=search, number=0)
    SearchLetter.objects.create(search=search, kind="began")
    if person:
        Habit.objects.create(person=person)
    SharedLink.objects.create(
        project=project, plan=plan, token_digest=f"DIGEST-{name}".ljust(64, "x"), expires_at=now()
    )
    return analysis


@pytest.fixture
def mine(alder, alice):
    project = accounts.project(alder, "Maps")
    one_of_each(project, person=alice)
    return project


@pytest.fixture
def theirs(birch, bob):
    return one_of_each(accounts.project(birch, "Other"), "theirs", bob)


def pages():
    for kind in KINDS:
        first = kind._default_manager.order_by("pk").first()
        yield address(kind, "changelist")
        yield address(kind, "change", first.pk)


def asked(client, path):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    return [one["sql"] for one in captured if not any(word in one["sql"] for word in FRAME)]


def test_every_kind_of_row_has_its_page():
    assert [kind for kind in KINDS if kind not in admin.site._registry] == []


def test_each_page_asks_as_much_for_few_as_for_many(mine, as_, alice):
    client = as_(alice)
    shown = list(pages())
    for path in shown:
        client.get(path)
    few = {path: len(asked(client, path)) for path in shown}
    for number in range(3):
        one_of_each(mine, f"more-{number}")
    many = {path: len(asked(client, path)) for path in shown}
    assert {path: count for path, count in many.items() if count > few[path]} == {}
    assert {path: count for path, count in many.items() if count > MOST} == {}


def test_what_is_of_another_lab_is_on_no_page(mine, theirs, as_, alice, rf):
    client, request = as_(alice), rf.get("/")
    request.user = alice
    for kind in KINDS:
        seen = admin.site._registry[kind].get_queryset(request)
        other = kind._default_manager.exclude(pk__in=seen.order_by().values("pk"))
        assert seen.exists(), kind
        assert other.exists(), kind
        answer = client.get(address(kind, "change", other.first().pk))
        assert answer.status_code == 302, kind


def test_nothing_is_changed_or_deleted_past_the_services(mine, as_, alice):
    client = as_(alice)
    for kind in KINDS:
        row = kind._default_manager.first()
        for what in ("change", "delete"):
            assert client.post(address(kind, what, row.pk), {"post": "yes"}).status_code == 403


def test_no_page_shows_the_digest_of_a_shared_link(mine, as_, alice):
    client = as_(alice)
    assert not [path for path in pages() if b"DIGEST-" in client.get(path).content]
    sent = {"action": "export", "_selected_action": SharedLink.objects.first().pk}
    exported = client.post(address(SharedLink, "changelist"), sent)
    assert b"DIGEST-" not in b"".join(exported)
