"""The backups that the host makes by itself, as its own report tells."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Copy:
    """What another host says that it holds, checked."""

    who: str
    at: datetime | None

    @property
    def is_stale(self) -> bool:
        return _is_old(self.at)


@dataclass(frozen=True)
class HostBackups:
    """The report of the host's last night."""

    facts: Facts
    copies: tuple[Copy, ...]

    @property
    def ended_at(self) -> datetime | None:
        return _instant(self.facts.get("ended"))

    @property
    def is_proven(self) -> bool:
        return self.facts.get("outcome") == "proven"

    @property
    def message(self) -> str:
        return str(self.facts.get("message") or "")

    @property
    def is_sealed(self) -> bool:
        return bool(self.facts.get("recipient"))

    @property
    def damaged(self) -> dict[str, str]:
        return dict(self.facts.get("damaged") or {})

    @property
    def sets(self) -> list[dict[str, Any]]:
        """Return the whole sets, the newest first."""
        return [{**one, "made": _instant(one.get("made"))} for one in self.facts.get("sets") or []]

    @property
    def newest(self) -> datetime | None:
        return next((one["made"] for one in self.sets), None)

    @property
    def is_stale(self) -> bool:
        return _is_old(self.newest)

    @property
    def faults(self) -> list[str]:
        """Return what somebody should look at, the worst first."""
        said = [f"{identity} is damaged" for identity in self.damaged]
        if not self.is_proven:
            said.append(f"the last one failed: {self.message}")
        if self.is_stale:
            said.append("the newest one is too old" if self.newest else "there is none")
        said += [f"{one.who} has no recent copy" for one in self.copies if one.is_stale]
        return said


def read() -> HostBackups | None:
    """Return what the host says; None where it makes no backups, or has not made one yet."""
    facts = _read(Path(settings.BACKUP_REPORT)) if settings.BACKUP_REPORT else None
    if facts is None:
        return None
    held = _read(Path(settings.BACKUP_REPORT).with_name("copies.json")) or {}
    times = {who: _instant((held.get(who) or {}).get("at")) for who in facts.get("copies") or []}
    return HostBackups(facts, tuple(Copy(who, at) for who, at in times.items()))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return {"message": "its report is damaged"}
    return found if isinstance(found, dict) else None


def _instant(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _is_old(at: datetime | None) -> bool:
    return at is None or timezone.now() - at > timedelta(hours=settings.STALE_BACKUP_H)
