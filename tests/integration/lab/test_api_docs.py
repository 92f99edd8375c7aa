"""What docs/api/lab.md tells people to type, typed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from accounts.services import tokens
from lab import models
from lab.api.resources import BY_NAME

PAGE = Path(__file__).resolve().parents[3] / "docs/api/lab.md"
TEXT = PAGE.read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def typed(alice, live_server):
    """Return what a shell prints for the commands of the page."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    def run(commands, **words):
        _token, secret = tokens.create_token(user=alice, name="docs", scope="write")
        known = os.environ | {"TOKEN": secret, "SITE": live_server.url, **words}
        script = commands.replace("curl ", "curl -sS --fail-with-body --noproxy '*' ")
        shell = ["sh", "-e", "-c", script]
        done = subprocess.run(shell, env=known, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.django_db(transaction=True)
def test_the_commands_of_the_page_work(alder, animal, typed):
    reading, writing = BLOCKS
    assert '"nickname":"KS001"' in typed(reading)
    told = typed(writing, ANIMAL=str(animal.pk))
    assert '"count":1' in told
    assert '"dry_run":true' in told
    assert models.Weighing.objects.get().weight_g == 23.4


def test_the_kinds_that_the_page_names_are_there():
    named = re.search(r"work the same: (.*?) and\s", TEXT, re.DOTALL)[1]
    assert set(re.findall(r"`([a-z-]+)`", named)) <= set(BY_NAME)
