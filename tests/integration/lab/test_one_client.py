"""The real ONE client, as it comes from the package index, with a live server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories import lab as make
from tests.factories import recordings as record
from tests.factories.accounts import PASSWORD

from lab import models, recording

STEPS = Path(__file__).with_name("one_steps.py")


def run(address, name, home, folder):
    """Return what the client learned; its home is empty, so that it knows nothing from before."""
    done = subprocess.run(
        [sys.executable, STEPS, address, name, PASSWORD, folder],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def learned(live_server, alder, alice, tmp_path, settings):
    settings.CACHE_TABLES = tmp_path / "tables"
    settings.SITE_URL = live_server.url
    settings.MOUNTS = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    alder.time_zone = "Europe/Paris"
    alder.save()
    folder, home = tmp_path / "share", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    share = make.made(models.Repository, name="share", folder=str(folder), is_personal=False)
    with recording.by(None):
        alder.profile.repositories.add(share)
    make.made(models.DataFormat, name="npy", file_extension=".npy")
    for kind in ("spikes.times", "spikes.clusters"):
        make.made(models.DatasetType, name=kind)
    make.made(models.Tag, name="paper", is_protected=True)
    record.brain()
    make.made(models.ProbeModel, name="Neuropixels 1.0", model="3B2")
    make.made(models.CoordinateSystem, name="IBL-Allen")
    make.made(models.ImagingType, name="mesoscope")
    return run(f"{live_server.url}/alyx", "alice", home, folder)


def test_the_client_signs_in_creates_searches_and_changes(learned, live_server):
    assert learned["signed in as"] == "alice"
    assert {"subjects", "sessions", "weighings"} <= set(learned["endpoints"])
    assert learned["project"]["users"] == ["alice"]
    assert (learned["subject"]["lab"], learned["subject"]["alive"]) == ("alder", True)
    session = learned["session"]
    assert session["start_time"] == "2026-03-02T10:00:00"  # the lab's own clock, without a zone
    assert session["url"] == f"{live_server.url}/alyx/sessions/{session['id']}"
    assert (learned["again"], learned["by day"], learned["by phrase"]) == (True, 1, 1)
    assert (learned["qc"], learned["extended_qc"]) == ("PASS", {"task": 0.9})
    assert learned["weighing"]["weight"] == 23.5
    assert learned["note"] == ["actions.session", {"name": "snapshot"}, "uploaded/notes/"]
    assert (learned["picture"], learned["notes"]) == ([400, 200], 1)
    assert learned["notes of the session"] == 1
    assert (learned["free data"], learned["free data of the session"]) == ({"tag": 1}, None)
    assert learned["warnings"] == [
        "time_out_sec is now called time_out_secs. Not known here, so not kept: module."
    ]
    assert (learned["task"], learned["surgery"], learned["refused"]) == (["Started"], 1.2, True)
    assert learned["registered"] == ["spikes.clusters.npy", "spikes.times.npy"]
    of_animal = [["spikes.clusters.npy", None, True], ["spikes.times.npy", None, True]]
    assert learned["registered over sessions"] == of_animal
    assert learned["datasets"] == ["alf/spikes.clusters.npy", "alf/spikes.times.npy"]
    assert learned["loaded"] == {"times": [0, 1, 2, 3, 4], "clusters": [3, 1, 2, 2, 1]}
    assert learned["over the animal"] == [0, 1, 2]
    assert (learned["new revision"], learned["kept"]) == ([True, True], 403)
    assert learned["loaded by default"] == [0, 1, 2, 3, 4, 5, 6]
    assert learned["listed beside"] == [2, 0]
    assert learned["cached"] == ["alf/spikes.clusters.npy", "alf/spikes.times.npy"]
    assert (learned["found without the server"], learned["found by dataset"]) == (True, 1)
    assert learned["place"] == "alder/Subjects/KS014/2026-03-02/001"
    assert (learned["deleted is gone"], learned["left"]) == (0, 1)
    check_recordings(learned["recordings"])


def check_recordings(learned):
    probe, track, plane = learned["probe"], learned["track"], learned["plane"]
    assert learned["chronic"]["serial"] == probe["serial"] == "18194819132"
    assert (probe["model"], probe["session_info"]["subject"]) == ("3B2", "KS014")
    assert learned["another serial"] == 400
    assert learned["datasets of the probe"] == 1
    assert (track["probe_name"], track["session"]["number"]) == ("probe00", 1)
    assert (learned["channels made"], learned["channels found"]) == (384, 384)
    assert (learned["depth"], learned["tracks found"]) == (4100, ["KS014"])
    assert [place["brain_region"] for place in plane["location"]] == [[669]]
    assert learned["slices"] == 1
    assert learned["names of probes"] == ["probe00"]
    assert learned["session of the probe"] == [True, "probe00"]
    missed = [word for word, is_found in learned["probes found"].items() if not is_found]
    assert missed == ["region beside"]
    assert learned["json of the probe"] == {}
    assert learned["sessions found"] == {"VIS": 1, "VISp": 1, "TH": 0}
    assert learned["in the session"] == [1, 1]
    assert learned["regions within"] == ["CTX", "VIS", "VISp"]
    assert learned["region"] == "Primary visual area"
    assert learned["probes left"] == []
