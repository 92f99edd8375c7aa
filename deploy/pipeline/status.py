"""What a site is doing, in facts and in lines for a person."""

import json
import shutil
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from pipeline import (
    further,
    journal,
    ledger,
    lock,
    maintenance,
    probe,
    releases,
    rolling,
    settle,
    vassals,
)
from pipeline.errors import JournalBroken, PipelineError
from pipeline.git import Repository
from pipeline.receive import emperor
from pipeline.remote import State
from pipeline.runner import LocalRunner
from pipeline.site import Site

SHORT = 12
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
GOOD = {"ready", "degraded"}


def facts(site: Site, *, only_here: bool = False) -> dict[str, Any]:
    """Return everything as plain data, for ``--json``; the other hosts are asked too."""
    release = releases.live(site)
    interrupted = settle.interrupted(site)
    owner = lock.owner_of(site.lock)
    return {
        "site": site.name,
        "role": site.role,
        "url": site.url,
        "branch": Repository(site.repository).commit_of(site.ref),
        "live": release.id if release else None,
        "commit": release.commit if release else None,
        "emperor": bool(emperor(site)),
        "health": _health(site),
        "busy": str(owner) if owner else None,
        "interrupted": interrupted if not owner else None,
        "handing_over": _handing_over(site) if owner else None,
        "pending": ledger.pending(ledger.read(site.ledger)),
        "maintenance": maintenance.describe(site),
        "maintenance_state": maintenance.state(site),
        "kept": [one.id for one in releases.kept(site)],
        "served": _is_served(site),
        "alive": releases.alive(site),
        "failed": further.failed_lately(site),
        "hosts": {} if only_here else _hosts(site),
        "ledger_faults": ledger.verify(site.ledger),
        "free_mb": shutil.disk_usage(site.root).free // 2**20,
    }


def _handing_over(site: Site) -> str | None:
    """Return the attempt of which the other hosts have their turn."""
    with suppress(JournalBroken):
        attempt = journal.load(site)
        return attempt.id if attempt and attempt.phase == "others" else None
    return None


def _is_served(site: Site) -> bool:
    """Say whether this host does its part: visitors reach the live release, or it is a worker."""
    release = site.live_release()
    return bool(release) and (not site.has_pages or vassals.is_served(site, str(release)))


def _hosts(site: Site) -> dict[str, Any]:
    """Return what each other host says, in few words, for people and for the operators' page."""
    found = rolling.look(site, LocalRunner())
    return {host.name: {"role": host.role, **_host(found[host.name])} for host in site.others}


def _host(found: State | PipelineError) -> dict[str, Any]:
    if not isinstance(found, State):
        return {"reached": False, "detail": str(found)}
    known = ("live", "commit", "served", "busy", "interrupted", "alive", "failed", "health")
    return {"reached": True, **{name: found.facts.get(name) for name in known}}


def _health(site: Site) -> dict[str, Any]:
    if not site.has_pages:
        return {"status": "ready", "detail": "a worker shows no pages"}
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
        f"  web server   {_web_server(state)}",
        f"  {state['maintenance'].partition(': ')[2]}".replace("  ", "  maintenance  ", 1),
        f"  kept         {len(state['kept'])} releases, {state['free_mb']} MB free",
    ]
    if _travels_in_clear(state["url"]):
        said.append("  PLAIN HTTP   passwords and all else travel in clear: docs/operations/lan.md")
    if state["commit"] and state["branch"] != state["commit"]:
        said.append(f"  BRANCH       names {state['branch'][:SHORT]}, not what is live")
    checks = state["health"].get("checks", {})
    said += [f"  {name:<12} {check['detail']}" for name, check in checks.items() if not check["ok"]]
    for name in ("busy", "interrupted"):
        if state[name]:
            said.append(f"  {name:<12} {state[name]}")
    if state["pending"]:
        said.append(f"  PENDING      {', '.join(state['pending'])}: fab finish:{state['site']}")
    said += [_host_line(name, one, state) for name, one in state["hosts"].items()]
    said += [f"  LEDGER       {fault}" for fault in state["ledger_faults"]]
    return said


def _web_server(state: dict[str, Any]) -> str:
    if state["role"] == "worker":
        return "none: this host only takes jobs"
    return "running" if state["emperor"] else "NOT RUNNING"


def _host_line(name: str, one: dict[str, Any], state: dict[str, Any]) -> str:
    if not one["reached"]:
        return f"  {name:<12} {one['detail'].removeprefix(f'{name} ')}"
    said = [f"{one['role']}, {one['live'] or 'nothing yet'}"]
    if one["commit"] != state["commit"]:
        said.append("NOT WHAT IS LIVE")
    if not one["served"] or one["health"].get("status") not in GOOD:
        said.append(f"NOT SERVING ({one['health'].get('status')})")
    said += [f"{word}: {one[word]}" for word in ("busy", "interrupted") if one[word]]
    return f"  {name:<12} {', '.join(said)}"


def _travels_in_clear(url: str) -> bool:
    address = urlsplit(url)
    return address.scheme == "http" and address.hostname not in LOOPBACK


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
