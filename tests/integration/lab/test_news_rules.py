"""Everybody says for themselves of what they want to hear: over the API and in the pages."""

import pytest
from tests.factories import accounts
from tests.integration.lab.admin.conftest import filled, page
from tests.integration.lab.test_api import Caller, errors

from accounts.models import AuditEntry
from lab.models import NotificationRule
from lab.services import news

KIND = "mouse_underweight"


@pytest.fixture
def vera(alder):
    return accounts.person("vera", lab=alder, role="viewer")


@pytest.fixture
def theo(alder):
    return accounts.person("theo", lab=alder, role="technician")


def rules():
    return {(rule.user.username, rule.kind, rule.scope) for rule in NotificationRule.objects.all()}


def test_over_the_api_everybody_chooses_one_scope_a_kind(vera):
    call = Caller(vera)
    made = call.post("notification-rules", {"kind": KIND, "scope": "lab"})
    assert (made.status_code, made.json()["user"]) == (201, "vera"), made.content
    again = call.post("notification-rules", {"kind": KIND, "scope": "none"})
    assert again.json()["id"] == made.json()["id"]
    assert rules() == {("vera", KIND, "none")}
    path = f"notification-rules/{made.json()['id']}"
    assert call.patch(path, {"scope": "mine"}).json()["scope"] == "mine"
    assert errors(call.patch(path, {"kind": "mouse_water"})) == [(None, "kind")]
    assert call.delete(path).status_code == 204
    assert rules() == set()


def test_nobody_chooses_for_somebody_else(vera, olga, as_):
    rule = news.choose(by=vera, kind=KIND, scope="lab")
    call, path = Caller(olga), f"notification-rules/{rule.pk}"
    assert {call.patch(path, {"scope": "none"}).status_code, call.delete(path).status_code} == {403}
    client = as_(olga)
    answers = [client.post(page("notificationrule", what, rule.pk), {"scope": "none", "post": "1"})
               for what in ("change", "delete")]  # fmt: skip
    assert [answer.status_code for answer in answers] == [403, 403]
    chosen = {"action": "delete_selected", "_selected_action": str(rule.pk), "post": "yes"}
    assert client.post(page("notificationrule"), chosen).status_code == 403
    assert rules() == {("vera", KIND, "lab")}


def test_in_the_pages_whoever_enters_chooses_for_themselves(theo, as_):
    client = as_(theo)
    add = page("notificationrule", "add")
    for scope in ("lab", "none"):  # the second time it is the same rule
        form = filled(client.get(add)) | {"kind": KIND, "scope": scope, "why": "On leave"}
        assert client.post(add, form).status_code == 302
    assert rules() == {("theo", KIND, "none")}
    rule = NotificationRule.objects.get()
    told = AuditEntry.objects.on(rule).first()
    assert (told.user, told.reason) == (theo, "On leave")
    change = page("notificationrule", "change", rule.pk)
    assert client.post(change, filled(client.get(change)) | {"scope": "mine"}).status_code == 302
    assert rules() == {("theo", KIND, "mine")}
    assert (
        client.post(page("notificationrule", "delete", rule.pk), {"post": "1"}).status_code == 302
    )
    assert rules() == set()
