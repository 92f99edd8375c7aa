"""A clone of the tests' own, with two sites whose files are written and nothing runs."""

import tempfile
from pathlib import Path

import pytest

from laptop import facts, secrets_file
from laptop.layout import Clone

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def clone():
    """A clone at a short path: sockets have names of at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="clone-", dir="/tmp") as folder:
        for name in ("deploy", "requirements"):
            (Path(folder) / name).symlink_to(ROOT / name)
        yield Clone(Path(folder))


@pytest.fixture
def sites(clone):
    for number, name in enumerate(("staging", "production")):
        clone.site_root(name).mkdir(parents=True)
        facts.write(clone.site_file(name), facts.first(name, 8151 + number, "run"))
        secrets_file.ensure(clone.site_root(name) / "secrets.env")
    return clone.sites()
