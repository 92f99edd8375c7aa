import pytest
from tests.factories import accounts, experiments, scripts

from accounts.roles import Role
from experiments.scripting.pool import POOL


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


@pytest.fixture
def toylab(tmp_path, settings):
    """A site that lists a lab's own package; the folder of it."""
    settings.SCRIPTS = tmp_path / "scripts"
    settings.SCRIPT_PACKAGES = ["toylab"]
    settings.SCRIPT_FOLDERS = [str(tmp_path)]
    settings.SCRIPT_CACHE = tmp_path / "cache"
    settings.SCRIPT_LIMIT_S = 1
    settings.MEDIA_ROOT = tmp_path / "media"
    yield scripts.package(tmp_path / "scripts")
    POOL.end()
