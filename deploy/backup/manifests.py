"""What a backup set says about itself, so that everything in it can be checked without a key.

What would betray contents (names of uploads, sums over rows) stands in the sealed `contents.json`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backup.errors import Damaged
from backup.files import Digest

NAME = "manifest.json"
CONTENTS = "contents.json"
FORM = 1
STAMP = "%Y%m%dT%H%M%SZ"
ID = re.compile(r"\d{8}T\d{6}Z")
FILE = re.compile(r"[a-z]+\.[a-z]+(\.age)?")
OBJECT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """The facts of one set; `of` has checked their form."""

    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.facts["id"])

    @property
    def made(self) -> datetime:
        return made(self.id)

    @property
    def site(self) -> str:
        return str(self.facts["site"])

    @property
    def commit(self) -> str:
        return str(self.facts["commit"])

    @property
    def recipient(self) -> str:
        return str(self.facts["recipient"])

    @property
    def tables(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {name: int(rows) for name, rows in self.facts["tables"].items()}

    @property
    def files(self) -> dict[str, Digest]:
        found = self.facts["files"].items()
        return {name: Digest(str(one["sha256"]), int(one["size"])) for name, one in found}

    @property
    def objects(self) -> dict[str, int]:
        return {name: int(size) for name, size in self.facts["objects"].items()}

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files.values()) + sum(self.objects.values())

    @property
    def rows(self) -> int:
        return sum(self.tables.values())

    def file(self, plain: str) -> str:
        """Return the name in the set of what was called ``plain``; empty when it has none."""
        return next((name for name in self.files if name in {plain, f"{plain}.age"}), "")


def made(identity: str) -> datetime:
    return datetime.strptime(identity, STAMP).replace(tzinfo=UTC)


def signed(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {**facts, "form": FORM, "digest": _digest({**facts, "form": FORM})}


def _digest(facts: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in facts.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def parse(content: bytes, where: str) -> Manifest:
    """Read a manifest that may come from a host that is not trusted."""
    try:
        facts = json.loads(content)
        whole = facts["digest"] == _digest(facts) and facts["form"] == FORM
        manifest = Manifest(facts)
        names = [*(ID.fullmatch(manifest.id),), *map(FILE.fullmatch, manifest.files)]
        names += map(OBJECT.fullmatch, manifest.objects)
        whole = whole and all(names) and bool(manifest.made) and bool(manifest.tables)
        whole = whole and min([0, *(one.size for one in manifest.files.values())]) >= 0
        whole = whole and min([0, *manifest.objects.values()]) >= 0
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise Damaged(f"{where}: the manifest is not what was written.")
    return manifest


def read(folder: Path) -> Manifest:
    try:
        found = parse((folder / NAME).read_bytes(), folder.name)
    except OSError as error:
        raise Damaged(
            f"{folder.name} has no manifest that can be read: {error.strerror}."
        ) from None
    if found.id != folder.name:
        raise Damaged(f"{folder.name} holds the manifest of {found.id}.")
    return found
