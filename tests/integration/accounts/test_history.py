"""The audit trail: complete, private to admins, and never changed."""

import csv
import io

import pytest
from django.db.models import ProtectedError
from django.test import Client

from accounts import audit
from accounts.errors import HistoryIsKept
from accounts.models import AuditEntry
from accounts.services import people, projects, tokens
from common.signals import audited

PAGE = "/accounts/history/"


@pytest.fixture
def entry(alice, memory):
    return audit.record(action="thing.done", user=alice, on=memory, reason="for a test")


def rows(answer):
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_an_entry_knows_object_project_and_lab(entry, memory, alder):
    assert (entry.object_type, entry.object_id) == ("accounts.project", str(memory.pk))
    assert (entry.object_label, entry.project, entry.lab) == ("Memory", memory, alder)


def test_what_changed_is_kept_as_before_and_after(alice, memory):
    projects.edit_project(project=memory, by=alice, name="Memories", description="")
    assert AuditEntry.objects.latest("pk").changes == {"name": ["Memory", "Memories"]}


def test_saving_without_a_change_leaves_no_entry(alice, memory, actions):
    projects.edit_project(project=memory, by=alice, name="Memory")
    assert actions() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda _: AuditEntry.objects.update(reason="x"),
        lambda _: AuditEntry.objects.all().delete(),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["reason"]),
        lambda entry: AuditEntry.objects.filter(pk=entry.pk).update_or_create(
            pk=entry.pk, defaults={"reason": "x"}
        ),
    ],
)
def test_an_entry_is_never_changed_or_deleted(entry, change):
    entry.reason = "another"
    with pytest.raises(HistoryIsKept):
        change(entry)
    assert AuditEntry.objects.get(pk=entry.pk).reason == "for a test"


def test_people_with_a_history_are_not_deleted(entry, alice):
    with pytest.raises(ProtectedError):
        alice.delete()


def test_a_change_that_fails_leaves_no_entry(alice, vera, actions, role_in):
    with pytest.raises(Exception, match="Your role"):
        people.change_role(membership=role_in(vera), role="admin", by=alice)
    assert actions() == []


def test_areas_below_are_heard_by_a_signal(alice, memory):
    audited.send(
        sender=object, action="job.cancelled", user=alice, on=memory, changes={}, reason="late"
    )
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.user, entry.reason) == ("job.cancelled", alice, "late")


def test_values_that_json_does_not_know_are_written_as_text(alice, memory):
    changes = {"at": [None, memory.created_at], "who": [alice, {"x": (1, 2.5)}]}
    entry = audit.record(action="thing.done", on=memory, changes=changes)
    entry.refresh_from_db()
    assert entry.changes["who"] == ["Alice", {"x": [1, 2.5]}]


def test_an_api_call_names_its_token(alice, rf):
    token, secret = tokens.create_token(user=alice, name="scripts", scope="write")
    Client().get("/api/v1/me", headers={"Authorization": f"Token {secret}"})
    assert audit.current() == audit.Origin()
    with audit.during(audit.Origin("abc", "192.0.2.1")):
        audit.use_token(token)
        entry = audit.record(action="thing.done", user=alice)
    assert (entry.token, entry.request_id, entry.address) == (token, "abc", "192.0.2.1")
    assert audit.current().token is None


def test_admins_read_the_history_of_their_lab_only(as_, adam, bob, birch, entry):
    audit.record(action="other.done", user=bob, on=birch)
    page = as_(adam).get(PAGE).content.decode()
    assert "thing done" in page
    assert "other done" not in page


def test_operators_read_all_of_it(as_, olga, birch, entry):
    audit.record(action="other.done", on=birch)
    page = as_(olga).get(PAGE).content.decode()
    assert "thing done" in page
    assert "other done" in page


@pytest.mark.parametrize("path", [PAGE, "/accounts/history.csv"])
def test_others_do_not(as_, carol, alice, path):
    assert as_(carol).get(path).status_code == 403
    assert as_(alice).get(path).status_code == 403


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("action=role.changed", ["role.changed"]),
        ("person=carol", ["role.changed"]),
        ("kind=accounts.project", ["thing.done"]),
        ("q=for+a", ["thing.done"]),
        ("lab=birch", []),
        ("days=7&person=alice", ["thing.done"]),
        ("days=many&q=+", ["role.changed", "thing.done"]),
        ("days=99999999999999", ["role.changed", "thing.done"]),
    ],
)
def test_the_address_filters_page_and_csv(as_, adam, carol, alice, role_in, entry, query, expected):
    people.change_role(membership=role_in(alice), role="viewer", by=carol)
    client = as_(adam)
    found = [row["action"] for row in rows(client.get(f"/accounts/history.csv?{query}"))]
    assert found == expected
    page = client.get(f"{PAGE}?{query}").content.decode()
    assert ("thing done" in page) == ("thing.done" in expected)


def test_pages_go_on_where_the_last_one_ended_whatever_is_added(as_, adam, memory):
    for number in range(60):
        audit.record(action=f"step.n{number:02d}", on=memory)
    client = as_(adam)
    first = client.get(f"{PAGE}?kind=accounts.project").context["page"]
    audit.record(action="step.later", on=memory)
    query = f"{PAGE}?kind=accounts.project&before={first.next_before}"
    second = client.get(query).context["page"]
    assert len(first.entries) == 50
    assert [each.action for each in second.entries] == [f"step.n{n:02d}" for n in range(9, -1, -1)]
    assert second.next_before is None


@pytest.mark.parametrize("before", ["x", "-1", "99999999999999999999", "²"])
def test_a_broken_address_shows_the_first_page(as_, adam, entry, before):
    assert "thing done" in as_(adam).get(PAGE, {"before": before}).content.decode()


def test_a_spreadsheet_runs_nothing_from_the_csv(as_, adam, memory):
    audit.record(action="thing.done", on=memory, reason='=HYPERLINK("http://evil")')
    row = next(each for each in rows(as_(adam).get("/accounts/history.csv")) if each["reason"])
    assert row["reason"].startswith("'=")


def test_chips_take_their_filter_off(as_, adam, entry):
    chips = as_(adam).get(f"{PAGE}?action=thing.done&days=7").context["chips"]
    on = {chip.label: chip.query for chip in chips if chip.is_on}
    assert on == {"Action: thing done": "days=7", "7 days": "action=thing.done"}


def test_what_was_done_is_told_in_words(alder, adam, alice, memory, as_):
    changes = {
        "archived_at": [None, "2026-05-04T08:30:12.626360+00:00"],
        "is_active": [True, False],
    }
    audit.record(action="project.archived", user=alice, on=memory, changes=changes, lab=alder)
    shown = as_(adam).get("/accounts/history/?kind=accounts.project").content.decode()
    assert "none → 4 May 2026, 08:30" in shown
    assert "yes → no" in shown
    assert ">project</a>" in shown
    assert "Kind: project" in shown
    assert "accounts.project<" not in shown
