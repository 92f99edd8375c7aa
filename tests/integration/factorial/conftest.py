import pytest
from tests.factories import accounts, designs


@pytest.fixture
def project(alder):
    return accounts.project(alder)


@pytest.fixture
def design(project, alice):
    return designs.design(project, alice)
