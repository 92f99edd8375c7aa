"""Choosing, changing and forgetting a password."""

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from tests.factories.accounts import PASSWORD

from accounts.models import OneTimeLink
from accounts.services import links
from accounts.views.sign_in import password_forgotten

NEW = "a wholly different phrase"
FORGOTTEN = "/accounts/password/forgotten/"
Purpose = OneTimeLink.Purpose


@pytest.fixture
def visitor(db):
    return Client()


@pytest.fixture
def ask(visitor, django_capture_on_commit_callbacks):
    def asked(email):
        with django_capture_on_commit_callbacks(execute=True):
            return visitor.post(FORGOTTEN, {"email": email})

    return asked


@contextmanager
def connections_kept():
    """Let an answer end without closing the test's own database connection."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


def path_in(text):
    return re.search(r"https?://[^/]+(/accounts/\S+/)", text).group(1)


def choose(client, path, password=NEW):
    return client.post(path, {"password": password, "again": password})


def signs_in(username, password):
    client = Client()
    client.post("/accounts/sign-in/", {"username": username, "password": password})
    return client.get("/accounts/me/").status_code == 200


def test_a_forgotten_password_is_replaced_by_mail(alice, ask, visitor):
    assert b"Look at your mail" in ask("Alice@example.org").content
    assert mail.outbox[0].to == ["alice@example.org"]
    path = path_in(mail.outbox[0].body)
    assert visitor.get(path).status_code == 200
    assert choose(visitor, path).url == "/accounts/sign-in/"
    assert signs_in("alice", NEW)
    assert not signs_in("alice", PASSWORD)


def test_nobody_learns_which_addresses_have_an_account(alice, ask):
    known = ask("alice@example.org").content.replace(b"alice@example.org", b"")
    unknown = ask("nobody@example.org").content.replace(b"nobody@example.org", b"")
    hide = re.compile(rb"[0-9a-f]{32}|[A-Za-z0-9]{64}")
    assert hide.sub(b"", known) == hide.sub(b"", unknown)
    assert len(mail.outbox) == 1


def test_the_letter_is_written_after_the_answer(alice, django_assert_num_queries, rf):
    request = rf.post(FORGOTTEN, {"email": "alice@example.org"})
    request.user = AnonymousUser()
    with django_assert_num_queries(2):  # the two counters: nobody was looked for yet
        answer = password_forgotten(request)
    assert not OneTimeLink.objects.exists()
    with connections_kept():
        answer.close()
    assert OneTimeLink.objects.count() == 1


def test_links_are_sent_three_times_an_hour_at_most(alice, ask):
    for _ in range(5):
        assert ask("alice@example.org").status_code == 200
    assert len(mail.outbox) == 3


def test_a_closed_account_gets_no_link(alice, ask):
    alice.is_active = False
    alice.save()
    ask("alice@example.org")
    assert not mail.outbox


def test_a_link_works_once(alice, visitor):
    path = path_in(links.make_link(user=alice, purpose=Purpose.RESET))
    choose(visitor, path)
    answer = choose(visitor, path, "yet another long phrase")
    assert answer.status_code == 404
    assert b"no longer works" in answer.content
    assert signs_in("alice", NEW)


def test_opening_a_link_does_not_use_it_up(alice, visitor):
    path = path_in(links.make_link(user=alice, purpose=Purpose.RESET))
    for _ in range(3):
        assert visitor.get(path).status_code == 200


def test_a_newer_link_replaces_the_older(alice, visitor):
    old = path_in(links.make_link(user=alice, purpose=Purpose.RESET))
    links.make_link(user=alice, purpose=Purpose.RESET)
    assert visitor.get(old).status_code == 404


@pytest.mark.parametrize(
    ("purpose", "lasts"),
    [(Purpose.RESET, links.RESET_LASTS), (Purpose.WELCOME, links.WELCOME_LASTS)],
)
def test_a_link_expires(alice, visitor, purpose, lasts):
    path = path_in(links.make_link(user=alice, purpose=purpose))
    with time_machine.travel(now() + lasts + timedelta(seconds=1), tick=False):
        assert visitor.get(path).status_code == 404
        assert choose(visitor, path).status_code == 404
    assert signs_in("alice", PASSWORD)


def test_a_link_is_kept_as_a_hash_only(alice):
    secret = links.make_link(user=alice, purpose=Purpose.RESET).rstrip("/").rpartition("/")[2]
    assert secret not in str(OneTimeLink.objects.values())


def test_a_new_password_ends_every_session_and_the_lock(alice, as_, visitor):
    elsewhere = as_(alice)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        visitor.post("/accounts/sign-in/", {"username": "alice", "password": "wrong"})
    choose(visitor, path_in(links.make_link(user=alice, purpose=Purpose.RESET)))
    assert elsewhere.get("/accounts/me/").status_code == 302
    assert signs_in("alice", NEW)


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "too short"), ("password1234", "too common"), ("918273645546", "entirely numeric")],
)
def test_weak_passwords_are_refused_with_the_reason(alice, visitor, password, why):
    path = path_in(links.make_link(user=alice, purpose=Purpose.RESET))
    assert why in choose(visitor, path, password).content.decode()
    assert signs_in("alice", PASSWORD)


def test_two_different_passwords_are_refused(alice, visitor):
    path = path_in(links.make_link(user=alice, purpose=Purpose.RESET))
    answer = visitor.post(path, {"password": NEW, "again": "something else here"})
    assert b"The two passwords differ" in answer.content


def test_changing_it_keeps_this_session_and_ends_the_others(
    alice, as_, django_capture_on_commit_callbacks
):
    here, elsewhere = as_(alice), as_(alice)
    facts = {"own_password": PASSWORD, "password": NEW, "again": NEW}
    with django_capture_on_commit_callbacks(execute=True):
        answer = here.post("/accounts/password/", facts)
    assert answer.url == reverse("accounts:security")
    assert here.get("/accounts/me/").status_code == 200
    assert elsewhere.get("/accounts/me/").status_code == 302
    assert mail.outbox[0].subject == "Your password at Studium was changed"


def test_changing_it_takes_the_old_one(alice, as_):
    facts = {"own_password": "wrong", "password": NEW, "again": NEW}
    assert b"That is not your password" in as_(alice).post("/accounts/password/", facts).content
    assert signs_in("alice", PASSWORD)


def test_guessing_the_old_password_at_an_open_desk_locks_too(alice, as_):
    client = as_(alice)
    facts = {"own_password": "wrong", "password": NEW, "again": NEW}
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post("/accounts/password/", facts)
    assert answer.status_code == 429


def test_a_letter_that_cannot_be_sent_stops_nothing(alice, ask, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert ask("alice@example.org").status_code == 200
    assert "could not be sent" in caplog.text
