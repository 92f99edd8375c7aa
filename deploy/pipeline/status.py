"""What a site is doing, in facts and in lines for a person."""

import json
import shutil
from typing import Any

from pipeline import ledger, lock, maintenance, probe, releases, settle
from pipeline.errors import PipelineError
from pipeline.git import Repository
from pipeline.receive import emperor
from pipeline.site import Site

SHORT = 12


def facts(site: Site) -> dict[str, Any]:
    """Return everything as plain data, for ``--json``."""
    release = releases.live(site)
    interrupted = settle.interrupted(site)
    owner = lock.owner_of(site.lock)
    return {
        "site": site.name,
        "url": site.url,
        "branch": Repository(site.repository).commit_of(site.ref),
        "live": release.id if release else None,
        "commit": release.commit if release else None,
        "emperor": bool(emperor(site)),
        "health": _health(site),
        "busy": str(owner) if owner else None,
        "interrupted": interrupted if not owner else None,
        "pending": ledger.pending(ledger.read(site.ledger)),
        "maintenance": maintenance.describe(site),
        "kept": [one.id for one in releases.kept(site)],
        "ledger_faults": ledger.verify(site.ledger),
        "free_mb": shutil.disk_usage(site.root).free // 2**20,
    }


def _health(site: Site) -> dict[str, Any]:
    try:
        answer = probe.ask(site.live_socket, site, "/health/ready/", 5)
        return dict(json.loads(answer.body))
    except (PipelineError, ValueError) as error:
        return {"status": "no answer", "detail": str(error)}


def lines(state: dict[str, Any]) -> list[str]:
    live = f"{state['live']}" if state["live"] else "nothing yet"
    said = [
        f"{state['site']}  {state['url']}",
        f"  live         {live}",
        f"  health       {state['health'].get('status')}",
        f"  web server   {'running' if state['emperor'] else 'NOT RUNNING'}",
        f"  {state['maintenance'].partition(': ')[2]}".replace("  ", "  maintenance  ", 1),
        f"  kept         {len(state['kept'])} releases, {state['free_mb']} MB free",
    ]
    if state["commit"] and state["branch"] != state["commit"]:
        said.append(f"  BRANCH       names {state['branch'][:SHORT]}, not what is live")
    checks = state["health"].get("checks", {})
    said += [f"  {name:<12} {check['detail']}" for name, check in checks.items() if not check["ok"]]
    for name in ("busy", "interrupted"):
        if state[name]:
            said.append(f"  {name:<12} {state[name]}")
    if state["pending"]:
        said.append(f"  PENDING      {', '.join(state['pending'])}: fab finish:{state['site']}")
    said += [f"  LEDGER       {fault}" for fault in state["ledger_faults"]]
    return said


def log_lines(rows: list[ledger.Row]) -> list[str]:
    """Return one line a row, the newest first."""
    return [_log_line(row) for row in reversed(rows)]


def _log_line(row: ledger.Row) -> str:
    seconds = sum(step["seconds"] for step in row.get("steps", []))
    told = row.get("subject") or (row.get("reason") or "").partition("\n")[0]
    return (
        f"{row['n']:>4}  {row['started'][:19].replace('T', ' ')}  {row['kind']:<8} "
        f"{row['outcome']:<12} {row['to'][:SHORT]}  {seconds:6.1f} s  {row['who']:<12} {told[:60]}"
    )
