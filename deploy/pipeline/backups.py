"""Write into the ledger how the host's own backup went; what makes it may not write there."""

from pathlib import Path
from typing import Any

from pipeline import ledger, releases
from pipeline.errors import Refused
from pipeline.files import read_json
from pipeline.git import NOTHING
from pipeline.site import Site

KIND = "backup"


def record(site: Site) -> str:
    """Append one row for the last night, once, and return what it says."""
    path = Path(str(site.facts["backup"]["report"]))
    told = read_json(path) if path.is_file() else None
    if not told:
        raise Refused(f"There is no report of a backup in {path}: it has not run, or had no room.")
    row = _row(site, told)
    if any(_is_same(known, row) for known in ledger.read(site.ledger)):
        return "the ledger knows it already"
    return f"ledger row {ledger.append(site.ledger, row)['n']}: {row['reason']}"


def _is_same(known: ledger.Row, row: dict[str, Any]) -> bool:
    return all(known.get(key) == row[key] for key in ("kind", "started", "reason"))


def _row(site: Site, told: dict[str, Any]) -> dict[str, Any]:
    release, damaged = releases.live(site), dict(told.get("damaged") or {})
    commit = release.commit if release else NOTHING
    lines = [str(told["message"]), *(f"damaged: {one}: {why}" for one, why in damaged.items())]
    return {
        "started": str(told["began"]),
        "finished": str(told["ended"]),
        "kind": KIND,
        "outcome": "failed" if damaged else str(told["outcome"]),
        "who": KIND,
        "site": site.name,
        "release": release.id if release else "",
        "from": commit,
        "to": commit,
        "subject": "",
        "commits": 0,
        "reason": "\n".join(lines),
    }
