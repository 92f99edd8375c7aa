import pytest
from tests.factories import accounts, runs


@pytest.fixture
def project(db):
    return accounts.project(accounts.lab("Alder"))


@pytest.fixture
def run(project):
    return runs.run(project).run


@pytest.fixture
def visit(run):
    return runs.visit(run)
