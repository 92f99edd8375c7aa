"""What the unchanged ONE client does with probes, tracks, channels, planes and the atlas."""

from pathlib import Path

import numpy as np
import requests
from one.api import ONE
from one.registration import RegistrationClient

SESSION = {"subject": "KS014", "start_time": "2026-03-05T10:00:00", "number": 1}


def steps(address, name, password, folder):
    """Write a recording, and find it again in every way; take it away at the end."""
    one = ONE(
        base_url=address, username=name, password=password, silent=True, cache_rest=None,
        cache_dir=Path.home() / "recordings", mode="remote",
    )  # fmt: skip
    session = one.alyx.rest("sessions", "create", data=SESSION | {"users": [name]})
    yield from probes(one, session["id"])
    yield from files(one, folder)
    yield from tracks(one)
    yield from planes(one, session["id"])
    yield from searches(one, session["id"])
    yield from regions(one)
    one.alyx.rest("sessions", "delete", id=session["id"])
    yield "probes left", list(map(str, one.search_insertions(subject="KS014")))


def probes(one, session):
    stays = {"subject": "KS014", "serial": "18194819132", "model": "3B2", "name": "left V1"}
    chronic = one.alyx.rest("chronic-insertions", "create", data=stays)
    yield "chronic", chronic
    given = {"session": session, "name": "probe00", "model": "3B2", "serial": "18194819132",
             "chronic_insertion": chronic["id"]}  # fmt: skip
    yield "probe", one.alyx.rest("insertions", "create", data=given)
    try:
        one.alyx.rest("insertions", "create", data=given | {"name": "probe01", "serial": "2"})
    except requests.HTTPError as error:
        yield "another serial", error.response.status_code


def files(one, folder):
    place = Path(folder, "KS014", "2026-03-05", "001", "alf", "probe00")
    place.mkdir(parents=True)
    np.save(place / "spikes.times.npy", np.arange(3.0))
    RegistrationClient(one).register_files([place / "spikes.times.npy"], repository="share")
    yield "datasets of the probe", len(probe(one)["datasets"])


def probe(one):
    return one.alyx.rest("insertions", "list", subject="KS014", name="probe00", no_cache=True)[0]


def tracks(one):
    """Enter a track and its channels in one call, as the pipeline of the field does."""
    track = {
        "probe_insertion": probe(one)["id"], "x": -2000.0, "y": 1000.0, "z": 0.0, "depth": 4000.0,
        "theta": 15.0, "phi": 180.0, "roll": 0.0, "provenance": "Ephys aligned histology track",
        "coordinate_system": "IBL-Allen",
    }  # fmt: skip
    made = one.alyx.rest("trajectories", "create", data=track)
    yield "track", made
    channels = [
        {"trajectory_estimate": made["id"], "axial": 20.0 * row, "lateral": 16.0, "x": -2000.0,
         "y": 1000.0, "z": -20.0 * row, "brain_region": 385}
        for row in range(384)
    ]  # fmt: skip
    yield "channels made", len(one.alyx.rest("channels", "create", data=channels))
    changed = one.alyx.rest("trajectories", "partial_update", id=made["id"], data={"depth": 4100})
    yield "depth", changed["depth"]


def planes(one, session):
    stack = one.alyx.rest("imaging-stack", "create", data={"name": "stack"})
    given = {"session": session, "imaging_type": "mesoscope", "name": "FOV_00",
             "stack": stack["id"]}  # fmt: skip
    plane = one.alyx.rest("fields-of-view", "create", data=given)
    corners = {"x": [0.0, 1.0, 0.0, 1.0], "y": [0.0, 0.0, 1.0, 1.0], "z": [0.0, 0.0, 0.0, 0.0]}
    place = {
        "field_of_view": plane["id"], "default_provenance": True, "provenance": "E",
        "coordinate_system": "IBL-Allen", "n_xyz": [512, 512, 1], "brain_region": [669],
    }  # fmt: skip
    one.alyx.rest("fov-location", "create", data=place | corners)
    yield "plane", one.alyx.rest("fields-of-view", "read", id=plane["id"])
    yield "slices", len(one.alyx.rest("imaging-stack", "read", id=stack["id"])["slices"])


def searches(one, session):
    """Find the probe by ONE's own methods, with the words that it offers."""
    pids, names = one.eid2pid(session)
    yield "names of probes", names
    eid, name = one.pid2eid(pids[0])
    yield "session of the probe", [str(eid) == session, name]
    wanted = {
        "subject": {"subject": "KS014"},
        "lab and number": {"lab": "alder", "number": 1},
        "dataset": {"dataset": "spikes.times"},
        "datasets": {"datasets": ["spikes.times.npy"], "dataset_qc_lte": "PASS"},
        "type": {"dataset_types": "spikes.times"},
        "region around": {"atlas_acronym": "VIS"},
        "region beside": {"atlas_acronym": "TH"},
        "phrase": {"django": "datasets__name__icontains,spikes,session__subject__nickname,KS014"},
        "json": {"django": "json__extended_qc__tracing_exists,True"},
    }
    one.alyx.json_field_update(
        "insertions", pids[0], "json", {"extended_qc": {"tracing_exists": True}}
    )
    yield (
        "probes found",
        {
            word: [str(pid) for pid in one.search_insertions(**asked)] == [str(pids[0])]
            for word, asked in wanted.items()
        },
    )
    one.alyx.json_field_remove_key("insertions", pids[0], "json", "extended_qc")
    yield "json of the probe", one.alyx.rest("insertions", "read", id=pids[0])["json"]
    yield (
        "sessions found",
        {acronym: len(one.search(atlas_acronym=acronym)) for acronym in ("VIS", "VISp", "TH")},
    )
    found = one.alyx.rest("channels", "list", probe_insertion=pids[0], limit=1000)
    yield "channels found", len(list(found))
    aligned = one.alyx.rest("trajectories", "list", provenance="Ephys aligned histology track",
                            django=f"probe_insertion,{pids[0]}")  # fmt: skip
    yield "tracks found", [track["session"]["subject"] for track in aligned]
    detail = one.alyx.rest("sessions", "read", id=session)
    yield "in the session", [len(detail[name]) for name in ("probe_insertion", "field_of_view")]


def regions(one):
    within = one.alyx.rest("brain-regions", "list", descendants="CTX")
    yield "regions within", sorted(region["acronym"] for region in within)
    yield "region", one.alyx.rest("brain-regions", "read", id=385)["name"]
