"""What somebody may try who means harm: each was possible once, or is asked about often."""

import json

import pytest
from axes.models import AccessAttempt
from django import forms as django_forms
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key
from tests.factories import accounts as make
from tests.factories.accounts import PASSWORD

from accounts import forms
from accounts.authentication import ScopeAllows
from accounts.errors import OperatorsOnly
from accounts.models import AuditEntry, Membership, OneTimeLink, SignIn, User
from accounts.services import links, people, second_factor, tokens

SIGN_IN = "/accounts/sign-in/"


def attempt(client, username, password=PASSWORD, **more):
    return client.post(SIGN_IN, {"username": username, "password": password}, **more)


# --- what is kept of an attempt ------------------------------------------------------------------


def test_a_refused_attempt_keeps_no_password_that_was_typed(as_, idle, alice):
    typed = {
        "own_password": "nearly my password",
        "password": "my next password 1",
        "again": "my next password 2",
    }
    as_(alice).post("/accounts/password/", typed)
    facts = {"email": "new@example.org", "own_password": "my guess"}
    idle(as_(alice)).post("/accounts/me/", facts)
    attempt(Client(), "alice", "my typo")
    kept = json.dumps(list(AccessAttempt.objects.values("post_data", "get_data")))
    assert AccessAttempt.objects.exists()
    assert "my " not in kept


def test_the_name_of_every_password_field_is_known_to_the_lock_out():
    fields = {
        name
        for form in vars(forms).values()
        if isinstance(form, type) and issubclass(form, django_forms.BaseForm)
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, django_forms.PasswordInput)
    }
    assert {"password", "again", "own_password"} <= fields
    assert fields <= {*settings.AXES_SENSITIVE_PARAMETERS, "password"}


# --- who is counted, and who is in ---------------------------------------------------------------


def test_a_name_that_the_database_takes_for_another_is_counted_as_that_one(db):
    """PostgreSQL takes a dotless i for an i; each spelling must not bring five more guesses."""
    olivia = make.person("olivia")
    for name in ["olivia", "OLIVIA", "ol\N{LATIN SMALL LETTER DOTLESS I}v\u0131a"] * 3:
        answer = attempt(Client(), name, "wrong")
    assert AccessAttempt.objects.filter(username=olivia.username).exists()
    if User.objects.filter(username__iexact="ol\u0131v\u0131a").exists():
        assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["olivia"]
        assert answer.status_code == 429


@pytest.mark.parametrize("typed", ["\u00c5sa", "\u00c5SA", "\u00e5sa"])
def test_a_person_whose_name_has_other_letters_signs_in(db, typed):
    make.person("\u00c5sa", email="")
    attempt(client := Client(), typed)
    assert client.get("/accounts/me/").status_code == 200


def test_signing_in_over_somebody_elses_session_is_noted_as_any_other(as_, alice, bob):
    shared = as_(alice)
    attempt(shared, "bob")
    assert shared.get("/accounts/me/").context["user"] == bob
    assert SignIn.objects.filter(user=bob).count() == 1
    assert AuditEntry.objects.filter(action="person.signed-in", user=bob).count() == 1
    assert not SignIn.objects.filter(user=alice).exists()


# --- links ---------------------------------------------------------------------------------------


@pytest.fixture
def reset(alice):
    return links.make_link(user=alice, purpose=OneTimeLink.Purpose.RESET).removeprefix(
        settings.SITE_URL
    )


def test_a_new_password_ends_the_links_that_were_sent_before(as_, alice, reset):
    new = "another long phrase"
    given = {"own_password": PASSWORD, "password": new, "again": new}
    assert as_(alice).post("/accounts/password/", given).status_code == 302
    assert Client().get(reset).status_code == 404


def test_a_new_address_ends_the_links_that_the_old_one_got(as_, alice, reset):
    given = {"email": "new@example.org", "own_password": PASSWORD, "time_zone": "UTC"}
    assert as_(alice).post("/accounts/me/", given).status_code == 302
    assert Client().get(reset).status_code == 404


@pytest.mark.parametrize("name", [".", "..", "..."])
def test_nobody_gets_a_name_that_leads_to_another_address(as_, carol, name):
    """Browsers shorten /people/../remove/, so that nobody could close this person's account."""
    given = {"username": name, "first_name": "Dot", "role": "viewer", "email": "d@example.org"}
    answer = as_(carol).post("/accounts/labs/alder/invite/", given)
    assert b"letters or digits" in answer.content
    assert not User.objects.filter(first_name="Dot").exists()


# --- the API -------------------------------------------------------------------------------------


def api_views(resolver):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from api_views(pattern)
        elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls"):
            yield pattern.callback.cls


def test_every_address_of_the_api_asks_what_the_token_may_do():
    found = list(api_views(get_resolver()))
    assert found
    assert [view for view in found if ScopeAllows not in view.permission_classes] == []


def test_strangers_who_guess_at_the_api_are_slowed_down(db, settings):
    settings.LIMITS = settings.LIMITS | {"api-stranger": (2, 60)}
    bad = {"HTTP_AUTHORIZATION": "Token studium_abcdefgh2345_guess"}
    guesses = [Client().get("/api/v1/me", **bad) for _ in range(3)]
    assert [answer.status_code for answer in guesses] == [401, 401, 429]
    assert guesses[-1]["Retry-After"]
    assert Client().get("/api/v1/me").status_code == 401


def test_guesses_from_an_address_do_not_shut_out_a_true_token_from_there(alice, settings):
    settings.LIMITS = settings.LIMITS | {"api-stranger": (0, 60)}
    _, secret = tokens.create_token(user=alice, name="x", scope="read")
    key = {"HTTP_AUTHORIZATION": f"Token {secret}"}
    assert Client().get("/api/v1/me", **key).status_code == 200


# --- the administration --------------------------------------------------------------------------


@pytest.fixture
def device(alice):
    return TOTPDevice.objects.create(user=alice, key=default_key(), name="authenticator")


def test_the_key_of_a_second_factor_is_shown_to_nobody(as_, olga, device):
    client = as_(olga)
    for page in ["", f"{device.pk}/change/", f"{device.pk}/config/", f"{device.pk}/qrcode/"]:
        answer = client.get(f"/admin/otp_totp/totpdevice/{page}")
        assert answer.status_code == 404, page


def test_a_role_is_not_given_past_the_services(as_, olga, alice, alder):
    membership = Membership.objects.get(user=alice)
    client = as_(olga)
    client.post(
        f"/admin/accounts/lab/{alder.pk}/change/",
        {
            "name": "Alder",
            "slug": "alder",
            "time_zone": "UTC",
            "memberships-TOTAL_FORMS": "1",
            "memberships-INITIAL_FORMS": "1",
            "memberships-0-id": membership.pk,
            "memberships-0-lab": alder.pk,
            "memberships-0-user": alice.pk,
            "memberships-0-role": "admin",
        },
    )
    membership.refresh_from_db()
    assert membership.role == "experimenter"


@pytest.mark.parametrize("kind", ["lab", "project"])
def test_a_list_of_the_administration_deletes_nothing(as_, olga, alder, kind):
    make.project(alder, "Memory")
    thing = alder if kind == "lab" else alder.projects.get()
    as_(olga).post(
        f"/admin/accounts/{kind}/",
        {"action": "delete_selected", "_selected_action": [thing.pk], "post": "yes"},
    )
    assert type(thing).objects.filter(pk=thing.pk).exists()


def test_nobody_sets_anothers_password_in_the_administration(as_, olga, alice):
    new = "a phrase that olga knows"
    as_(olga).post(
        f"/admin/accounts/user/{alice.pk}/password/",
        {"password1": new, "password2": new, "usable_password": "true"},
    )
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_change_of_power_is_written_down_with_what_it_was(as_, olga, alice):
    as_(olga).post(
        f"/admin/accounts/user/{alice.pk}/change/",
        {"username": "alice", "email": alice.email, "is_active": "on", "is_staff": "on"},
    )
    entry = AuditEntry.objects.get(action="admin.user-changed")
    assert entry.changes["is_staff"] == [False, True]


def test_an_account_closed_in_the_administration_loses_sessions_and_tokens(as_, olga, alice):
    _, secret = tokens.create_token(user=alice, name="x", scope="write")
    inside = as_(alice)
    as_(olga).post(
        f"/admin/accounts/user/{alice.pk}/change/", {"username": "alice", "email": alice.email}
    )
    alice.refresh_from_db()
    assert not alice.is_active
    assert inside.get("/accounts/me/").status_code == 302
    key = {"HTTP_AUTHORIZATION": f"Token {secret}"}
    assert Client().get("/api/v1/me", **key).status_code == 401


@pytest.mark.parametrize(
    "harm",
    [
        lambda person, by: links.renew_welcome(person=person, by=by),
        lambda person, by: people.deactivate(person=person, by=by),
        lambda person, by: second_factor.turn_off(user=person, by=by),
    ],
)
def test_an_operator_who_is_no_superuser_takes_no_superuser_over(olga, harm):
    oscar = make.person("oscar", is_staff=True)
    TOTPDevice.objects.create(user=olga, key=default_key(), name="authenticator")
    with pytest.raises(OperatorsOnly):
        harm(olga, oscar)
