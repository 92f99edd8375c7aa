import pytest
from tests.factories import accounts, lightmill


@pytest.fixture
def project(alder):
    return accounts.project(alder)


@pytest.fixture
def host(project):
    """A host, signed in."""
    lightmill.host(project)
    return lightmill.Api().begin("host", Authorization=lightmill.basic("hanna"))


@pytest.fixture
def experiment(host):
    """The id of an experiment that a host has named."""
    return host.new_experiment()


@pytest.fixture
def api(db):
    """A participant's browser, with a session."""
    return lightmill.Api().begin()


@pytest.fixture
def run(api, experiment):
    return api.new_run(experiment, "S1")
