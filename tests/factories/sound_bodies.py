"""One sound body for every address that ONE sends to, and the place of one record of each kind."""

from dataclasses import dataclass
from typing import Any

from tests.factories import lab as make
from tests.factories import notes as noted
from tests.factories import recordings

from lab import models
from lab.one.urls import router

NOBODY = "00000000-0000-4000-8000-000000000000"
DAY = "2026-03-05"
OTHERS = {"register-file", "new-download", "sync-file-status", "auth-token"}
NAMES = sorted({prefix for prefix, _, _ in router.registry} | OTHERS)


@dataclass(frozen=True)
class Endpoint:
    """One address: a sound body, an existing record's place, what the sound body is answered."""

    body: dict[str, Any] | None = None
    place: str = ""
    answer: int = 201


Endpoints = dict[str, Endpoint]


def endpoints(animal: Any, alice: Any) -> Endpoints:
    """Make one record of each kind; return how each address is spoken to."""
    session = make.session(animal, alice, number=7)
    there = make.dataset(session) | noted.beside(session, alice)
    recordings.one_of_each(make.session(animal, alice, number=8), alice)
    make.made(models.ProbeModel, name="3B2")
    return {
        **_people(animal, alice),
        **_actions(str(session.pk), there),
        **_water(str(session.pk), animal, alice),
        **_lists(there),
        **_data(str(session.pk), there),
        **_probes(str(session.pk), str(there["dataset"])),
        **_imaging(str(session.pk), str(there["dataset"])),
        **_notes(str(session.pk), there),
        **_calls(session, there),
    }


def _people(animal: Any, alice: Any) -> Endpoints:
    alice.set_password("a sound one")
    alice.save()
    make.location(animal.lab)
    lab = {
        "name": "cedar", "institution": "UCL", "timezone": "UTC", "json": {},
        "reference_weight_pct": 0.8, "repositories": ["share"],
    }  # fmt: skip
    subject = {
        "nickname": "KS050", "lab": "alder", "birth_date": "2026-01-01", "sex": "M",
        "responsible_user": "alice", "projects": [], "description": "x", "json": {},
    }  # fmt: skip
    return {
        "users": Endpoint(place="alice"),
        "labs": Endpoint(lab, "alder", answer=403),  # for operators
        "projects": Endpoint({"name": "Maze", "description": "x", "users": ["alice"], "json": {}}),
        "locations": Endpoint({"name": "Rig 2", "lab": "alder", "json": {}}, "Rig 1", answer=405),
        "subjects": Endpoint(subject, "KS001"),
        "auth-token": Endpoint({"username": "alice", "password": "a sound one"}, answer=200),
    }


def _actions(session: str, there: dict[str, Any]) -> Endpoints:
    action = {
        "subject": "KS001", "users": ["alice"], "procedures": ["Behaviour training"],
        "start_time": f"{DAY}T10:00:00", "end_time": f"{DAY}T11:00:00", "narrative": "x",
        "location": "Rig 1", "lab": "alder", "json": {},
    }  # fmt: skip
    sitting = {
        "number": 3, "task_protocol": "x", "type": "y", "n_trials": 5, "n_correct_trials": 3,
        "projects": [], "qc": "PASS", "extended_qc": {}, "parent_session": session,
    }  # fmt: skip
    surgery = {"outcome_type": "r", "implant_weight": 1.5, "name": "x"}
    return {
        "sessions": Endpoint(action | sitting, session),
        "surgeries": Endpoint(action | surgery, str(there["surgery"])),
    }


def _water(session: str, animal: Any, alice: Any) -> Endpoints:
    sort = make.water_type()
    given = {
        "subject": "KS001", "water_administered": 0.5, "water_type": sort.name, "adlib": False,
        "session": session, "user": "alice", "date_time": "2026-03-02T10:00:00",
    }  # fmt: skip
    weighing = {
        "subject": "KS001", "weight": 23.5, "user": "alice", "date_time": f"{DAY}T10:00:00",
    }  # fmt: skip
    return {
        "weighings": Endpoint(weighing),
        "water-administrations": Endpoint(given, str(make.water(animal, alice).pk)),
        "water-restriction": Endpoint(place=str(make.restriction(animal).pk)),
        "water-type": Endpoint({"name": "Milk", "json": {}}, sort.name),
    }


def _lists(there: dict[str, Any]) -> Endpoints:
    kind = {
        "name": "a.b", "description": "x", "filename_pattern": "*a.b*", "created_by": "alice",
        "json": {},
    }  # fmt: skip
    form = {"name": "zzz", "description": "x", "file_extension": ".zzz", "json": {}}
    repository = {
        "name": "nas", "hostname": "x", "data_url": "https://x.example/", "timezone": "UTC",
        "globus_is_personal": False, "repository_type": "Fileserver", "json": {},
        "globus_endpoint_id": NOBODY,
    }  # fmt: skip
    revision = {"name": "2026-05-05", "description": "x", "json": {}}
    procedure = {"name": "Novel", "description": "x", "json": {}}
    return {
        "dataset-types": Endpoint(kind, there["dataset_type"]),
        "data-formats": Endpoint(form, there["format"]),
        "data-repository-type": Endpoint({"name": "Shelf", "json": {}}, there["repository_type"]),
        "data-repository": Endpoint(repository, there["repository"]),
        "revisions": Endpoint(revision, there["revision"]),
        "procedures": Endpoint(procedure, there["procedure"]),
    }


def _data(session: str, there: dict[str, Any]) -> Endpoints:
    data = str(there["dataset"])
    tag = {
        "name": "second", "description": "x", "protected": False, "public": False,
        "datasets": [data], "json": {},
    }  # fmt: skip
    dataset = {
        "name": "b.c.npy", "created_by": "alice", "dataset_type": "wheel.position",
        "data_format": "npy", "collection": "alf", "session": session, "file_size": 5,
        "hash": "ab", "version": "1", "revision": "2026-04-01", "default_dataset": False,
        "tags": [], "qc": "PASS", "json": {},
    }  # fmt: skip
    file = {
        "dataset": data, "data_repository": "share", "exists": True,
        "relative_path": "b/c.npy", "json": {},
    }  # fmt: skip
    return {
        "tags": Endpoint(tag, there["tag"]),
        "datasets": Endpoint(dataset, data),
        "files": Endpoint(file, str(there["file"])),
    }


def _probes(session: str, data: str) -> Endpoints:
    probe, track = _one(models.ProbeInsertion), _one(models.TrajectoryEstimate)
    insertion = {
        "session": session, "name": "probe07", "serial": "1", "model": "3B2",
        "datasets": [data], "json": {},
    }  # fmt: skip
    chronic = {
        "subject": "KS001", "name": "x", "serial": "7", "lab": "alder", "json": {},
        "start_time": f"{DAY}T10:00:00", "model": "3B2",
    }  # fmt: skip
    trajectory = {
        "probe_insertion": probe, "provenance": "Planned", "x": 1.0, "y": 1.0, "z": 1.0,
        "depth": 1.0, "theta": 1.0, "phi": 1.0, "roll": 1.0, "json": {},
    }  # fmt: skip
    channel = {
        "trajectory_estimate": track, "axial": 7.0, "lateral": 7.0, "x": 1.0, "y": 1.0, "z": 1.0,
        "name": "x", "json": {},
    }  # fmt: skip
    return {
        "insertions": Endpoint(insertion, probe),
        "chronic-insertions": Endpoint(chronic, _one(models.ChronicInsertion)),
        "trajectories": Endpoint(trajectory, track),
        "channels": Endpoint(channel, _one(models.Channel)),
        "brain-regions": Endpoint(place="385"),
    }


def _imaging(session: str, data: str) -> Endpoints:
    plane = _one(models.FieldOfView)
    corners = [0.0, 1.0, 0.0, 1.0]
    location = {
        "field_of_view": plane, "provenance": "L", "default_provenance": False,
        "x": corners, "y": corners, "z": corners, "brain_region": [],
    }  # fmt: skip
    view = {"session": session, "name": "FOV_07", "datasets": [data], "json": {}}
    return {
        "fields-of-view": Endpoint(view, plane),
        "fov-location": Endpoint(location, _one(models.FieldOfViewLocation)),
        "imaging-stack": Endpoint({"name": "stack07", "json": {}}),
    }


def _notes(session: str, there: dict[str, Any]) -> Endpoints:
    note = {
        "user": "alice", "content_type": "session", "object_id": session, "text": "x",
        "date_time": f"{DAY}T10:00:00", "json": {},
    }  # fmt: skip
    task = {
        "name": "Sort", "executable": "a.b", "graph": "Base", "session": session, "level": 1,
        "status": "Waiting", "priority": 1, "cpu": 1, "gpu": 1, "ram": 1, "io_charge": 1,
        "time_out_secs": 1, "time_elapsed_secs": 1.5, "log": "x", "version": "1", "parents": [],
        "arguments": {}, "data_repository": "share", "json": {}, "datetime": f"{DAY}T10:00:00",
    }  # fmt: skip
    notice = {
        "name": "Noise", "description": "x", "importance": "high",
        "datasets": [str(there["dataset"])], "version_affected": "1",
        "affected_date_start": "2026-01-01", "affected_date_end": "2026-02-01",
        "created_by": "alice", "json": {},
    }  # fmt: skip
    return {
        "notes": Endpoint(note, str(there["note"])),
        "tasks": Endpoint(task, str(there["task"])),
        "data-notices": Endpoint(notice, str(there["notice"])),
        "downloads": Endpoint(place=str(there["download"])),
    }


def _calls(session: Any, there: dict[str, Any]) -> Endpoints:
    register = {
        "path": f"KS001/{session.day}/7", "filenames": ["alf/wheel.position.npy"],
        "filesizes": [5], "hashes": ["ab"], "versions": ["1"], "created_by": "alice",
        "name": "share", "labs": ["alder"], "server_only": False, "exists": True,
        "default": True, "check_protected": False,
    }  # fmt: skip
    fetched = {"datasets": [str(there["dataset"])], "projects": [], "user": "carol"}
    moved = {"exist": [str(there["file"])], "missing": []}
    return {
        "register-file": Endpoint(register),
        "new-download": Endpoint(fetched),
        "sync-file-status": Endpoint(moved),
    }


def _one(model: Any) -> str:
    """Return the key of the one record of a kind."""
    return str(model.objects.values_list("pk", flat=True)[0])
