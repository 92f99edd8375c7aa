"""What every address for ONE can be asked and sent: sound bodies, and how each can be spoilt."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.factories import lab as make
from tests.factories import notes as noted
from tests.factories import recordings

from accounts.models import AuditEntry
from lab import models, recording
from lab.one.urls import router

NOBODY = "00000000-0000-4000-8000-000000000000"
FREE = {"json", "extended_qc", "arguments"}  # anything that JSON holds fits

# Values that fit no field of the kind; raw JSON, as Python itself would not write some of them.
NEVER = ['"\\u0000"', '"\\ud800"', "1e400", "NaN", "[" * 60 + "]" * 60]
INSTEAD: dict[type, list[str]] = {
    str: ['{"a": 1}', "[[1]]"],
    int: ['"many"', "[1]", "10000000000000000000000", '"²"'],
    float: ['"many"', '{"a": 1}', '"nan"', "1" + "0" * 400],
    bool: ['"perhaps"', "[1]"],
    list: ['{"a": 1}', "[{}]", '["\\u0000"]'],
}
WHOLE = ["", "{", "[]", "[1]", "5", "null", '"text"', "[" * 100_000, "{}x", '{"a": 1e400}',
         '{"\\u0000": 1}', '{"\\ud800": 1}']  # fmt: skip
ASKED = ["", "nope", "²", "99999999999999999999999", "1e400", "None", "[", "☃" * 3000]
DAYS = ["2026-13-45", "2026-02-30,2026-03-01", "0001-01-01,0001-01-02", "9999-12-31,9999-12-31"]
PHRASES = [
    "id", "id,", "id,nope", "id__in,7", "id__in,[nope]", "id__gte,None", "~", "~,", ",,,", "[",
    "(((1)",
    "nonsense,1", "id__nonsense,1", "pk__in,[[1],[2]]", "id__isnull,nope", "id__range,[1,2]",
    "users__password__startswith,pbkdf2", "user__password__startswith,p", "lab__members__email,x",
    "json__a__contains,x", "json__a__in,5", "json__a__isnull,maybe", "json__a__gt,None",
    "json__a__gte,1e400", "json__a__gte,nan", "json__a__lt,[1]", "json__'a,1",
    "json__a__icontains,[1]",
    "__import__('os'),1", "id," * 3000,
]  # fmt: skip
INSIDE = ["a", "a__,1", "__,1", "a__contains,x", "a__in,5", "a__isnull,maybe", "a__gt,None",
          "a__gte,1e400", "a__regex,(a+)+$", "a'b,1", "a__b__c__in,[", "a__lt,[1]"]  # fmt: skip
PLACES = ["nope", NOBODY, "..", "%2e%2e", "a" * 3000, "9" * 40, "☃", "%00", "%ff"]


@dataclass(frozen=True)
class Endpoint:
    """One address: a sound body, and an existing record's place."""

    body: dict[str, Any] | None = None
    place: str = ""
    extra: dict[str, str] = field(default_factory=dict)


def endpoints(animal: Any, alice: Any) -> dict[str, Endpoint]:
    """Make one record of each kind; return how each address is spoken to."""
    session = make.session(animal, alice, number=7)
    there = make.dataset(session) | noted.beside(session, alice)
    there |= recordings.one_of_each(make.session(animal, alice, number=8), alice)
    water, sort = make.water(animal, alice), make.water_type()
    make.location(animal.lab)
    key, data = str(session.pk), str(there["dataset"])
    with recording.by(None):
        probe = models.ProbeInsertion.objects.first()
        track = models.TrajectoryEstimate.objects.first()
        plane = models.FieldOfView.objects.first()
    action = {
        "subject": "KS001", "users": ["alice"], "procedures": ["Behaviour training"],
        "start_time": "2026-03-05T10:00:00", "end_time": "2026-03-05T11:00:00", "narrative": "x",
        "location": "Rig 1", "lab": "alder", "json": {},
    }  # fmt: skip
    return {
        "users": Endpoint(place="alice"),
        "labs": Endpoint(
            {
                "name": "alder",
                "institution": "UCL",
                "timezone": "UTC",
                "json": {},
                "reference_weight_pct": 0.8,
                "repositories": ["share"],
            },
            "alder",
        ),
        "projects": Endpoint({"name": "Maze", "description": "x", "users": ["alice"], "json": {}}),
        "locations": Endpoint({"name": "Rig 1", "lab": "alder", "json": {}}, "Rig 1"),
        "subjects": Endpoint(
            {
                "nickname": "KS050",
                "lab": "alder",
                "birth_date": "2026-01-01",
                "sex": "M",
                "responsible_user": "alice",
                "projects": [],
                "description": "x",
                "json": {},
            },
            "KS001",
        ),
        "sessions": Endpoint(
            action
            | {
                "number": 3,
                "task_protocol": "x",
                "type": "y",
                "n_trials": 5,
                "n_correct_trials": 3,
                "projects": [],
                "qc": "PASS",
                "extended_qc": {},
                "parent_session": key,
            },
            key,
        ),
        "weighings": Endpoint(
            {
                "subject": "KS001",
                "weight": 23.5,
                "user": "alice",
                "date_time": "2026-03-05T10:00:00",
            }
        ),
        "water-administrations": Endpoint(
            {
                "subject": "KS001",
                "water_administered": 0.5,
                "water_type": sort.name,
                "adlib": False,
                "session": key,
                "user": "alice",
                "date_time": "2026-03-02T10:00:00",
            },
            str(water.pk),
        ),
        "water-restriction": Endpoint(place=str(make.restriction(animal).pk)),
        "water-type": Endpoint({"name": "Milk", "json": {}}, sort.name),
        "dataset-types": Endpoint(
            {
                "name": "a.b",
                "description": "x",
                "filename_pattern": "*a.b*",
                "created_by": "alice",
                "json": {},
            },
            there["dataset_type"],
        ),
        "data-formats": Endpoint(
            {"name": "zzz", "description": "x", "file_extension": ".zzz", "json": {}},
            there["format"],
        ),
        "data-repository-type": Endpoint({"name": "Shelf", "json": {}}, there["repository_type"]),
        "data-repository": Endpoint(
            {
                "name": "nas",
                "hostname": "x",
                "data_url": "https://x.example/",
                "timezone": "UTC",
                "globus_is_personal": False,
                "repository_type": "Fileserver",
                "json": {},
                "globus_endpoint_id": NOBODY,
            },
            there["repository"],
        ),
        "revisions": Endpoint(
            {"name": "2026-05-05", "description": "x", "json": {}}, there["revision"]
        ),
        "tags": Endpoint(
            {
                "name": "second",
                "description": "x",
                "protected": False,
                "public": False,
                "datasets": [data],
                "json": {},
            },
            there["tag"],
        ),
        "datasets": Endpoint(
            {
                "name": "b.c.npy",
                "created_by": "alice",
                "dataset_type": "wheel.position",
                "data_format": "npy",
                "collection": "alf",
                "session": key,
                "file_size": 5,
                "hash": "ab",
                "version": "1",
                "revision": "2026-04-01",
                "default_dataset": False,
                "tags": [],
                "qc": "PASS",
                "json": {},
            },
            data,
        ),
        "files": Endpoint(
            {
                "dataset": data,
                "data_repository": "share",
                "exists": True,
                "relative_path": "b/c.npy",
                "json": {},
            },
            str(there["file"]),
        ),
        "insertions": Endpoint(
            {
                "session": key,
                "name": "probe07",
                "serial": "1",
                "model": "3B2",
                "datasets": [data],
                "json": {},
            },
            str(probe.pk),
        ),
        "chronic-insertions": Endpoint(
            {
                "subject": "KS001",
                "name": "x",
                "serial": "7",
                "lab": "alder",
                "json": {},
                "start_time": "2026-03-05T10:00:00",
                "model": "3B2",
            },
            str(models.ChronicInsertion.objects.first().pk),
        ),
        "trajectories": Endpoint(
            {
                "probe_insertion": str(probe.pk),
                "provenance": "Planned",
                "x": 1.0,
                "y": 1.0,
                "z": 1.0,
                "depth": 1.0,
                "theta": 1.0,
                "phi": 1.0,
                "roll": 1.0,
                "json": {},
            },
            str(track.pk),
        ),
        "channels": Endpoint(
            {
                "trajectory_estimate": str(track.pk),
                "axial": 7.0,
                "lateral": 7.0,
                "x": 1.0,
                "y": 1.0,
                "z": 1.0,
                "name": "x",
                "json": {},
            },
            str(models.Channel.objects.first().pk),
        ),
        "fields-of-view": Endpoint(
            {"session": key, "name": "FOV_07", "datasets": [data], "json": {}}, str(plane.pk)
        ),
        "fov-location": Endpoint(
            {
                "field_of_view": str(plane.pk),
                "provenance": "L",
                "default_provenance": False,
                "x": [0.0, 1.0],
                "y": [0.0, 1.0],
                "z": [0.0, 1.0],
                "brain_region": [],
            },
            str(models.FieldOfViewLocation.objects.first().pk),
        ),
        "imaging-stack": Endpoint({"name": "stack07", "json": {}}),
        "brain-regions": Endpoint(place="385"),
        "notes": Endpoint(
            {
                "user": "alice",
                "content_type": "session",
                "object_id": key,
                "text": "x",
                "date_time": "2026-03-05T10:00:00",
                "json": {},
            },
            str(there["note"]),
        ),
        "procedures": Endpoint(
            {"name": "Novel", "description": "x", "json": {}}, there["procedure"]
        ),
        "surgeries": Endpoint(
            action | {"outcome_type": "r", "implant_weight": 1.5, "name": "x"},
            str(there["surgery"]),
        ),
        "tasks": Endpoint(
            {
                "name": "Sort",
                "executable": "a.b",
                "graph": "Base",
                "session": key,
                "level": 1,
                "status": "Waiting",
                "priority": 1,
                "cpu": 1,
                "gpu": 1,
                "ram": 1,
                "io_charge": 1,
                "time_out_secs": 1,
                "time_elapsed_secs": 1.5,
                "log": "x",
                "version": "1",
                "parents": [],
                "arguments": {},
                "data_repository": "share",
                "json": {},
                "datetime": "2026-03-05T10:00:00",
            },
            str(there["task"]),
        ),
        "downloads": Endpoint(place=str(there["download"])),
        "data-notices": Endpoint(
            {
                "name": "Noise",
                "description": "x",
                "importance": "high",
                "datasets": [data],
                "version_affected": "1",
                "affected_date_start": "2026-01-01",
                "affected_date_end": "2026-02-01",
                "created_by": "alice",
                "json": {},
            },
            str(there["notice"]),
        ),
        "register-file": Endpoint(
            {
                "path": f"KS001/{session.day}/7",
                "filenames": ["alf/wheel.position.npy"],
                "filesizes": [5],
                "hashes": ["ab"],
                "versions": ["1"],
                "created_by": "alice",
                "name": "share",
                "labs": ["alder"],
                "server_only": False,
                "exists": True,
                "default": True,
                "check_protected": False,
            }
        ),
        "new-download": Endpoint({"datasets": [data], "projects": [], "user": "carol"}),
        "sync-file-status": Endpoint({"exist": [str(there["file"])], "missing": []}),
        "auth-token": Endpoint({"username": "alice", "password": "x"}),
    }


OTHERS = {"register-file", "new-download", "sync-file-status", "auth-token"}
NAMES = sorted({prefix for prefix, _, _ in router.registry} | OTHERS)


class Speaker:
    """Asks and sends as a program does, and writes down what is not refused as it should be."""

    def __init__(self, program: Any, name: str) -> None:
        self.client, self.name = program.client, name
        self.wrong: list[str] = []

    def send(self, method: str, path: str, raw: str, *, named: str = "") -> None:
        before = AuditEntry.objects.count()
        answer = self.client.generic(
            method, f"/alyx/{path}", raw.encode("utf-8", "surrogatepass"),
            content_type="application/json",
        )  # fmt: skip
        self._judge(answer, f"{method} {path[:40]} {named} {raw[:90]}", named)
        if AuditEntry.objects.count() != before:
            self.wrong.append(f"{method} {path[:40]} {raw[:90]}: something was written")

    def ask(self, path: str, named: str = "", **query: str) -> None:
        answer = self.client.get(f"/alyx/{path}", query)
        self._judge(answer, f"GET {path[:60]} {str(query)[:110]}", named, may_succeed=True)

    def _judge(self, answer: Any, what: str, named: str, *, may_succeed: bool = False) -> None:
        code = answer.status_code
        content = b"" if answer.streaming else answer.content
        if may_succeed and code == 200:
            return
        if not 400 <= code < 500:
            self.wrong.append(f"{what}: {code} {content[:160]!r}")
        elif code == 400 and named and named not in json.loads(content):
            self.wrong.append(f"{what}: does not name {named}: {content[:200]!r}")


def spoilt(body: dict[str, Any]) -> Any:
    """Yield a field, and the body as JSON in which this field cannot be accepted.

    What no field can hold is looked for before fields are: one field stands for all.
    """
    for number, (name, value) in enumerate(body.items()):
        kind = [] if name in FREE else INSTEAD.get(type(value), [])
        for raw in [*(NEVER if number == 0 else []), *kind]:
            yield name, _with(body, name, raw)


def _with(body: dict[str, Any], name: str, raw: str) -> str:
    rest = {key: each for key, each in body.items() if key != name}
    comma = ", " if rest else ""
    return f"{json.dumps(rest)[:-1]}{comma}{json.dumps(name)}: {raw}}}"
