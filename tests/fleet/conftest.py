"""Real hosts for this ring, provisioned once; what breaks a host mends it again."""

import pytest
from tests.fleet import fleet, ground, several
from tests.fleet import inside as insides
from tests.fleet.machines import CONTROLLER, Host


@pytest.fixture(scope="session")
def machine():
    """This machine, when it can have a fleet; else the tests are skipped, and say why."""
    reason = ground.missing()
    if reason:
        pytest.skip(reason)
    with ground.alone():
        yield CONTROLLER


@pytest.fixture(scope="session")
def provisioned(machine):
    """Staging as Ansible made it of a bare Debian."""
    host = Host("staging")
    try:
        yield fleet.from_layer("staging")
    finally:
        fleet.remove(host)


@pytest.fixture(scope="session")
def first_push(provisioned, tmp_path_factory):
    """A person's clone, and what its first push to the new host said."""
    work = fleet.Work(tmp_path_factory.mktemp("ann") / "clone")
    return work, work.push(provisioned)


@pytest.fixture
def staging(provisioned, first_push):
    """The host with a live release; each test leaves it answering."""
    assert first_push[1].returncode == 0, first_push[1].stdout
    yield provisioned
    assert fleet.ask(provisioned, "/health/ready/").status == 200


@pytest.fixture
def inside(staging):
    """Staging, to be asked about its files, services, packages and sockets."""
    return insides.of(staging)


@pytest.fixture
def work(staging, first_push):
    """Ann's clone, at what is live."""
    clone = first_push[0]
    url = f"ssh://deploy@{staging.address}/srv/studium/repository.git"
    clone.git("fetch", "-q", url, "staging")
    clone.git("reset", "-q", "--hard", "FETCH_HEAD")
    return clone


@pytest.fixture(scope="session")
def production(machine):
    """The second host: the same layer, provisioned as production."""
    host = Host("production")
    try:
        fleet.from_layer("production")
        told = fleet.provision(host)
        assert not told.failed, told.text
        yield host
    finally:
        host.destroy()


@pytest.fixture(scope="session")
def family(machine):
    """A main host, one more that answers, one that takes jobs, and a broker, all by Ansible."""
    site = several.family()
    try:
        told = site.provision()
        assert not any(one.failed for one in told.values()), told["main"].text
        yield site
    finally:
        site.destroy()


@pytest.fixture(scope="session")
def family_push(family, tmp_path_factory):
    """A clone with pages that say who answers, and has been pushed to the main host."""
    work = fleet.Work(tmp_path_factory.mktemp("ann") / "clone")
    several.add_pages(work)
    told = several.push(work, family.main)
    assert told.returncode == 0, told.stdout
    return work
