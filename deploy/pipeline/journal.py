"""What an attempt has done so far, on disk before and after each step.

    received → built → early → booted → switching → switched → accepted → done

An interrupted attempt is finished when the link ``live`` names its release, and undone when not
(settle.py).
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.files import read_json, write_whole
from pipeline.processes import Process
from pipeline.site import Site

PHASES = ("received", "built", "early", "booted", "switching", "switched", "accepted", "done")


@dataclass(frozen=True)
class Attempt:
    """One push or rollback, from its first step to its row in the ledger."""

    id: str
    release: str  # the release that it makes live; a push makes one with the attempt's own id
    kind: str  # push | rollback
    who: str
    started: str
    old: str  # commit that the branch named
    new: str  # commit that it shall name
    previous: str | None  # release that was live
    phase: str = "received"
    receive_pack: Process | None = None
    runner: Process | None = None
    options: dict[str, str] = field(default_factory=dict)
    migrations: dict[str, list[str]] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    outcome: str = ""
    reason: str = ""

    def at(self, phase: str, **changes: Any) -> "Attempt":
        return replace(self, phase=phase, **changes)


def save(site: Site, attempt: Attempt) -> Attempt:
    write_whole(site.journal, json.dumps(asdict(attempt), indent=1))
    return attempt


def load(site: Site) -> Attempt | None:
    """Return the unfinished attempt, if there is one."""
    return read_attempt(site.journal)


def read_attempt(path: Path) -> Attempt | None:
    facts = read_json(path)
    if not facts:
        return None
    for name in ("receive_pack", "runner"):
        facts[name] = Process(**facts[name]) if facts[name] else None
    return Attempt(**facts)


def clear(site: Site) -> None:
    site.journal.unlink(missing_ok=True)
