"""One site for all tests of this ring; each test leaves it live, healthy and whole."""

import os
import shutil

import pytest
from tests.pipeline import ground as grounds

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
    with grounds.built(with_keeper=True) as ground:
        grounds.add_bench(ground.work)
        first_push["told"] = ground.work.push()
        yield ground


@pytest.fixture
def ground(one_ground):
    """The site, with the clone at what is live and nothing of the test before."""
    live = one_ground.branch
    one_ground.work.back_to(live)
    yield one_ground
    grounds.wait_until(lambda: grounds.lock.is_free(one_ground.site.lock), what="the lock's end")
    one_ground.assert_whole()


@pytest.fixture
def work(ground):
    return ground.work
