"""Write into the site's ledger when the host began or ceased to differ, and when it was repaired.

This runs as deploy, whose ledger it is, with the pipeline of the live release; root never does.
"""

import getpass
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drift.findings import Finding
from drift.store import HOME

SITE = Path("/srv/studium")
KIND = "host"


def main() -> int:
    """Write a row when what was found last is not what the ledger said last."""
    try:
        state = json.loads(Path(HOME, "state.json").read_text())
    except FileNotFoundError:
        return 0
    lines = list(state["findings"])
    if lines == _known():
        return 0
    outcome = "differs" if lines else "as declared"
    _append(outcome, lines, "\n".join(lines), who="timer")
    return 0


def repaired(outcome: str, said: Sequence[str], left: Sequence[Finding], who: str) -> None:
    if outcome:
        _append(outcome, [one.line for one in left], "\n".join(said), who=who or getpass.getuser())


def _known() -> list[str]:
    """Return the lines of the last row about the host; before the first one, none."""
    ledger = _ledger()
    rows = [row for row in ledger.read(SITE / "ledger.jsonl") if row.get("kind") == KIND]
    return list(rows[-1].get("findings") or []) if rows else []


def _append(outcome: str, lines: list[str], reason: str, *, who: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    facts: Mapping[str, Any] = {
        "started": now,
        "finished": now,
        "kind": KIND,
        "outcome": outcome,
        "who": who,
        "release": (SITE / "live").resolve().name,
        "from": "",
        "to": "",
        "subject": f"The host is {outcome}" if outcome != "differs" else "The host differs",
        "reason": reason,
        "findings": lines,
    }
    _ledger().append(SITE / "ledger.jsonl", facts)


def _ledger() -> Any:
    """Return the ledger of the live release's pipeline, else of the one that was installed."""
    live = SITE / "live" / "deploy"
    sys.path.insert(0, str((live if live.is_dir() else SITE / "bootstrap").resolve()))
    return importlib.import_module("pipeline.ledger")
