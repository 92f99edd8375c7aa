"""The administration of designs: one's own alone, few questions, nothing recorded is changed."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories import accounts, designs
from tests.factories import factorial as make

from accounts.models import AuditEntry
from factorial.models import ClientImports, Design, Host, LogRun, PlannedRun, RunMark, Session
from runs.models import Trial

KINDS = sorted(apps.get_app_config("factorial").get_models(), key=lambda kind: kind.__name__)
WITH_A_PAGE = [kind for kind in KINDS if kind in admin.site._registry]
MOST_FOR_A_LIST, MOST_FOR_A_PAGE = 10, 14
FRAME = ('FROM "django_session"', 'FROM "accounts_signin"', "SAVEPOINT", "UPDATE",
         'FROM "accounts_user" WHERE "accounts_user"."id" =')  # fmt: skip


def address(kind, what, *args):
    return reverse(f"admin:{kind._meta.app_label}_{kind._meta.model_name}_{what}", args=args)


def one_of_each(project, code="pointing"):
    """Leave one of each kind of row behind."""
    design = designs.design(project, code=code)
    run = make.attempt(design, "S0")
    make.log(run, 0, 0, {"duration": 1}, [{"pointer.x": n} for n in range(60)])
    make.mark(run, "note", "left-handed")
    ClientImports.objects.get_or_create(lab=project.lab, defaults={"project": project})
    host = Host.objects.create(project=project, user=f"host-{code}", password="HASHED-PASSWORD")
    session = Session.objects.create(key_digest=f"KEY-DIGEST-{code}", role="host", host=host)
    make.log_run(design, "p1", session=session)
    return design


@pytest.fixture
def mine(project):
    return one_of_each(project)


@pytest.fixture
def theirs(birch):
    return one_of_each(accounts.project(birch, "Other"), "theirs")


def asked(client, path):
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return [one["sql"] for one in captured if not any(word in one["sql"] for word in FRAME)]


def pages():
    for kind in [*WITH_A_PAGE, Trial]:
        first = kind._default_manager.order_by("pk").first()
        yield address(kind, "changelist"), MOST_FOR_A_LIST
        yield address(kind, "change", first.pk), MOST_FOR_A_PAGE
        yield address(kind, "history", first.pk), MOST_FOR_A_LIST


def test_every_kind_of_row_of_a_design_has_its_page():
    assert WITH_A_PAGE == KINDS


def test_each_page_asks_as_much_for_few_as_for_many(mine, project, as_, alice):
    client = as_(alice)
    shown = dict(pages())
    for path in shown:
        client.get(path)
    few = {path: asked(client, path) for path in shown}
    for number in range(3):
        one_of_each(project, f"more-{number}")
    many = {path: asked(client, path) for path in shown}
    assert {path: many[path] for path in shown if len(many[path]) > len(few[path])} == {}
    assert {path: many[path] for path, most in shown.items() if len(many[path]) > most} == {}


def test_what_is_of_another_lab_is_on_no_page(mine, theirs, as_, alice, rf):
    client, request = as_(alice), rf.get("/")
    request.user = alice
    wrong = []
    for kind in WITH_A_PAGE:
        seen = admin.site._registry[kind].get_queryset(request)
        other = kind._default_manager.exclude(pk__in=seen.order_by().values("pk"))
        wrong += [kind.__name__] if not seen.exists() or not other.exists() else []
        path = address(kind, "change", other.first().pk)
        answers = {client.get(path).status_code, client.post(path, {"post": "1"}).status_code}
        wrong += [path] if not answers <= {302, 403} else []
    assert wrong == []


def test_no_page_and_no_export_shows_what_is_kept_as_a_hash(mine, as_, alice):
    client = as_(alice)
    texts = [client.get(path).content.decode() for path, _ in pages()]
    assert not [text for text in texts if "HASHED-PASSWORD" in text or "KEY-DIGEST" in text]
    for kind in (Host, Session):
        sent = {"action": "export", "_selected_action": kind.objects.first().pk}
        assert "HASHED" not in client.post(address(kind, "changelist"), sent).content.decode()


@pytest.mark.parametrize("kind", [PlannedRun, RunMark, LogRun, Host])
def test_what_was_recorded_is_changed_and_deleted_by_no_page(mine, as_, alice, kind):
    client, row = as_(alice), kind.objects.first()
    before = kind.objects.values().get(pk=row.pk)
    for what in ("change", "delete"):
        assert client.post(address(kind, what, row.pk), {"post": "yes"}).status_code == 403
    assert kind.objects.values().get(pk=row.pk) == before


def test_how_a_design_is_run_is_changed_by_its_service(mine, as_, alice):
    sent = {"is_pilot": "on", "lease_seconds": "120"}
    answer = as_(alice).post(address(Design, "change", mine.pk), sent)
    assert answer.status_code == 302
    mine.refresh_from_db()
    assert (mine.is_pilot, mine.is_open, mine.lease_seconds) == (True, False, 120)
    [entry] = AuditEntry.objects.filter(action="design.changed")
    assert entry.user == alice
    assert set(entry.changes) == {"is_pilot", "is_open", "lease_seconds"}


def test_a_design_is_put_away_and_brought_back(mine, as_, alice):
    client = as_(alice)
    for action, is_away in (("archive", True), ("bring_back", False)):
        sent = {"action": action, "_selected_action": mine.pk, "sent": "1", "why": "done"}
        assert client.post(address(Design, "changelist"), sent).status_code == 302
        mine.refresh_from_db()
        assert bool(mine.archived_at) is is_away


def test_the_page_of_a_trial_shows_the_first_of_its_events(mine, as_, alice):
    page = as_(alice).get(address(Trial, "change", Trial.objects.first().pk)).content.decode()
    assert "60 events; the first 50:" in page
    assert page.count("&quot;pointer.x&quot;") == 50
