"""What the unchanged ONE client does with a server; run in a process and a home of its own.

python one_steps.py ADDRESS NAME PASSWORD FOLDER     prints what it learned as JSON
"""

import json
import sys
from pathlib import Path

import numpy as np
import one_notes
import one_recordings
import requests
from one.api import ONE, One
from one.registration import RegistrationClient
from one.webclient import AlyxClient


def steps(address, name, password, folder):
    """Sign in, create, search, change; yield the name and the outcome of each step."""
    alyx = AlyxClient(
        base_url=address, username=name, password=password, silent=True, cache_rest=None
    )
    yield "signed in as", alyx.user
    yield "endpoints", sorted(alyx.rest_schemes.endpoints)
    lab = alyx.rest("labs", "list")[0]["name"]
    yield "project", alyx.rest("projects", "create", data={"name": "Maze", "users": [name]})
    animal = {"nickname": "KS014", "lab": lab, "projects": ["Maze"], "birth_date": "2026-01-01"}
    yield "subject", alyx.rest("subjects", "create", data=animal)
    facts = {
        "subject": "KS014", "start_time": "2026-03-02T10:00:00", "number": 1, "users": [name],
        "task_protocol": "choice_1.2", "projects": ["Maze"],
    }  # fmt: skip
    session = alyx.rest("sessions", "create", data=facts)
    yield "session", session
    yield "again", alyx.rest("sessions", "create", data=facts)["id"] == session["id"]
    yield "by day", len(alyx.rest("sessions", "list", date_range=["2026-03-02", "2026-03-02"]))
    phrase = "subject__nickname,KS014,start_time__date,2026-03-02"
    yield "by phrase", len(alyx.rest("sessions", "list", django=phrase))
    yield "qc", alyx.rest("sessions", "partial_update", id=session["id"], data={"qc": "PASS"})["qc"]
    alyx.json_field_update("sessions", session["id"], "extended_qc", {"task": 0.9})
    yield "extended_qc", alyx.rest("sessions", "read", id=session["id"])["extended_qc"]
    weight = {"subject": "KS014", "weight": 23.5, "date_time": "2026-03-02T09:00:00"}
    yield "weighing", alyx.rest("weighings", "create", data=weight)
    yield from one_notes.steps(alyx, session["id"], name)
    yield from with_files(address, name, password, folder)
    yield "recordings", dict(one_recordings.steps(address, name, password, folder))
    alyx.rest("sessions", "delete", id=session["id"])
    yield "left", len(alyx.rest("sessions", "list", subject="KS014"))


def with_files(address, name, password, folder):
    """Write arrays into a mounted folder, register them, and load them from elsewhere."""
    one = ONE(
        base_url=address, username=name, password=password, silent=True, cache_rest=None,
        cache_dir=Path.home() / "cache", mode="remote",
    )  # fmt: skip
    place = Path(folder, "KS014", "2026-03-02", "001", "alf")
    place.mkdir(parents=True)
    arrays = {"times": np.arange(5.0), "clusters": np.array([3, 1, 2, 2, 1])}
    for attribute, array in arrays.items():
        np.save(place / f"spikes.{attribute}.npy", array)
    client = RegistrationClient(one)
    files = sorted(place.glob("*.npy"))
    sent = client.register_files(files, repository="share")
    yield "registered", sorted(each["name"] for each in sent)
    yield "registered over sessions", over_sessions(one, client, Path(folder, "Subjects", "KS014"))
    key = client.one.path2eid(place)
    yield "datasets", sorted(map(str, one.list_datasets(key)))
    set_server(one)
    spikes = one.load_object(key, "spikes", collection="alf")
    yield "loaded", {name: np.asarray(array).tolist() for name, array in spikes.items()}
    yield "over the animal", one.load_aggregate("subjects", "KS014", "spikes.times.npy").tolist()
    yield from offline(one, name)
    yield from protected(one, client, folder)


def set_server(one):
    """Say where files come from, which is the one parameter of the client that a site needs."""
    server = one.alyx.get("/me")["data_server"]
    one.alyx._par = one.alyx._par.set("HTTP_DATA_SERVER", server)


def protected(one, client, folder):
    """Let a tag protect a file, register it with other content, and load that."""
    facts = {"subject": "KS014", "start_time": "2026-03-04T10:00:00", "number": 1}
    eid = one.alyx.rest("sessions", "create", data=facts)["id"]
    file = Path(folder, "KS014", "2026-03-04", "001", "alf", "spikes.times.npy")
    file.parent.mkdir(parents=True)
    np.save(file, np.arange(5.0))
    key = client.register_files(file, repository="share")["id"]
    one.alyx.rest("datasets", "partial_update", id=key, data={"tags": ["paper"]})
    np.save(file, np.arange(7.0))
    sent = client.register_files(file, repository="share")
    yield "new revision", [sent["default"], (file.parent / f"#{sent['revision']}#").is_dir()]
    yield "loaded by default", one.load_dataset(eid, file.name, "alf").tolist()
    listed = sorted(map(str, one.list_datasets(eid, file.name)))
    yield "listed beside", [name.count("#") for name in listed]
    try:
        one.alyx.rest("datasets", "delete", id=key)
    except requests.HTTPError as error:
        yield "kept", error.response.status_code


def over_sessions(one, client, place):
    """Register files of an animal as a whole, and find them again."""
    place.mkdir(parents=True)
    for name in ("spikes.times.npy", "spikes.clusters.npy"):
        np.save(place / name, np.arange(3.0))
    animal = one.alyx.rest("subjects", "read", id="KS014")["id"]
    client.register_files(sorted(place.glob("*.npy")), repository="share",
                          content_type="subject", object_id=animal)  # fmt: skip
    rows = one.alyx.rest("datasets", "list", collection="Subjects/KS014")
    return sorted([row["name"], row["session"], row["file_records"][0]["exists"]] for row in rows)


def offline(one, name):
    """Load the cache tables, write, load them again, and search without the server."""
    one.load_cache()
    yield "cached", sorted(map(str, one.list_datasets(one.search(subject="KS014")[0])))
    later = {"subject": "KS014", "start_time": "2026-03-03T10:00:00", "number": 1, "users": [name]}
    made = one.alyx.rest("sessions", "create", data=later)
    one.load_cache()
    local = One(cache_dir=one.cache_dir, mode="local")
    found = [str(each) for each in local.search(date_range=["2026-03-03", "2026-03-03"])]
    yield "found without the server", found == [made["id"]]
    spikes = local.search(subject="KS014", datasets="spikes.times.npy", dataset_qc_lte="FAIL")
    yield "found by dataset", len(spikes)
    place = local.eid2path(spikes[0])
    yield "place", place.relative_to(one.cache_dir).as_posix()
    one.alyx.rest("sessions", "delete", id=made["id"])
    one.load_cache()
    local = One(cache_dir=one.cache_dir, mode="local")
    yield "deleted is gone", len(local.search(date_range=["2026-03-03", "2026-03-03"]))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(steps(*sys.argv[1:]))) + "\n")
