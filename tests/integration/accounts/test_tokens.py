"""API tokens: shown once, limited, revocable."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils.timezone import now
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from accounts.models import ApiToken, AuditEntry
from accounts.services import tokens

PAGE = "/accounts/me/tokens/"
ME = "/api/v1/me"


@pytest.fixture
def token(alice):
    return tokens.create_token(user=alice, name="scripts", scope="read")


def ask(secret, word="Token", path=ME):
    return Client().get(path, headers={"Authorization": f"{word} {secret}"})


def test_a_token_is_shown_once_and_kept_as_a_hash(as_, alice):
    client = as_(alice)
    made = client.post(PAGE, {"name": "scripts", "scope": "read", "days": "90"})
    secret = re.search(r"studium_\w{12}_[\w-]{43}", made.content.decode()).group()
    assert secret not in client.get(PAGE).content.decode()
    assert secret.split("_", 2)[2] not in str(ApiToken.objects.values())
    assert secret.split("_", 2)[2] not in str(AuditEntry.objects.values())
    assert ask(secret).json()["username"] == "alice"


@pytest.mark.parametrize("word", ["Token", "Bearer", "bearer"])
def test_programs_sign_in_with_either_word(token, word):
    assert ask(token[1], word).status_code == 200


def test_me_says_who_in_which_labs_and_by_which_token(token):
    facts = ask(token[1]).json()
    assert facts["labs"] == [{"lab": "alder", "name": "Alder", "role": "experimenter"}]
    assert facts["token"]["name"] == "scripts"
    assert facts["token"]["scope"] == "read"


def test_without_a_token_the_answer_says_how(db):
    answer = Client().get(ME)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"


def test_a_session_reads_the_api_too(as_, alice):
    assert as_(alice).get(ME).json()["token"] is None


def test_a_password_is_not_taken_by_the_api(alice):
    answer = Client().get(ME, headers={"Authorization": "Basic YWxpY2U6cGFzc3dvcmQ="})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "harm", [lambda s: s[:-1], lambda s: s + "x", lambda s: s.upper(), lambda _: ""]
)
def test_almost_a_token_is_none(token, harm):
    assert ask(harm(token[1])).status_code == 401


def test_a_revoked_token_is_refused_at_once(as_, alice, token):
    as_(alice).post(f"{PAGE}{token[0].pk}/revoke/")
    answer = ask(token[1])
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]


def test_revoking_twice_changes_nothing(alice, token, actions):
    for _ in range(2):
        tokens.revoke_token(token=token[0], by=alice)
    assert actions().count("token.revoked") == 1


def test_an_expired_token_is_refused(alice):
    _, secret = tokens.create_token(user=alice, name="short", scope="read", days=1)
    assert ask(secret).status_code == 200
    with time_machine.travel(now() + timedelta(days=1, seconds=1), tick=False):
        assert ask(secret).status_code == 401


def test_a_closed_account_takes_its_tokens_along(alice, token):
    alice.is_active = False
    alice.save()
    assert ask(token[1]).status_code == 401


def test_nobody_revokes_somebody_elses_token(as_, bob, token):
    assert as_(bob).post(f"{PAGE}{token[0].pk}/revoke/").status_code == 404
    assert ask(token[1]).status_code == 200


@api_view(["GET", "POST"])
def thing(request):
    return Response({"ok": True})


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("write", 200)])
def test_only_a_writing_token_changes_something(alice, scope, status):
    _, secret = tokens.create_token(user=alice, name="x", scope=scope)
    key = {"HTTP_AUTHORIZATION": f"Token {secret}"}
    assert thing(APIRequestFactory().post("/", **key)).status_code == status
    assert thing(APIRequestFactory().get("/", **key)).status_code == 200


def test_last_use_is_kept_to_the_minute(token):
    ask(token[1])
    first = ApiToken.objects.get().last_used_at
    ask(token[1])
    assert ApiToken.objects.get().last_used_at == first
    with time_machine.travel(now() + timedelta(minutes=2), tick=False):
        ask(token[1])
    assert ApiToken.objects.get().last_used_at > first
    assert ApiToken.objects.get().last_address == "127.0.0.1"


def test_too_many_calls_are_told_when_to_come_back(token, settings):
    settings.LIMITS = settings.LIMITS | {"api-known": (2, 60)}
    answers = [ask(token[1]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60


def test_one_token_does_not_use_up_anothers_calls(alice, token, settings):
    settings.LIMITS = settings.LIMITS | {"api-known": (1, 60)}
    _, other = tokens.create_token(user=alice, name="other", scope="read")
    assert [ask(token[1]).status_code, ask(other).status_code] == [200, 200]


def test_projects_are_those_that_the_person_sees(token, memory, secret_project):
    assert [each["slug"] for each in ask(token[1], path="/api/v1/projects").json()["results"]] == [
        "memory"
    ]


def test_a_call_costs_four_queries(token, django_assert_num_queries):
    ask(token[1])
    # the token with its person, the counter, the memberships; last use is noted once a minute
    with django_assert_num_queries(3):
        ask(token[1])
