"""One person's tables, put together of parts and kept under a name made of their content."""

import json
import os
import shutil
import tempfile
import zipfile
from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.utils.timezone import now

from accounts.models import Lab, User
from accounts.roles import Role, is_operator
from lab.models import Dataset, ProjectProfile, Session, Tag
from lab.services.tables.parts import (
    Key,
    Part,
    alone,
    dashed,
    digest_of,
    ordered,
    read,
    refresh,
    text_of,
)
from lab.services.tables.shape import (
    DATASET_INDEX,
    DATASETS,
    LEAST_CLIENT,
    SESSION_INDEX,
    SESSIONS,
    described,
)

GROUP = 64 * 1024  # rows that are held, and written, at a time
KEPT = 20  # people's tables on the disk; others are put together again when they are asked for
# ONE takes tables for new when they are at least so much younger than its own.
STEP = timedelta(minutes=1)
LARGEST_NUMBER = 2**16 - 1


@dataclass(frozen=True)
class Tables:
    """Tables that were put together: their file, and what is said of them."""

    key: str
    path: Path
    told: dict[str, Any]
    made_at: datetime

    @property
    def etag(self) -> str:
        return f'"{self.key}-{self.made_at:%Y%m%d%H%M}"'


@dataclass(frozen=True)
class _View:
    """What one person may find in the tables."""

    sessions: pa.Table
    parts: dict[Key, Part]
    datasets: frozenset[str] | None  # None: all of the sessions'
    facts: dict[str, Any]

    @property
    def key(self) -> str:
        eids = set(self.sessions["id"].to_pylist())
        marks = sorted(
            (lab, eid, mark)
            for (lab, _digit), part in self.parts.items()
            for eid, mark in part.marks.items() if eid in eids
        )  # fmt: skip
        chosen = None if self.datasets is None else sorted(self.datasets)
        rows = self.sessions.to_pydict().values()
        return digest_of([self.facts, *map(list, rows), marks, chosen])


def tables_of(person: User, *, tag: Tag | None = None) -> Tables:
    """Return the tables of what ``person`` sees, as it is now; of a tag's datasets if one is named.

    Who sees the same gets the same file.
    """
    view = _view(person, tag)
    key = view.key
    with alone("made") as folder:
        last = _Last(folder / "people" / f"{person.pk}-{tag.pk if tag else 'all'}.json")
        found = _find(folder, key)
        if found is None or not last.fits(found):
            found = _make(folder, view, key, last.next())
            _prune(folder, found)
        last.keep(found)
        found.path.touch()
        return found


def _view(person: User, tag: Tag | None) -> _View:
    labs = _labs(person)
    origin = f"{settings.SITE_URL}/{settings.ONE_PREFIX}"
    facts: dict[str, Any] = {"origin": origin, "min_api_version": LEAST_CLIENT}
    if tag is None:
        return _View(_sessions(person, None), refresh(labs), None, facts)
    tagged = Dataset.objects.visible_to(person).filter(tags=tag).exclude(session=None)
    links = tagged.order_by().values_list("session_id", "pk")
    pairs = [(str(session), str(dataset)) for session, dataset in links]
    return _View(
        _sessions(person, {session for session, _ in pairs}),
        refresh(labs),
        frozenset(dataset for _, dataset in pairs),
        facts | {"database_tags": [tag.name]},
    )


def _labs(person: User) -> list[int]:
    seen = Lab.objects.all() if is_operator(person) else Lab.objects.with_role(person, Role.VIEWER)
    return list(seen.order_by("pk").values_list("pk", flat=True))


def _sessions(person: User, wanted: set[str] | None) -> pa.Table:
    """Read the sessions that the person sees; this is what decides on their datasets as well."""
    rows = Session.objects.visible_to(person).order_by("pk").values_list(
        text_of("pk"), "lab__profile__path_name", "subject__nickname", "day", "number",
        "task_protocol",
    )  # fmt: skip
    found = [(dashed(row[0]), *row[1:]) for row in rows]
    if wanted is not None:
        found = [row for row in found if row[0] in wanted]
    if not found:
        return SESSIONS.empty_table()
    names = _projects()
    ids, labs, subjects, days, numbers, protocols = zip(*found, strict=True)
    columns = [
        ids, labs, subjects, days,
        [min(each or 0, LARGEST_NUMBER) for each in numbers], protocols,
        [",".join(names.get(each, ())) for each in ids],
    ]  # fmt: skip
    return pa.table(columns, schema=SESSIONS).sort_by("id")


def _projects() -> Mapping[str, list[str]]:
    """Return the names of each session's projects."""
    names = dict(ProjectProfile.objects.values_list("project_id", "path_name"))
    links = Session.projects.through.objects.values_list(text_of("session_id"), "project_id")
    found: dict[str, list[str]] = defaultdict(list)
    for session, project in links:
        insort(found[dashed(session)], names.get(project, ""))
    return found


@dataclass(frozen=True)
class _Last:
    """What one person was given last: later tables have to look later to ONE."""

    path: Path

    def _read(self) -> tuple[str, datetime] | None:
        try:
            key, made_at = json.loads(self.path.read_text())
            return key, datetime.fromisoformat(made_at)
        except (OSError, ValueError):
            return None

    def fits(self, tables: Tables) -> bool:
        before = self._read()
        if before is None or before[0] == tables.key:
            return True
        return tables.made_at >= before[1] + STEP

    def next(self) -> datetime:
        minute = now().replace(second=0, microsecond=0)
        before = self._read()
        return minute if before is None else max(minute, before[1] + STEP)

    def keep(self, tables: Tables) -> None:
        if self._read() != (tables.key, tables.made_at):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self.path, json.dumps([tables.key, tables.made_at.isoformat()]))


def _find(folder: Path, key: str) -> Tables | None:
    path = folder / "made" / f"{key}.zip"
    try:
        told = json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return None
    made_at = datetime.fromisoformat(f"{told['date_created']}+00:00")
    return Tables(key, path, told, made_at) if path.exists() else None


def _make(folder: Path, view: _View, key: str, made_at: datetime) -> Tables:
    """Write both tables, pack them, and only then let them be found."""
    path = folder / "made" / f"{key}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"date_created": f"{made_at:%Y-%m-%d %H:%M}", **view.facts}
    with tempfile.TemporaryDirectory(dir=folder) as box:
        files = {name: Path(box, f"{name}.pqt") for name in ("sessions", "datasets")}
        numbers = {
            "sessions": _write_sessions(files["sessions"], view, facts),
            "datasets": _write_datasets(files["datasets"], view, facts),
        }
        sizes = {
            name: {"nrecs": numbers[name], "size": file.stat().st_size}
            for name, file in files.items()
        }
        told = {**facts, "tables": sizes}
        packed = _packed(Path(box, "cache.zip"), list(files.values()), told)
        path.unlink(missing_ok=True)  # an older one of the same content
        _replace(path.with_suffix(".json"), json.dumps(told))
        os.replace(packed, path)  # noqa: PTH105  the atomic one
    return Tables(key, path, told, made_at)


def _write_sessions(path: Path, view: _View, facts: dict[str, Any]) -> int:
    schema = described(SESSIONS, SESSION_INDEX, facts)
    pq.write_table(view.sessions.replace_schema_metadata(schema.metadata), path, **_HOW)
    return int(view.sessions.num_rows)


def _write_datasets(path: Path, view: _View, facts: dict[str, Any]) -> int:
    """Write the datasets in groups of rows, ordered over all of them."""
    schema, total = described(DATASETS, DATASET_INDEX, facts), 0
    with pq.ParquetWriter(path, schema, **_HOW) as writer:
        for table in _groups(_visible(view)):
            total += table.num_rows
            writer.write_table(table.replace_schema_metadata(schema.metadata))
        if not total:
            writer.write_table(schema.empty_table())
    return total


# Ids and hashes are all different: a dictionary of them would only be built in vain.
_HOW: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "use_dictionary": ["eid", "rel_path", "qc", "lab", "subject", "task_protocol", "projects"],
    "write_statistics": False,
}


def _visible(view: _View) -> Iterator[pa.Table]:
    """Yield what the person sees, one first digit of the sessions' ids after the other."""
    eids = pc.unique(view.sessions["id"])
    chosen = None if view.datasets is None else pa.array(sorted(view.datasets), pa.string())
    for digit in sorted({digit for _lab, digit in view.parts}):
        parts = [part for (_, each), part in view.parts.items() if each == digit]
        tables = [read(part.path) for part in parts]
        found = pa.concat_tables([table.filter(pc.is_in(table["eid"], eids)) for table in tables])
        if chosen is not None:
            found = found.filter(pc.is_in(found["id"], chosen))
        yield ordered(found) if len(parts) > 1 else found


def _groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield few large tables instead of many small ones."""
    held = DATASETS.empty_table()
    for table in tables:
        held = pa.concat_tables([held, table])
        while held.num_rows >= GROUP:
            yield held.slice(0, GROUP)
            held = held.slice(GROUP)
    if held.num_rows:
        yield held


def _packed(path: Path, files: list[Path], told: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as box:  # the tables are packed already
        for file in files:
            box.write(file, file.name)
        box.writestr("cache_info.json", json.dumps(told))
    return path


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)  # noqa: PTH105  the atomic one


def _prune(folder: Path, newest: Tables) -> None:
    """Keep the tables that were asked for last; leave nothing of an interrupted build."""
    made = sorted((folder / "made").glob("*.zip"), key=lambda each: each.stat().st_mtime)
    for path in made[:-KEPT]:
        if path != newest.path:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
    for left in folder.glob("tmp*"):
        shutil.rmtree(left, ignore_errors=True)
