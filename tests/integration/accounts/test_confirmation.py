"""The password again: before what would outlast a session that somebody took over."""

import time
from binascii import unhexlify

import pytest
from django.conf import settings
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key
from tests.factories.accounts import PASSWORD

from accounts.models import ApiToken, RecoveryCode
from accounts.services import confirmation

TOKENS = "/accounts/me/tokens/"
FACTOR = "/accounts/me/second-factor/"
CODES = "/accounts/me/second-factor/codes/"
PROFILE = "/accounts/me/"
NEW_ADDRESS = "new@example.org"


@pytest.fixture
def left(as_, idle, alice):
    """The browser of alice, who went away from it more than ten minutes ago."""
    return idle(as_(alice))


def code_for(client):
    client.get(FACTOR)
    totp = TOTP(unhexlify(client.session["second_factor_key"]))
    totp.time = time.time()
    return f"{totp.token():06d}"


class Token:
    page = TOKENS

    def facts(self, _):
        return {"name": "scripts", "scope": "write", "days": "90"}

    def is_done(self, person):
        return ApiToken.objects.filter(user=person).exists()


class SecondFactor:
    page = FACTOR

    def facts(self, client):
        return {"code": code_for(client)}

    def is_done(self, person):
        return TOTPDevice.objects.filter(user=person).exists()


class NewCodes:
    page = CODES

    def facts(self, client):
        TOTPDevice.objects.create(user_id=client.session["_auth_user_id"], key=default_key())
        return {}

    def is_done(self, person):
        return RecoveryCode.objects.filter(user=person).exists()


class Address:
    page = PROFILE

    def facts(self, _):
        return {"email": NEW_ADDRESS, "time_zone": "UTC"}

    def is_done(self, person):
        person.refresh_from_db()
        return person.email == NEW_ADDRESS


every_act = pytest.mark.parametrize(
    "act", [Token(), SecondFactor(), NewCodes(), Address()], ids=lambda act: type(act).__name__
)


@every_act
def test_a_session_that_was_left_alone_does_it_only_with_the_password(left, alice, act):
    facts = act.facts(left)
    answer = left.post(act.page, facts)
    assert "own_password" in answer.context["form"].errors
    assert b"Type your password" in answer.content
    assert not act.is_done(alice)
    left.post(act.page, facts | {"own_password": PASSWORD})
    assert act.is_done(alice)


@every_act
def test_a_wrong_password_is_said_at_its_field_and_changes_nothing(left, alice, act):
    answer = left.post(act.page, act.facts(left) | {"own_password": "wrong"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["own_password"] == [
        "That is not your password. Nothing was changed."
    ]
    assert not act.is_done(alice)


@every_act
def test_whoever_has_just_signed_in_is_not_asked(alice, act):
    client = Client()
    client.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    facts = act.facts(client)
    assert b"own_password" not in client.get(act.page).content
    client.post(act.page, facts)
    assert act.is_done(alice)


@every_act
def test_guesses_lock_the_account_out_as_at_sign_in(left, alice, act, actions):
    facts = act.facts(left)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = left.post(act.page, facts | {"own_password": "wrong"})
    assert answer.status_code == 429
    assert left.post(act.page, facts | {"own_password": PASSWORD}).status_code == 429
    sign_in = {"username": "alice", "password": PASSWORD}
    assert Client().post("/accounts/sign-in/", sign_in).status_code == 429
    assert actions().count("person.locked-out") == 1
    assert not act.is_done(alice)


@pytest.mark.parametrize("name", ["sign-in-account", "sign-in-address"])
def test_guesses_use_up_the_attempts_of_sign_in(left, alice, settings, name):
    settings.LIMITS = settings.LIMITS | {name: (1, 900)}
    facts = {"name": "x", "scope": "read", "days": "90", "own_password": "wrong"}
    assert [left.post(TOKENS, facts).status_code for _ in range(2)] == [200, 429]
    sign_in = {"username": "alice", "password": PASSWORD}
    assert Client().post("/accounts/sign-in/", sign_in).status_code == 429


def test_the_page_of_a_session_that_was_left_alone_shows_the_field(left):
    page = left.get(TOKENS).content.decode()
    assert 'name="own_password"' in page
    assert "more than ten minutes since you typed it" in page


def test_a_right_password_holds_for_the_next_form_too(left, alice):
    facts = Token().facts(left)
    page = left.post(TOKENS, facts | {"own_password": PASSWORD})
    assert b"own_password" not in page.content
    left.post(TOKENS, facts)
    assert ApiToken.objects.count() == 2


def test_a_right_password_is_not_asked_again_when_something_else_was_wrong(left):
    facts = {"name": "", "scope": "read", "days": "90", "own_password": PASSWORD}
    answer = left.post(TOKENS, facts)
    assert list(answer.context["form"].errors) == ["name"]
    assert b"own_password" not in answer.content


def test_a_right_code_with_a_wrong_password_leaves_the_code_unused(left, alice):
    facts = SecondFactor().facts(left)
    left.post(FACTOR, facts | {"own_password": "wrong"})
    left.post(FACTOR, facts | {"own_password": PASSWORD})
    assert TOTPDevice.objects.get().user == alice


def test_one_session_does_not_answer_for_another(as_, left, alice):
    left.post(TOKENS, Token().facts(left) | {"own_password": PASSWORD})
    other = as_(alice)
    session = other.session
    del session[confirmation.CONFIRMED]  # one that began before the site remembered this
    session.save()
    assert "own_password" in other.post(TOKENS, Token().facts(other)).context["form"].errors


@pytest.mark.parametrize("ahead", [1, -1])
def test_ten_minutes_are_counted_to_the_second_and_never_from_the_future(as_, alice, ahead):
    client = as_(alice)
    session = client.session
    holds = int(confirmation.HOLDS.total_seconds())
    session[confirmation.CONFIRMED] += 60 if ahead > 0 else -(holds - 30)
    session.save()
    asked = b"own_password" in client.get(TOKENS).content
    assert asked is (ahead > 0)


def test_other_facts_of_the_profile_need_no_password(left, alice):
    left.post(PROFILE, {"first_name": "Ally", "email": alice.email, "time_zone": "UTC"})
    alice.refresh_from_db()
    assert alice.first_name == "Ally"


def test_new_recovery_codes_are_written_down_as_before(left, alice, actions):
    left.post(CODES, NewCodes().facts(left) | {"own_password": PASSWORD})
    assert actions()[-1] == "second-factor.codes-renewed"


def test_an_operator_does_not_change_their_own_address_past_the_password(as_, olga):
    facts = {"username": "olga", "email": NEW_ADDRESS, "is_active": "on", "is_staff": "on"}
    page = f"/admin/accounts/user/{olga.pk}/change/"
    as_(olga).post(page, facts | {"is_superuser": "on"})
    olga.refresh_from_db()
    assert olga.email == "olga@example.org"
