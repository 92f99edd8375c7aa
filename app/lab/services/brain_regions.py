"""The atlas: loaded from a table of regions, any number of times; descriptions are the lab's."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import User
from lab import permissions
from lab.errors import AtlasUnreadable
from lab.models import BrainRegion
from lab.queries.regions import LARGEST, VOID

COLUMNS = ("id", "acronym", "name", "parent_structure_id")
BATCH = 500


@dataclass(frozen=True)
class Region:
    """One row of the table."""

    line: int
    id: int
    acronym: str
    name: str
    parent: int | None


@dataclass
class Loaded:
    """What a table brings, or would bring."""

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    elsewhere: int = 0  # here, and not in the table: they stay


@transaction.atomic
def describe(*, region: BrainRegion, by: User, text: str) -> BrainRegion:
    """Write what the lab knows of a region."""
    permissions.need_change(by, region)
    before, region.description = region.description, text
    if before != text:
        region.save(update_fields=["description"])
        told = {"description": [before, text]}
        audit.record(action="brain-region.changed", user=by, on=region, changes=told)
    return region


@transaction.atomic
def load(*, file: Path, ontology: str, by: User | None = None, dry_run: bool = False) -> Loaded:
    """Bring in the regions of a table in the form of the Allen structure tree.

    Regions are known by their ids; those that are not in the table stay, and so do descriptions.

    Raises
    ------
    AtlasUnreadable
        A line is not as it has to be; it is named, and nothing was kept.
    """
    there = {region.pk: region for region in BrainRegion.objects.select_for_update()}
    table = {key: _below_void(row, there) for key, row in read(file).items()}
    parents = {key: region.parent_id for key, region in there.items()}
    parents |= {row.id: row.parent for row in table.values()}
    _need_unique(table, there)
    paths = _paths(table, parents)
    loaded = Loaded(elsewhere=len(set(there) - set(table)))
    for row in table.values():
        _sort(loaded, row, there.get(row.id), ontology, paths[row.id])
    if not dry_run:
        _keep(loaded, table, there, ontology, paths)
        told = {"new": [None, len(loaded.new)], "changed": [None, len(loaded.changed)]}
        if loaded.new or loaded.changed:
            audit.record(action="brain-regions.loaded", user=by, changes=told, reason=file.name)
    return loaded


def read(file: Path) -> dict[int, Region]:
    """Return the rows of a table by their ids."""
    rows: dict[int, Region] = {}
    for row in _rows(file):
        if row.id in rows:
            raise AtlasUnreadable(
                f"Line {row.line}: the region {row.id} is on line {rows[row.id].line} already."
            )
        rows[row.id] = row
    if not rows:
        raise AtlasUnreadable("The table has no rows.")
    for row in rows.values():
        if row.parent == row.id:
            raise AtlasUnreadable(f"Line {row.line}: the region {row.id} is its own parent.")
    return rows


def _below_void(row: Region, there: Mapping[int, BrainRegion]) -> Region:
    """Return a root as it is: Alyx, from which regions may have come, has it below the void."""
    region = there.get(row.id)
    if row.parent is None and region and region.parent_id == VOID:
        return replace(row, parent=VOID)
    return row


def _rows(file: Path) -> Iterator[Region]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise AtlasUnreadable(f"The table has no column {', '.join(missing)}.")
            for row in reader:
                yield _region(reader.line_num, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AtlasUnreadable(f"{file} cannot be read: {error}.") from None


def _region(line: int, row: Mapping[str, str | None]) -> Region:
    given = {name: (row.get(name) or "").strip() for name in COLUMNS}
    for name, most in (("acronym", 64), ("name", 255)):
        if not 0 < len(given[name]) <= most:
            raise AtlasUnreadable(f"Line {line}: {name} has to have 1 to {most} characters.")
    parent = given["parent_structure_id"]
    return Region(
        line, _number(line, "id", given["id"]), given["acronym"], given["name"],
        _number(line, "parent_structure_id", parent) if parent else None,
    )  # fmt: skip


def _number(line: int, name: str, text: str) -> int:
    """Return an id; tables that went through a spreadsheet or pandas write 997 as 997.0."""
    plain = text.removesuffix(".0")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 10 and int(plain) <= LARGEST):  # noqa: PLR2004
        raise AtlasUnreadable(f"Line {line}: {name} is {text[:40]!r}, which is no region's number.")
    return int(plain)


def _need_unique(table: Mapping[int, Region], there: Mapping[int, BrainRegion]) -> None:
    """Refuse two regions of one acronym or name, in the table or beside it."""
    for name in ("acronym", "name"):
        seen = {getattr(region, name): f"the region {key}, which is here already"
                for key, region in there.items() if key not in table}  # fmt: skip
        for row in table.values():
            value = getattr(row, name)
            if value in seen:
                raise AtlasUnreadable(
                    f"Line {row.line}: the {name} {value!r} is that of {seen[value]}."
                )
            seen[value] = f"line {row.line}"


def _paths(table: Mapping[int, Region], parents: Mapping[int, int | None]) -> dict[int, str]:
    """Return the path of every region, here and in the table, and refuse circles and orphans."""
    paths: dict[int, str] = {}
    for key in parents:
        way = _way(key, table, parents, paths)
        for step in reversed(way):
            above = parents[step]
            paths[step] = f"{paths[above] if above is not None else '/'}{step}/"
    return paths


def _way(
    key: int,
    table: Mapping[int, Region],
    parents: Mapping[int, int | None],
    paths: Mapping[int, str],
) -> list[int]:
    """Return the regions from one upwards, as far as their paths are not known yet."""
    way: list[int] = []
    here: int | None = key
    while here is not None and here not in paths:
        if here not in parents:
            raise AtlasUnreadable(f"{_line(table, way)}: there is no region {here}, its parent.")
        if here in way:
            raise AtlasUnreadable(f"{_line(table, way)}: the region is above itself.")
        way.append(here)
        here = parents[here]
    return way


def _line(table: Mapping[int, Region], way: Iterable[int]) -> str:
    """Return the last line of the table on a way, which is the one to correct."""
    lines = [table[key].line for key in way if key in table]
    return f"Line {lines[-1]}" if lines else "The regions that are here"


def _sort(
    loaded: Loaded, row: Region, region: BrainRegion | None, ontology: str, path: str
) -> None:
    if region is None:
        loaded.new.append(row.id)
    elif _facts(row, ontology, path) == {
        name: getattr(region, name) for name in _facts(row, ontology, path)
    }:
        loaded.same.append(row.id)
    else:
        loaded.changed.append(row.id)


def _facts(row: Region, ontology: str, path: str) -> dict[str, Any]:
    return {"acronym": row.acronym, "name": row.name, "parent_id": row.parent,
            "ontology": ontology, "path": path}  # fmt: skip


def _keep(
    loaded: Loaded,
    table: Mapping[int, Region],
    there: dict[int, BrainRegion],
    ontology: str,
    paths: Mapping[int, str],
) -> None:
    """Write parents before children; regions beside the table follow their parents."""
    changed = [there[key] for key in loaded.changed]
    _step_aside(changed)
    new = [
        BrainRegion(id=key, **_facts(table[key], ontology, paths[key]))
        for key in sorted(loaded.new, key=lambda key: paths[key].count("/"))
    ]
    BrainRegion.objects.bulk_create(new, batch_size=BATCH)
    for region in changed:
        for name, value in _facts(table[region.pk], ontology, paths[region.pk]).items():
            setattr(region, name, value)
    moved = [there[key] for key in there if key not in table and there[key].path != paths[key]]
    for region in moved:
        region.path = paths[region.pk]
    names = ["acronym", "name", "parent", "ontology", "path"]
    BrainRegion.objects.bulk_update([*changed, *moved], names, batch_size=BATCH)


def _step_aside(changed: list[BrainRegion]) -> None:
    """Free the acronyms and names, since two regions may swap theirs."""
    for region in changed:
        region.acronym = region.name = f"~{region.pk}"
    BrainRegion.objects.bulk_update(changed, ["acronym", "name"], batch_size=BATCH)
