"""The administration: for operators, read mostly, and written down."""

import pytest

from accounts import audit
from accounts.models import AuditEntry, User
from accounts.services import tokens

LISTS = ["user", "lab", "project", "apitoken", "auditentry"]


@pytest.fixture
def filled(alice, memory):
    token, _ = tokens.create_token(user=alice, name="scripts", scope="read")
    return {"user": alice, "lab": memory.lab, "project": memory, "apitoken": token} | {
        "auditentry": audit.record(action="thing.done", user=alice, on=memory)
    }


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_pages_open_for_operators(as_, olga, filled, name):
    client = as_(olga)
    assert client.get(f"/admin/accounts/{name}/?q=a").status_code == 200
    page = client.get(f"/admin/accounts/{name}/{filled[name].pk}/change/")
    assert page.status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_they_open_for_nobody_else(as_, adam, filled, name):
    assert as_(adam).get(f"/admin/accounts/{name}/").status_code == 403


def test_the_hash_of_a_token_is_not_shown(as_, olga, filled):
    page = as_(olga).get(f"/admin/accounts/apitoken/{filled['apitoken'].pk}/change/")
    assert filled["apitoken"].digest not in page.content.decode()


@pytest.mark.parametrize("name", ["user", "auditentry", "apitoken"])
def test_nothing_is_deleted_there(as_, olga, filled, name):
    answer = as_(olga).post(f"/admin/accounts/{name}/{filled[name].pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403


@pytest.mark.parametrize("taken", ["is_active", "is_staff", "is_superuser"])
def test_the_last_operator_keeps_what_makes_her_one(as_, olga, taken):
    facts = {"username": "olga", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    facts.pop(taken)
    answer = as_(olga).post(f"/admin/accounts/user/{olga.pk}/change/", facts)
    assert answer.status_code == 409
    assert b"keeps at least one operator" in answer.content
    olga.refresh_from_db()
    assert (olga.is_active, olga.is_staff, olga.is_superuser) == (True, True, True)


def test_a_change_there_is_written_down(as_, olga, alice):
    as_(olga).post(
        f"/admin/accounts/user/{alice.pk}/change/",
        {"username": "alice", "first_name": "Ally", "is_active": "on", "email": alice.email},
    )
    assert User.objects.get(pk=alice.pk).first_name == "Ally"
    entry = AuditEntry.objects.get(action="admin.user-changed")
    assert (entry.user, entry.object_label) == (olga, "Ally")
