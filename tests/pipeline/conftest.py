"""One site for all tests of this ring; each test leaves it live, healthy and whole."""

import os
import shutil

import pytest
from tests.pipeline import ground as grounds
from tests.pipeline import ssh

MISSING = [
    name
    for name in ("git", "nginx", "npm")
    if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
]


@pytest.fixture(scope="session")
def first_push():
    """What the very first push said."""
    return {}


@pytest.fixture(scope="session")
def one_ground(first_push):
    if MISSING:
        pytest.skip(f"not installed: {', '.join(MISSING)}")
    with grounds.built(with_keeper=True, release={"drain_s": 1.0}) as ground:
        grounds.add_bench(ground.work)
        first_push["told"] = ground.work.push()
        yield ground


@pytest.fixture
def ground(one_ground):
    """The site, with the clone at what is live and nothing of the test before."""
    live = one_ground.branch
    one_ground.work.back_to(live)
    yield one_ground
    grounds.wait_until(one_ground.is_settled, what="the end of the attempt")
    one_ground.assert_whole()


@pytest.fixture
def work(ground):
    return ground.work


@pytest.fixture(scope="session")
def by_ssh(tmp_path_factory):
    if not ssh.SSHD:
        pytest.skip("openssh-server is not installed: sudo apt-get install -y openssh-server")
    with ssh.server(tmp_path_factory.mktemp("ssh")) as server:
        yield server
