"""The parts of the tables: what each lab has, kept in files, and read anew only where it changed.

Each session has a *mark*, made by the database of how many datasets it has and when each was
changed. A part's file holds the rows and the marks that they were read at, so that one look at
the marks of today says which sessions to read again; it is there whole or not at all, and an
interrupted build is simply continued by the next one.
"""

import fcntl
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection
from django.db.models import CharField
from django.db.models.functions import Cast

from lab.models import Dataset, Revision
from lab.services.tables.shape import CODES, DATASETS, qualities

DIGITS = "0123456789abcdef"
AT_ONCE = 400  # sessions whose datasets are read by one statement
FORM = "1"  # of a part's file; another number lets every part be made anew
MARKS = {
    "postgresql": """session_id::text, count(*)
        || ':' || sum((extract(epoch FROM changed_at) * 1000000)::bigint)
        || ':' || sum(is_online::int) || ':' || sum(is_default::int)""",
    "sqlite": """session_id, count(*) || ':' || max(changed_at) || ':'
        || CAST(sum(substr(changed_at, 12, 2) * 3600 + substr(changed_at, 15, 2) * 60
                    + substr(changed_at, 18)) AS TEXT)
        || ':' || sum(is_online) || ':' || sum(is_default)""",
}

Marks = dict[str, str]  # a session's id, and what its datasets are recognised by
Key = tuple[int, str]  # a lab and the first digit of the sessions' ids


@dataclass(frozen=True)
class Part:
    """Some datasets of one lab, in the order of their sessions."""

    path: Path
    marks: Marks


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """Let one process at a time write below the folder; a killed one lets go by itself."""
    folder = Path(settings.CACHE_TABLES)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def refresh(labs: Sequence[int]) -> dict[Key, Part]:
    """Bring the parts of these labs up to date, and return them."""
    with alone("parts") as folder:
        today = marks(labs)
        names = dict(Revision.objects.values_list("pk", "name"))
        kept = {key: _Kept.read(path) for key, path in _files(folder, labs)}
        for key in kept.keys() | today.keys():
            path = folder / "parts" / str(key[0]) / f"{key[1]}.arrow"
            _settle(path, key[0], kept.get(key), today.get(key, {}), names)
        return {
            key: Part(folder / "parts" / str(key[0]) / f"{key[1]}.arrow", found)
            for key, found in today.items()
        }


def marks(labs: Sequence[int]) -> dict[Key, Marks]:
    """Ask the database what each session's datasets are recognised by today."""
    if not labs:
        return {}
    table = Dataset._meta.db_table  # noqa: SLF001
    places = ", ".join(["%s"] * len(labs))
    found: dict[Key, Marks] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT lab_id, {MARKS[connection.vendor]} FROM {table}
                WHERE session_id IS NOT NULL AND lab_id IN ({places})
                GROUP BY lab_id, session_id""",  # noqa: S608  nothing of it comes from outside
            list(labs),
        )
        for lab, session, mark in cursor.fetchall():
            found[lab, session[0]][dashed(session)] = mark
    return found


def dashed(key: str) -> str:
    """Return an id as ONE writes it; making `UUID` objects of many takes longer than asking."""
    if "-" in key:
        return key
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


def text_of(name: str) -> Cast:
    return Cast(name, CharField(max_length=36))


def _files(folder: Path, labs: Iterable[int]) -> Iterator[tuple[Key, Path]]:
    for lab in labs:
        for path in sorted((folder / "parts" / str(lab)).glob("?.arrow")):
            yield (lab, path.stem), path


@dataclass(frozen=True)
class _Kept:
    """What a part's file says about itself."""

    marks: Marks
    revisions: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "_Kept":
        try:
            with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
                told = file.schema.metadata or {}
            if told.get(b"form") == FORM.encode():
                return cls(json.loads(told[b"marks"]), json.loads(told[b"revisions"]))
        except (OSError, pa.ArrowInvalid, KeyError, ValueError):
            path.unlink(missing_ok=True)  # damaged: it is made anew
        return cls({}, {})

    def fits(self, names: Mapping[UUID, str]) -> bool:
        """Say whether every revision that it speaks of is still called so."""
        return all(names.get(UUID(key)) == name for key, name in self.revisions.items())


def _settle(
    path: Path, lab: int, kept: _Kept | None, today: Marks, names: Mapping[UUID, str]
) -> None:
    """Make the part what it is today; nothing is written when that is what it was."""
    old = kept if kept and kept.marks and kept.fits(names) else _Kept({}, {})
    changed = [eid for eid, mark in today.items() if old.marks.get(eid) != mark]
    if not today:
        path.unlink(missing_ok=True)
    elif changed or old.marks.keys() - today.keys():
        stay = [eid for eid in old.marks if today.get(eid) == old.marks[eid]]
        fresh, used = _rows(lab, changed, names)
        table = pa.concat_tables([_staying(path, stay), fresh]) if stay else fresh
        _write(path, ordered(table), today, {**old.revisions, **used})


def _staying(path: Path, eids: list[str]) -> pa.Table:
    table = read(path)
    return table.filter(pc.is_in(table["eid"], pa.array(eids, pa.string())))


def read(path: Path) -> pa.Table:
    """Return the rows of a part; of one that went meanwhile there are none."""
    try:
        with pa.OSFile(str(path)) as source:
            return pa.ipc.open_file(source).read_all().replace_schema_metadata(None)
    except FileNotFoundError:
        return DATASETS.empty_table()


def ordered(table: pa.Table) -> pa.Table:
    return table.sort_by([("eid", "ascending"), ("id", "ascending")])


def _rows(
    lab: int, eids: Sequence[str], names: Mapping[UUID, str]
) -> tuple[pa.Table, dict[str, str]]:
    """Read the datasets of these sessions, some sessions at a time."""
    tables, used = [DATASETS.empty_table()], set()
    for start in range(0, len(eids), AT_ONCE):
        rows = _read(lab, eids[start : start + AT_ONCE])
        used |= {row[4] for row in rows}
        tables.append(_table(rows, names))
    return pa.concat_tables(tables), {str(key): names[key] for key in used - {None}}


def _read(lab: int, eids: Sequence[str]) -> list[tuple[Any, ...]]:
    keys = [UUID(eid) for eid in eids]
    wanted = Dataset.objects.filter(lab=lab, session__in=keys).order_by()
    return list(
        wanted.values_list(
            text_of("session_id"), text_of("id"), "collection", "name", "revision_id",
            "file_size", "hash", "is_default", "qc", "is_online",
        )
    )  # fmt: skip


def _table(rows: Sequence[tuple[Any, ...]], names: Mapping[UUID, str]) -> pa.Table:
    if not rows:
        return DATASETS.empty_table()
    eid, key, collection, name, revision, size, digest, default, qc, online = zip(
        *rows, strict=True
    )
    folders = [f"#{names[each]}#" if each else "" for each in revision]
    parts = zip(collection, folders, name, strict=True)
    return pa.table(
        [
            [dashed(each) for each in eid], [dashed(each) for each in key],
            ["/".join(filter(None, each)) for each in parts],
            pa.array(size, pa.uint64()), digest, default,
            qualities([CODES[each] for each in qc]), online,
        ],
        schema=DATASETS,
    )  # fmt: skip


def _write(path: Path, table: pa.Table, today: Marks, revisions: Mapping[str, str]) -> None:
    told = {"form": FORM, "marks": json.dumps(today), "revisions": json.dumps(revisions)}
    table = table.replace_schema_metadata(told)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(new), "wb") as sink,
        pa.ipc.new_file(sink, table.schema, options=options) as out,
    ):
        out.write_table(table)
    os.replace(new, path)  # noqa: PTH105  the atomic one


def digest_of(parts: Iterable[Any]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(repr(part).encode())
    return found.hexdigest()[:32]
