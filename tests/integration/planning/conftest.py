import pytest
from tests.factories import accounts, studies


@pytest.fixture
def project(alder):
    return accounts.project(alder)


@pytest.fixture
def analysis(project, alice):
    return studies.analysis(project, alice)


@pytest.fixture
def plan(project, alice):
    return studies.plan(project, alice)


@pytest.fixture
def design(plan):
    return studies.design(plan)
