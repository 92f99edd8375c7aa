"""A file of Alyx's `dumpdata`, as it is read: rows by kind, and which object an id belongs to."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import DumpUnreadable

Fields = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One record of the dump."""

    kind: str  # "subjects.subject"
    key: str
    fields: Fields

    def __str__(self) -> str:
        named = self.fields.get("nickname") or self.fields.get("name") or self.key
        return f"{self.kind} {named}"


@dataclass(frozen=True)
class Dump:
    """All records of a dump."""

    rows: dict[str, list[Row]]
    owners: dict[str, str] = field(default_factory=dict)  # id of an object: its kind

    @property
    def counts(self) -> Counter[str]:
        return Counter({kind: len(rows) for kind, rows in self.rows.items()})

    def of(self, kind: str) -> list[Row]:
        return self.rows.get(kind, [])


def read(file: Path) -> Dump:
    """Read a dump.

    Raises
    ------
    DumpUnreadable
        It cannot be opened, is no JSON, or is no list of records.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DumpUnreadable(f"{file} cannot be read: {error}.") from None
    except json.JSONDecodeError as error:
        raise DumpUnreadable(f"{file}, line {error.lineno}: {error.msg}.") from None
    if not isinstance(content, list):
        raise DumpUnreadable(f"{file} holds no list of records.")
    rows = defaultdict(list)
    for number, each in enumerate(content, start=1):
        row = _row(each, number, file)
        rows[row.kind].append(row)
    owners = {row.key: kind for kind, found in rows.items() for row in found}
    return Dump(dict(rows), owners)


def _row(each: Any, number: int, file: Path) -> Row:
    if not isinstance(each, dict) or not {"model", "pk", "fields"} <= set(each):
        raise DumpUnreadable(f"{file}, record {number}: it has no model, pk and fields.")
    return Row(str(each["model"]).lower(), str(each["pk"]), dict(each["fields"]))
