"""What docs/api/planning.md tells people to type, typed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.factories import maps, studies

from accounts.services import tokens
from planning.models import Plan, PowerAnalysis, Search

TEXT = (Path(__file__).resolve().parents[3] / "docs/api/planning.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
EVENTS = "onset\tduration\ttrial_type\n" + "".join(
    f"{6 * n}\t1\t{'ab'[n % 2]}\n" for n in range(30)
)


@pytest.mark.django_db(transaction=True)
def test_the_commands_of_the_page_work(alice, project, live_server, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (tmp_path / "faces.nii.gz").write_bytes(maps.file())
    (tmp_path / "plan.toml").write_text(studies.SPECIFICATION)
    (tmp_path / "events.tsv").write_text(EVENTS)
    _token, secret = tokens.create_token(user=alice, name="docs", scope="write")
    known = os.environ | {"TOKEN": secret, "SITE": live_server.url}
    told = ""
    for block in BLOCKS:
        script = block.replace("curl ", "curl -sS --fail-with-body --noproxy '*' ")
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=tmp_path, env=known, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        told += done.stdout
    assert PowerAnalysis.objects.get().chosen["resamples"] == 200
    assert Plan.objects.get().name == "Faces"
    assert Search.objects.get().seed == 7
    assert '"detection":' in told
    assert '"cheapest":{"participants":' in told
