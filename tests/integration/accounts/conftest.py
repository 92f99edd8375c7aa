"""More people of Alder, and ways to look at what happened."""

import pytest
from django.core.cache import cache
from tests.factories import accounts as make

from accounts.models import AuditEntry, Membership
from accounts.services import confirmation


@pytest.fixture(autouse=True)
def fresh_counters(db):
    """What one test counted in the cache limits no other."""
    cache.clear()


@pytest.fixture
def adam(alder):
    """The admin of Alder."""
    return make.person("adam", lab=alder, role="admin")


@pytest.fixture
def vera(alder):
    """A viewer of Alder."""
    return make.person("vera", lab=alder, role="viewer")


@pytest.fixture
def memory(alder):
    """A project that everybody in Alder sees."""
    return make.project(alder, "Memory")


@pytest.fixture
def secret_project(alder):
    """A project of Alder that only its members see; it has none yet."""
    return make.project(alder, "Sleep", visibility="members")


@pytest.fixture
def role_in(alder):
    """Return the membership of somebody in Alder as it is stored now."""
    return lambda person: Membership.objects.get(lab=alder, user=person)


@pytest.fixture
def actions():
    """Return what the audit trail holds, oldest first."""
    return lambda: list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


@pytest.fixture
def idle():
    """Return a client whose person typed no password for ten minutes."""

    def left_alone(client):
        session = client.session
        session[confirmation.CONFIRMED] -= confirmation.HOLDS.total_seconds()
        session.save()
        return client

    return left_alone
