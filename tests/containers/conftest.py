"""One site in containers for this ring, built and started once."""

import pytest
from tests.containers.ground import Ground, base, missing
from tests.containers.site import URL, Site


@pytest.fixture(scope="session")
def ground():
    """This machine, when it can have containers; else the tests are skipped, and say why."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    ground = Ground.make()
    try:
        base(ground)
        yield ground
    finally:
        ground.end()


@pytest.fixture(scope="session")
def site(ground, tmp_path_factory):
    """A site that was brought up by the documented command in a fresh clone."""
    site = Site.cloned(ground, tmp_path_factory.mktemp("ann") / "clone")
    site.studium("up", URL)
    return site
