"""Real hosts for this ring, provisioned once; what breaks a host mends it again."""

import shutil

import pytest
from tests.fleet import fleet
from tests.fleet.machines import CONTROLLER, Host, missing


@pytest.fixture(scope="session")
def machine():
    """This machine, when it can have a fleet; else the tests are skipped, and say why."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    return CONTROLLER


@pytest.fixture(scope="session")
def provisioned(machine):
    """Staging as Ansible made it of a bare Debian, and what Ansible said, first and second."""
    host = fleet.bare("staging")
    try:
        first = fleet.provision("staging")["staging"]
        assert not first.failed, first.text
        yield host, first
    finally:
        fleet.remove(host)


@pytest.fixture(scope="session")
def first_push(provisioned, tmp_path_factory):
    """A person's clone, and what its first push to the new host said."""
    work = fleet.Work(tmp_path_factory.mktemp("ann") / "clone")
    return work, work.push(provisioned[0])


@pytest.fixture
def staging(provisioned, first_push):
    """The host with a live release; each test leaves it answering."""
    host = provisioned[0]
    assert first_push[1].returncode == 0, first_push[1].stdout
    yield host
    assert fleet.ask(host, "/health/ready/").status == 200


@pytest.fixture
def work(staging, first_push):
    """Ann's clone, at what is live."""
    clone = first_push[0]
    url = f"ssh://deploy@{staging.address}/srv/studium/repository.git"
    clone.git("fetch", "-q", url, "staging")
    clone.git("reset", "-q", "--hard", "FETCH_HEAD")
    return clone


@pytest.fixture
def fresh(machine):
    """A bare host of a test's own."""
    host = Host("fresh")
    yield fleet.bare("fresh")
    host.destroy()
    shutil.rmtree(host.place, ignore_errors=True)
