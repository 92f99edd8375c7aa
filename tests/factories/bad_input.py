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


def spoilt_alone(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each field, and JSON that holds nothing but what it cannot accept."""
    for name, value in body.items():
        if name not in FREE and type(value) in INSTEAD:
            yield name, _with({}, name, INSTEAD[type(value)][0])


def _with(body: dict[str, Any], name: str, raw: str) -> str:
    rest = {key: each for key, each in body.items() if key != name}
    comma = ", " if rest else ""
    return f"{json.dumps(rest)[:-1]}{comma}{json.dumps(name)}: {raw}}}"
