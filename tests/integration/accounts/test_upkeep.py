"""What has served its time is deleted; what the audit trail names is not."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from accounts import audit
from accounts.models import ApiToken, OneTimeLink, SignIn
from accounts.services import links, tokens, upkeep

AGE = timedelta(days=90)


@pytest.fixture
def later():
    """A day on which everything that a test made has ended for long."""
    with time_machine.travel(now() + timedelta(days=400), tick=False):
        yield


@pytest.fixture
def token(alice):
    return tokens.create_token(user=alice, name="scripts", scope="write", days=1)[0]


@pytest.fixture
def link(alice):
    return links.make_link(user=alice, purpose=OneTimeLink.Purpose.RESET)


def test_ended_keys_go(token, link, later):
    assert upkeep.prune(older_than=AGE)["one-time links"] == 1
    assert not ApiToken.objects.exists()


def test_working_keys_stay(token, link):
    upkeep.prune(older_than=AGE)
    assert ApiToken.objects.exists()
    assert OneTimeLink.objects.exists()


def test_a_token_that_did_something_stays_with_its_history(token, alice, later):
    with audit.during(audit.Origin(token=token)):
        audit.record(action="thing.done", user=alice)
    upkeep.prune(older_than=AGE)
    assert ApiToken.objects.get() == token


def test_records_of_sessions_that_are_gone_go(as_, alice, later):
    client = as_(alice)
    client.session.delete()
    SignIn.objects.update(seen_at=now() - AGE - timedelta(days=1))
    assert upkeep.prune(older_than=AGE)["ended sign-ins"] == 1
