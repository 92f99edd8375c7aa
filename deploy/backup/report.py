"""How the backups of a host are: written for the site's own pages and for its ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backup import files
from backup.errors import Damaged
from backup.facts import Facts
from backup.manifests import Manifest
from backup.store import Store

PUBLIC = 0o644  # no name, row or secret of anybody stands in it


@dataclass(frozen=True)
class Night:
    """What one run has come to."""

    began: datetime
    outcome: str  # proven | failed
    message: str


def write(facts: Facts, store: Store, night: Night, damaged: Mapping[str, str]) -> None:
    content = {
        "began": night.began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "outcome": night.outcome,
        "message": night.message,
        "recipient": facts.recipient,
        "copies": list(facts.copies),
        "damaged": dict(damaged),
        "sets": [_told(store, one) for one in store.ids() if one not in damaged],
    }
    files.write_json(facts.report, content, PUBLIC)


def _told(store: Store, identity: str) -> dict[str, Any]:
    try:
        return {"id": identity, **_gist(store.manifest(identity))}
    except Damaged:  # since it was looked at
        return {"id": identity}


def _gist(manifest: Manifest) -> dict[str, Any]:
    return {
        "made": manifest.made.isoformat(timespec="seconds"),
        "commit": manifest.commit,
        "size": manifest.size,
        "tables": len(manifest.tables),
        "rows": manifest.rows,
        "uploads": manifest.facts["uploads"],
        "proof": manifest.facts["proof"],
        "sealed": bool(manifest.recipient),
    }


def note_copy(facts: Facts, who: str, identity: str) -> None:
    """Remember that somebody holds a checked copy of a set."""
    copies = files.read_json(facts.copied)
    copies[who] = {"set": identity, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    files.write_json(facts.copied, copies, PUBLIC)
