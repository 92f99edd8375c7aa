"""Two-step sign-in: codes of an app, and recovery codes."""

import time
from binascii import unhexlify
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key
from tests.factories.accounts import PASSWORD

from accounts.errors import CodeWrong, TooManyAttempts
from accounts.models import RecoveryCode
from accounts.services import second_factor

SET_UP = "/accounts/me/second-factor/"


def code_of(key, steps=0):
    totp = TOTP(unhexlify(key))
    totp.time = time.time() + steps * 30
    return f"{totp.token():06d}"


@pytest.fixture(autouse=True)
def one_moment():
    """Codes change every thirty seconds: stop the clock at the middle of such a step."""
    start = int(time.time()) // 30 * 30 + 15
    with time_machine.travel(start, tick=False) as clock:
        yield clock


@pytest.fixture
def key(alice):
    """The key of the device that alice has set up, some steps ago."""
    key = default_key()
    TOTPDevice.objects.create(user=alice, key=key, name="authenticator")
    return key


@pytest.fixture
def visitor(alice):
    """Somebody who has just typed alice's password."""
    client = Client()
    client.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    return client


def is_in(client):
    return client.get("/accounts/me/").status_code == 200


def type_code(client, code):
    return client.post("/accounts/sign-in/code/", {"code": code})


def test_setting_up_shows_a_picture_and_the_key(as_, alice):
    page = as_(alice).get(SET_UP).content.decode()
    assert "<svg" in page
    assert "style=" not in page.partition("<svg")[2].partition("</svg>")[0]
    assert "Type this key instead" in page


def test_nothing_changes_before_the_first_code_is_right(as_, alice):
    client = as_(alice)
    client.get(SET_UP)
    answer = client.post(SET_UP, {"code": "000000"})
    assert b"That code is not right" in answer.content
    assert not TOTPDevice.objects.exists()


def test_the_first_right_code_turns_it_on_and_shows_recovery_codes_once(as_, alice, actions):
    client = as_(alice)
    client.get(SET_UP)
    code = code_of(client.session["second_factor_key"])
    page = client.post(SET_UP, {"code": code}).content.decode()
    assert page.count("<li><code>") == second_factor.CODES
    assert f"alice at Studium {settings.SITE_NAME}" in page
    assert "second-factor.turned-on" in actions()
    assert "second_factor_key" not in client.session
    assert client.get(SET_UP).status_code == 302


def test_recovery_codes_are_kept_as_hashes_only(alice):
    key = default_key()
    codes = second_factor.turn_on(user=alice, key=key, code=code_of(key))
    kept = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(set(codes)) == second_factor.CODES
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


def test_the_password_alone_no_longer_signs_in(key, visitor):
    assert not is_in(visitor)


def test_password_and_code_sign_in_and_lead_on(key, alice):
    client = Client()
    facts = {"username": "alice", "password": PASSWORD, "next": "/accounts/projects/"}
    assert client.post("/accounts/sign-in/", facts).url == "/accounts/sign-in/code/"
    assert type_code(client, code_of(key)).url == "/accounts/projects/"
    assert is_in(client)


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_half_a_minute_off_is_forgiven(key, visitor, steps):
    type_code(visitor, code_of(key, steps))
    assert is_in(visitor)


def test_a_code_is_taken_with_the_space_that_apps_show(key, visitor):
    code = code_of(key)
    type_code(visitor, f"{code[:3]} {code[3:]}")
    assert is_in(visitor)


def test_a_code_counts_once(key, alice, visitor):
    code = code_of(key)
    type_code(visitor, code)
    other = Client()
    other.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    assert b"used already" in type_code(other, code).content
    assert not is_in(other)


def test_the_code_that_set_it_up_does_not_sign_in(alice):
    key = default_key()
    code = code_of(key)
    second_factor.turn_on(user=alice, key=key, code=code)
    with pytest.raises(CodeWrong):
        second_factor.check_code(user=alice, code=code)


def test_wrong_codes_are_slowed_down(key, alice):
    with pytest.raises(CodeWrong):
        second_factor.check_code(user=alice, code="000000")
    with pytest.raises(TooManyAttempts) as refusal:
        second_factor.check_code(user=alice, code=code_of(key))
    assert refusal.value.retry_after == 2


def test_waiting_as_told_lets_the_right_code_in(key, alice, one_moment):
    with pytest.raises(CodeWrong):
        second_factor.check_code(user=alice, code="000000")
    one_moment.shift(2)
    second_factor.check_code(user=alice, code=code_of(key))


def test_wrong_codes_lock_the_account_out(key, visitor, one_moment):
    for number in range(settings.AXES_FAILURE_LIMIT):
        one_moment.shift(2**number)
        answer = type_code(visitor, "000000")
    assert answer.status_code == 429
    assert b"locked from your address" in answer.content
    one_moment.shift(100)
    assert type_code(visitor, code_of(key)).status_code == 429
    assert not is_in(visitor)


def test_a_recovery_code_signs_in_once_and_is_told_by_mail(
    alice, django_capture_on_commit_callbacks
):
    key = default_key()
    code = second_factor.turn_on(user=alice, key=key, code=code_of(key))[0]
    with django_capture_on_commit_callbacks(execute=True):
        second_factor.check_code(user=alice, code=code.upper())
    assert "9 left" in mail.outbox[-1].body
    with pytest.raises(CodeWrong):
        second_factor.check_code(user=alice, code=code)


def test_the_code_must_come_within_five_minutes(key, visitor, one_moment):
    one_moment.shift(301)
    assert type_code(visitor, code_of(key)).url == "/accounts/sign-in/"
    assert not is_in(visitor)


def test_a_new_password_makes_a_waiting_sign_in_worthless(key, alice, visitor):
    alice.set_password("another long password")
    alice.save()
    type_code(visitor, code_of(key))
    assert not is_in(visitor)


def test_the_code_page_without_a_password_leads_back(db):
    assert Client().get("/accounts/sign-in/code/").url == "/accounts/sign-in/"


def test_turning_it_off_takes_the_password(as_, key, alice):
    client = as_(alice)
    refused = client.post("/accounts/me/second-factor/off/", {"own_password": "wrong"})
    assert b"That is not your password" in refused.content
    assert TOTPDevice.objects.exists()
    client.post("/accounts/me/second-factor/off/", {"own_password": PASSWORD})
    assert not TOTPDevice.objects.exists()


def test_new_recovery_codes_replace_the_old(as_, alice):
    key = default_key()
    old = second_factor.turn_on(user=alice, key=key, code=code_of(key))[0]
    page = as_(alice).post("/accounts/me/second-factor/codes/", {"own_password": PASSWORD})
    assert page.content.count(b"<li><code>") == second_factor.CODES
    with pytest.raises(CodeWrong):
        second_factor.check_code(user=alice, code=old)


def test_an_operator_turns_it_off_for_somebody_who_lost_everything(as_, key, alice, olga, actions):
    page = "/accounts/labs/alder/people/alice/second-factor-off/"
    as_(olga).post(page, {"reason": "lost phone, seen in person"})
    assert not TOTPDevice.objects.exists()
    assert actions()[-1] == "second-factor.turned-off"


def test_a_manager_cannot_turn_it_off_for_others(as_, key, alice, carol):
    page = "/accounts/labs/alder/people/alice/second-factor-off/"
    assert as_(carol).post(page, {"reason": "why not"}).status_code == 403
    assert TOTPDevice.objects.exists()


def test_a_key_is_not_shown_again_by_another_session(as_, alice):
    assert as_(alice).get(SET_UP).content != as_(alice).get(SET_UP).content


def test_failures_are_told_until_when(key, alice):
    with pytest.raises(CodeWrong):
        second_factor.check_code(user=alice, code="no such code")
    device = TOTPDevice.objects.get()
    assert device.throttling_failure_count == 1
    assert now() - device.throttling_failure_timestamp < timedelta(seconds=1)


def test_the_server_itself_lets_a_lost_operator_in(key, alice, actions, capsys):
    call_command("second_factor_off", "Alice")
    assert "password alone" in capsys.readouterr().out
    assert not TOTPDevice.objects.exists()
    assert actions()[-1] == "second-factor.turned-off"


@pytest.mark.parametrize(("name", "why"), [("nobody", "Nobody has"), ("alice", "is off")])
def test_the_server_says_when_there_is_nothing_to_turn_off(alice, name, why):
    with pytest.raises(CommandError, match=why):
        call_command("second_factor_off", name)
