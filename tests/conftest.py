"""The cast of the tests: who they are, and what every ring forbids."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import settings
from tests.factories import accounts as make

settings.register_profile("house", deadline=None)  # how long it takes says nothing here
settings.load_profile("house")
THIS_MACHINE = ["127.0.0.1", "::1", "localhost"]
MAY_TALK = {"browser", "pipeline", "fleet", "benchmarks"}


def pytest_collection_modifyitems(items):
    """Unit and integration tests talk to this machine only."""
    for item in items:
        if not MAY_TALK & set(item.path.parts):
            item.add_marker(pytest.mark.allow_hosts(THIS_MACHINE))


@pytest.fixture
def alder(db) -> Any:
    """The lab that alice and carol work in."""
    return make.lab("Alder")


@pytest.fixture
def birch(db) -> Any:
    """The other lab: bob's."""
    return make.lab("Birch")


@pytest.fixture
def alice(alder) -> Any:
    """A researcher of Alder; she owns things."""
    return make.person("alice", lab=alder, role="experimenter")


@pytest.fixture
def bob(birch) -> Any:
    """A researcher of Birch; he must see nothing of Alder's."""
    return make.person("bob", lab=birch, role="experimenter")


@pytest.fixture
def carol(alder) -> Any:
    """The manager of Alder."""
    return make.person("carol", lab=alder, role="manager")


@pytest.fixture
def olga(db) -> Any:
    """An operator: she looks after the site and belongs to no lab."""
    return make.person("olga", is_staff=True, is_superuser=True)


@pytest.fixture
def as_(db) -> Callable[[Any], Client]:
    """Return a client that is signed in as a person."""

    def signed_in(person: Any) -> Client:
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
