"""The whole comparison, and the note of its result for the site."""

import json
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from drift import certificates, files, packages, people, running, units
from drift.findings import Finding
from drift.machine import Machine
from drift.store import Declared, Store

AGAIN_S = 2.0  # a release changes what runs step by step; what differs twice differs


def compare(machine: Machine, store: Store) -> list[Finding]:
    """Return every difference; what runs is looked at twice before it is one."""
    declared = store.load()
    found = [
        *files.compare(machine, declared, store),
        *files.strays(machine, declared),
        *packages.missing(machine, declared.packages),
        *packages.changed(machine, declared.files),
        *people.compare(declared),
        *certificates.ending(machine),
    ]
    hidden = _hidden(store) if files.hides_homes(machine) else []
    return [*found, *hidden, *unfinished(store), *_lasting(machine, declared, store)]


def _hidden(store: Store) -> list[Finding]:
    """Return what the last look found in a place that this process is kept out of."""
    lines = [line for line in last(store) if line.startswith(files.HOMES)]
    parts = (line.partition(": ") for line in lines)
    return [Finding("content", where, what, remedy="as root") for where, _, what in parts]


def last(store: Store) -> list[str]:
    """Return the lines of the last note."""
    try:
        return list(json.loads((store.home / "state.json").read_text())["findings"])
    except (OSError, ValueError, KeyError):
        return []


def _lasting(machine: Machine, declared: Declared, store: Store) -> list[Finding]:
    first = _moving(machine, declared, store)
    if not first:
        return []
    time.sleep(AGAIN_S)
    lines = {one.line for one in first}
    return [one for one in _moving(machine, declared, store) if one.line in lines]


def _moving(machine: Machine, declared: Declared, store: Store) -> list[Finding]:
    return [*units.compare(machine, declared), *running.compare(machine, declared, store)]


def unfinished(store: Store) -> list[Finding]:
    if not (store.home / "unfinished").exists():
        return []
    return [Finding("running", "studium-drift", "a repair was interrupted; the next one undoes it")]


def note(store: Store, found: Sequence[Finding], **more: object) -> None:
    """Write the result where the site reads it: lines without any content, whole or not at all."""
    facts = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "ok": not found, **more}
    facts["findings"] = [one.line for one in found]
    write_public(store.home / "state.json", json.dumps(facts, indent=1) + "\n")


def write_public(path: Path, text: str) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".state")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
    Path(draft).rename(path)
