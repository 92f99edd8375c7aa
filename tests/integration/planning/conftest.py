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


@pytest.fixture(autouse=True)
def _files_of_this_test(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.JOB_FILES = tmp_path / "jobs"
