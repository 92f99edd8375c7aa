"""What an attempt has done so far, on disk before and after each step.

    received → built → early → booted → (others) → switching → switched → accepted
    and from any of them before the verdict: → undoing

An interrupted attempt is finished when the link ``live`` names its release, and undone when not or
when that had begun (settle.py).
"""

import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pipeline.errors import JournalBroken
from pipeline.files import write_whole
from pipeline.processes import Process
from pipeline.site import Site

ID = re.compile(r"\d{8}T\d+Z-[0-9a-f]{12}")


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
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)  # the further ones, by name
    outcome: str = ""
    reason: str = ""

    def is_live(self, site: Site) -> bool:
        """Say whether its release is the live one and shall stay so."""
        is_refused = self.phase == "undoing" or bool(self.outcome)
        return site.live_release() == self.release and not is_refused

    def at(self, phase: str, **changes: Any) -> "Attempt":
        return replace(self, phase=phase, **changes)


def save(site: Site, attempt: Attempt) -> Attempt:
    write_whole(site.journal, json.dumps(asdict(attempt), indent=1))
    return attempt


def load(site: Site) -> Attempt | None:
    """Return the unfinished attempt, if there is one."""
    return read_attempt(site.journal)


def read_attempt(path: Path) -> Attempt | None:
    """Return what the file says, also in the words of a newer or older pipeline."""
    try:
        return _attempt(json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise JournalBroken(
            f"{path} was changed by something else than the pipeline and cannot be read ({error}). "
            "The next push or `fab finish` sets it aside and goes by what is live."
        ) from None


def _attempt(facts: dict[str, Any]) -> Attempt:
    known = {one.name for one in fields(Attempt)}
    given = {name: value for name, value in facts.items() if name in known}
    for name in ("receive_pack", "runner"):
        given[name] = Process(**given[name]) if given.get(name) else None
    attempt = Attempt(**given)
    if not (ID.fullmatch(attempt.id) and ID.fullmatch(attempt.release)):
        raise ValueError(f"{attempt.release!r} is no release")
    return attempt


def clear(site: Site) -> None:
    site.journal.unlink(missing_ok=True)


def set_aside(site: Site) -> Path:
    """Move an unreadable journal out of the way, for somebody to look at."""
    return site.journal.rename(site.journal.with_name("journal.broken.json"))
