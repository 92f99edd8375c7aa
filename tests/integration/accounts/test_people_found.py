"""Who sees and finds whom."""

import pytest
from django.contrib.auth.models import AnonymousUser
from tests.factories import accounts as make

from accounts.models import Membership, User
from accounts.roles import Role


def seen(person):
    return set(User.objects.visible_to(person).values_list("username", flat=True))


def test_people_see_those_with_whom_they_share_a_lab(alice, carol, bob, birch):
    assert seen(alice) == {"alice", "carol"}
    Membership.objects.create(lab=birch, user=alice, role=Role.VIEWER)
    assert seen(alice) == {"alice", "carol", "bob"}


def test_people_without_a_lab_see_themselves(alice, db):
    assert seen(make.person("lone")) == {"lone"}


def test_operators_see_everybody(alice, bob, olga):
    assert seen(olga) == {"alice", "bob", "olga"}


def test_strangers_and_closed_accounts_see_nobody(alice):
    alice.is_active = False
    assert seen(alice) == seen(AnonymousUser()) == set()


@pytest.mark.parametrize("text", ["caro", "CAROL", "carol@example"])
def test_the_search_finds_people_of_ones_labs(as_, alice, carol, bob, text):
    page = as_(alice).get("/search/", {"q": text}).content.decode()
    assert "/accounts/labs/alder/people/carol/" in page
    assert "/people/bob/" not in as_(alice).get("/search/", {"q": "bob"}).content.decode()


def test_the_search_finds_projects_that_one_sees(as_, alice, bob, memory, secret_project):
    assert memory.url in as_(alice).get("/search/", {"q": "memo"}).content.decode()
    assert secret_project.url not in as_(alice).get("/search/", {"q": "sleep"}).content.decode()
    assert memory.url not in as_(bob).get("/search/", {"q": "memo"}).content.decode()


def test_the_project_switch_leads_to_ones_projects(as_, alice, bob, memory):
    assert memory.url in as_(alice).get("/accounts/me/").content.decode()
    assert memory.url not in as_(bob).get("/accounts/me/").content.decode()


def test_somebody_with_an_account_is_added_by_name(as_, carol, bob, alder):
    page = "/accounts/labs/alder/add/"
    unknown = as_(carol).post(page, {"username": "nobody", "role": "viewer"})
    assert b"Invite them instead" in unknown.content
    assert as_(carol).post(page, {"username": "BOB", "role": "viewer"}).url == alder.url
    assert Membership.objects.get(lab=alder, user=bob).role == Role.VIEWER


def test_a_closed_account_is_not_added(as_, carol, bob):
    bob.is_active = False
    bob.save()
    answer = as_(carol).post("/accounts/labs/alder/add/", {"username": "bob", "role": "viewer"})
    assert b"Nobody with this user name can sign in" in answer.content
