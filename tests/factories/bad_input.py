"""How what is sent to the addresses for ONE can be spoilt, and who sends it and asks."""

import json
from collections.abc import Iterator
from typing import Any

from tests.factories.sound_bodies import NOBODY

from accounts.models import AuditEntry

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
# Of the right kind, and yet no value for the field.
UNKNOWN = {
    str: json.dumps("nobody-such"),
    list: json.dumps(["nobody-such"]),
}
NAMING = {  # fields that name something else, or one of a few words, or a time
    "subject", "user", "users", "procedures", "location", "lab", "labs", "responsible_user",
    "projects", "qc", "session", "dataset_type", "data_format", "revision", "tags", "created_by",
    "repositories", "repository_type", "datasets", "dataset", "data_repository", "parents",
    "probe_insertion", "provenance", "trajectory_estimate", "field_of_view", "brain_region",
    "parent_session", "sex", "start_time", "end_time", "date_time", "datetime", "birth_date",
    "affected_date_start", "affected_date_end", "importance", "status", "content_type",
    "object_id", "model", "water_type", "timezone", "exist", "missing", "path", "outcome_type",
    "globus_endpoint_id",
}  # fmt: skip
LONG = "x" * 5000
IMPOSSIBLE: dict[str, list[tuple[str, Any]]] = {
    "register-file": [
        ("filesizes", [1, 2]), ("versions", ["1", "2"]), ("filesizes", [-1]), ("filesizes", [1.5]),
        ("hashes", ["a", "b"]),
        ("hashes", [LONG]), ("versions", [LONG]), ("filenames", []), ("filenames", [""]),
        ("filenames", ["../a.b.npy"]), ("filenames", ["a.b.npy", "a.b.npy"]), ("name", "nowhere"),
        ("path", "../KS001/2026-03-02/7"), ("qc", "nope"),
    ],
    "weighings": [
        ("weight", 9999), ("weight", -1), ("date_time", "2090-01-01T00:00:00"),
        ("date_time", "2020-01-01T00:00:00"),
    ],
    "water-administrations": [("water_administered", -1), ("date_time", "2090-01-01T00:00:00")],
    "sessions": [
        ("end_time", "2026-03-05T09:00:00"), ("start_time", "2025-01-01T10:00:00"),
        ("number", -1), ("n_trials", -1), ("number", 1000), ("n_trials", 1),
    ],
    "subjects": [
        ("nickname", "KS001"), ("nickname", "../x"), ("nickname", ""), ("birth_date", "2090-01-01"),
    ],
    "surgeries": [("implant_weight", -1), ("end_time", "2026-03-05T09:00:00")],
    "projects": [("name", ""), ("name", LONG)],
    "datasets": [("file_size", -1), ("collection", "../x"), ("name", "../x"), ("name", "a/b.npy")],
    "files": [("relative_path", "../../x"), ("relative_path", "/etc/passwd")],
    "data-repository": [("name", "share"), ("data_url", "javascript:alert(1)")],
    "data-notices": [("affected_date_end", "2025-01-01")],
    "data-formats": [("name", "npy")],
    "revisions": [("name", "a/b"), ("name", "2026-04-01")],
    "tags": [("name", "paper"), ("name", LONG)],
    "tasks": [("level", -1), ("time_out_secs", -1), ("name", LONG)],
    "fov-location": [("x", [1.0])],
}  # fmt: skip
PLACES = ["nope", NOBODY, "..", "%2e%2e", "a" * 3000, "9" * 40, "☃", "%00", "%ff"]


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


def spoilt(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a field, and the body as JSON in which this field cannot be accepted.

    What no field can hold is looked for before fields are: one field stands for all.
    """
    for number, (name, value) in enumerate(body.items()):
        kind = [] if name in FREE else INSTEAD.get(type(value), [])
        for raw in [*(NEVER if number == 0 else []), *kind]:
            yield name, _with(body, name, raw)


def impossible(name: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a field, and the body with a value that only a look at what it means refuses."""
    for field, value in body.items():
        if field in NAMING:
            yield field, _with(body, field, UNKNOWN[type(value)])
    for field, value in IMPOSSIBLE.get(name, []):
        yield field, _with(body, field, json.dumps(value))


def spoilt_alone(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each field, and JSON that holds nothing but what it cannot accept."""
    for name, value in body.items():
        if name not in FREE and type(value) in INSTEAD:
            yield name, _with({}, name, INSTEAD[type(value)][0])


def _with(body: dict[str, Any], name: str, raw: str) -> str:
    rest = {key: each for key, each in body.items() if key != name}
    comma = ", " if rest else ""
    return f"{json.dumps(rest)[:-1]}{comma}{json.dumps(name)}: {raw}}}"
