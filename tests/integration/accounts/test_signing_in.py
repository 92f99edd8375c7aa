"""Signing in, being locked out, and where it leads."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from tests.factories.accounts import PASSWORD

from accounts.models import AuditEntry, SignIn

PAGE = "/accounts/sign-in/"


@pytest.fixture
def visitor():
    return Client()


class CountingHasher(MD5PasswordHasher):
    """Counts each password that is turned into a hash."""

    algorithm = "md5"
    hashed = 0

    def encode(self, password, salt, *rest):
        CountingHasher.hashed += 1
        return super().encode(password, salt, *rest)


def attempt(client, username, password, **more):
    return client.post(PAGE, {"username": username, "password": password}, **more)


def is_in(client):
    return client.get(reverse("accounts:profile")).status_code == 200


def test_the_right_password_signs_in(visitor, alice):
    answer = attempt(visitor, "alice", PASSWORD)
    assert answer.status_code == 302
    assert answer.url == "/"
    assert is_in(visitor)


def test_capitals_in_the_user_name_do_not_matter(visitor, alice):
    attempt(visitor, " Alice", PASSWORD)
    assert is_in(visitor)


def test_a_wrong_password_and_an_unknown_name_are_refused_in_the_same_words(visitor, alice):
    wrong = attempt(visitor, "alice", "wrong").content
    unknown = attempt(visitor, "nobody", "wrong").content
    assert b"do not fit together" in wrong
    assert wrong.count(b"do not fit together") == unknown.count(b"do not fit together")
    assert not is_in(visitor)


def test_a_closed_account_cannot_sign_in(visitor, alice):
    alice.is_active = False
    alice.save()
    assert b"do not fit together" in attempt(visitor, "alice", PASSWORD).content


def test_an_unknown_name_costs_a_hash_like_a_known_one(visitor, alice, hashes):
    attempt(visitor, "alice", "wrong")
    known = hashes()
    attempt(visitor, "nobody", "wrong")
    assert hashes() == known == 1


@pytest.fixture
def hashes(settings):
    """Count how often a password is hashed; each call starts anew."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.hashed = 0

    def count():
        hashed, CountingHasher.hashed = CountingHasher.hashed, 0
        return hashed

    return count


def test_going_on_leads_to_the_page_that_was_asked_for(visitor, alice):
    target = reverse("accounts:projects")
    answer = visitor.post(PAGE, {"username": "alice", "password": PASSWORD, "next": target})
    assert answer.url == target


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil",
    ],
)
def test_going_on_never_leads_to_another_site(visitor, alice, elsewhere):
    answer = visitor.post(PAGE, {"username": "alice", "password": PASSWORD, "next": elsewhere})
    assert answer.url == "/"


def test_whoever_is_signed_in_is_led_on(as_, alice):
    assert as_(alice).get(PAGE, {"next": "/accounts/projects/"}).url == "/accounts/projects/"


def test_the_session_gets_a_new_key(visitor, alice):
    visitor.get(PAGE)
    visitor.session.save()
    before = visitor.session.session_key
    attempt(visitor, "alice", PASSWORD)
    assert visitor.session.session_key != before


def test_five_failures_lock_the_account_from_this_address(visitor, alice):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = attempt(visitor, "alice", "wrong")
    assert answer.status_code == 429
    assert b"locked from your address until" in answer.content
    assert 0 < int(answer["Retry-After"]) <= 900
    assert attempt(visitor, "alice", PASSWORD).status_code == 429
    assert not is_in(visitor)


def test_a_lock_counts_the_name_in_any_spelling(visitor, alice):
    for name in ["alice", "ALICE", "Alice", "aLice", "alicE"]:
        answer = attempt(visitor, name, "wrong")
    assert answer.status_code == 429


def test_a_lock_from_one_address_does_not_lock_the_person_out_elsewhere(visitor, alice):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        attempt(visitor, "alice", "wrong", REMOTE_ADDR="192.0.2.7")
    attempt(visitor, "alice", PASSWORD, REMOTE_ADDR="192.0.2.8")
    assert is_in(visitor)


def test_the_lock_ends_when_the_page_said(visitor, alice):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = attempt(visitor, "alice", "wrong")
    wait = int(answer["Retry-After"])
    with time_machine.travel(now() + timedelta(seconds=wait + 1), tick=False):
        attempt(visitor, "alice", PASSWORD)
        assert is_in(visitor)


def test_trying_during_the_lock_does_not_make_it_longer(visitor, alice):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = attempt(visitor, "alice", "wrong")
    before = int(answer["Retry-After"])
    with time_machine.travel(now() + timedelta(seconds=300), tick=False):
        assert int(attempt(visitor, "alice", "wrong")["Retry-After"]) <= before - 299


def test_a_lock_is_written_down_once(visitor, alice, actions):
    for _ in range(settings.AXES_FAILURE_LIMIT + 3):
        attempt(visitor, "alice", "wrong")
    assert actions().count("person.locked-out") == 1


def test_success_forgets_the_failures_before_it(visitor, alice):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        attempt(visitor, "alice", "wrong")
    attempt(visitor, "alice", PASSWORD)
    assert attempt(Client(), "alice", "wrong").status_code == 200


def test_guessing_one_account_from_many_addresses_is_slowed_down(visitor, alice, settings):
    settings.LIMITS = settings.LIMITS | {"sign-in-account": (3, 900)}
    answers = [
        attempt(visitor, "alice", "wrong", REMOTE_ADDR=f"192.0.2.{number}") for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 900
    assert b"Try again in" in answers[-1].content


def test_guessing_from_everywhere_keeps_the_person_out_until_the_window_ends_and_no_longer(
    visitor, as_, alice, settings
):
    settings.LIMITS = settings.LIMITS | {"sign-in-account": (3, 900)}
    inside = as_(alice)
    for number in range(3):
        attempt(Client(), "alice", "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    answer = attempt(visitor, "alice", PASSWORD)
    assert answer.status_code == 429
    assert is_in(inside)
    with time_machine.travel(now() + timedelta(seconds=int(answer["Retry-After"]))):
        attempt(visitor, "alice", PASSWORD)
        assert is_in(visitor)


def test_one_password_for_many_accounts_is_slowed_down(visitor, alice, settings):
    settings.LIMITS = settings.LIMITS | {"sign-in-address": (3, 900)}
    codes = [attempt(visitor, f"person{number}", "wrong").status_code for number in range(4)]
    assert codes == [200, 200, 200, 429]


def test_a_forwarded_address_counts_only_when_the_site_says_so(visitor, alice, settings):
    attempt(visitor, "alice", PASSWORD, HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert SignIn.objects.get().address == "127.0.0.1"
    settings.ADDRESS_HEADER = "HTTP_X_FORWARDED_FOR"
    attempt(Client(), "alice", PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.9")
    assert SignIn.objects.filter(address="203.0.113.9").exists()


def test_the_administration_has_no_sign_in_of_its_own(visitor, olga):
    answer = visitor.get("/admin/login/", {"next": "/admin/"})
    assert answer.url == "/accounts/sign-in/?next=%2Fadmin%2F"
    assert (
        visitor.post("/admin/login/", {"username": "olga", "password": PASSWORD}).status_code == 302
    )
    assert not is_in(visitor)


def test_signing_out_ends_the_session_and_its_record(visitor, alice):
    attempt(visitor, "alice", PASSWORD)
    assert visitor.get("/accounts/sign-out/").status_code == 405
    visitor.post("/accounts/sign-out/")
    assert not is_in(visitor)
    assert not SignIn.objects.exists()


def test_signing_in_is_written_down_with_address_and_request(visitor, alice):
    attempt(visitor, "alice", PASSWORD, headers={"X-Request-ID": "abcdef0123456789"})
    entry = AuditEntry.objects.get(action="person.signed-in")
    assert (entry.user, entry.address, entry.request_id) == (alice, "127.0.0.1", "abcdef0123456789")


def test_a_form_from_elsewhere_is_refused(alice):
    strict = Client(enforce_csrf_checks=True)
    assert attempt(strict, "alice", PASSWORD).status_code == 403


def test_the_sign_in_page_asks_the_database_nothing(visitor, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert visitor.get(PAGE).status_code == 200
