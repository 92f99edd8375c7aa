"""How the first operator of a site gets in."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User


def welcome(*arguments):
    out = StringIO()
    call_command("welcome", *arguments, stdout=out)
    return out.getvalue()


def facts(*arguments):
    return json.loads(welcome("--json", *arguments))


@pytest.fixture
def path(db, settings):
    settings.SITE_URL = "https://lab.example.org"
    link = facts()["link"]
    assert link.startswith("https://lab.example.org/accounts/welcome/")
    return link.removeprefix("https://lab.example.org")


def test_a_new_site_gets_an_operator_and_a_link(db):
    said = facts()
    assert said["username"] == "operator"
    assert said["created"] is True
    operator = User.objects.get()
    assert operator.is_staff
    assert operator.is_superuser
    assert not operator.has_usable_password()


def test_the_link_lets_the_operator_choose_a_password_once(client, path):
    phrase = "a phrase that nobody knows"
    assert client.post(path, {"password": phrase, "again": phrase}).url == "/"
    assert client.get("/accounts/history/").status_code == 200
    assert client.get(path).status_code == 404


def test_afterwards_nothing_changes_and_no_link_is_made(client, path):
    phrase = "a phrase that nobody knows"
    client.post(path, {"password": phrase, "again": phrase})
    before = User.objects.values().get()
    assert facts() == {"username": "operator", "link": None, "created": False}
    assert User.objects.values().get() == before
    assert "has a password already" in welcome()


def test_before_that_a_new_link_replaces_the_lost_one(client, path):
    again = facts()
    assert again["created"] is False
    assert again["link"]
    assert User.objects.count() == 1
    assert client.get(path).status_code == 404


def test_an_operator_made_otherwise_is_enough(olga):
    assert facts() == {"username": "olga", "link": None, "created": False}


def test_another_name_can_be_chosen(db):
    assert facts("maria", "--email", "maria@example.org")["username"] == "maria"


def test_a_name_that_somebody_else_has_is_refused(alice):
    with pytest.raises(CommandError, match="Name another user name"):
        welcome("alice")
    assert not User.objects.filter(is_superuser=True).exists()


def test_people_read_how_to_sign_in(db):
    assert "Sign in as operator by this link" in welcome()
