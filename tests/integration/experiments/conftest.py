import pytest
from tests.factories import accounts, experiments

from accounts.roles import Role


@pytest.fixture
def alder(db):
    return accounts.lab("Alder")


@pytest.fixture
def ann(alder):
    return accounts.person("ann", lab=alder, role=Role.EXPERIMENTER)


@pytest.fixture
def project(alder):
    return accounts.project(alder)


@pytest.fixture
def revision(project, ann):
    return experiments.published(project, ann)


@pytest.fixture
def token(revision, ann):
    return experiments.token(revision, ann)
