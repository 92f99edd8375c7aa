"""Switch the site's maintenance mode: a file that each request looks at, no reload."""

import json
from datetime import UTC, datetime
from typing import Any

from pipeline import remote
from pipeline.errors import PipelineError, Refused
from pipeline.files import read_json, write_whole
from pipeline.identity import who
from pipeline.runner import Runner
from pipeline.site import Site

MODES = ("on", "off", "no-upload")


def switch(site: Site, mode: str, message: str, environment: dict[str, str]) -> str:
    """Switch and return one sentence about the new state."""
    if mode not in MODES:
        raise Refused(f"There is no maintenance mode {mode!r}. There are: {', '.join(MODES)}.")
    if mode == "off":
        site.maintenance.unlink(missing_ok=True)
    else:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        now = {"mode": mode, "message": message, "since": since, "who": who(environment)}
        write_whole(site.maintenance, json.dumps(now), mode=0o644)
    return describe(site)


def tell_others(site: Site, runner: Runner, mode: str, message: str) -> list[str]:
    """Let the other hosts that answer visitors do the same; return what went wrong."""
    faults = []
    for host in site.others:
        if not host.is_worker:
            try:
                remote.maintenance(site, runner, host, mode, message)
            except PipelineError as error:
                faults.append(f"{error}\n{host.name} does the same when it next asks this host.")
    return faults


def state(site: Site) -> dict[str, Any] | None:
    return read_json(site.maintenance) or None


def follow(site: Site, wanted: dict[str, Any] | None) -> None:
    """Have the state that the main host has."""
    if wanted == state(site):
        return
    if wanted:
        write_whole(site.maintenance, json.dumps(wanted), mode=0o644)
    else:
        site.maintenance.unlink(missing_ok=True)


def describe(site: Site) -> str:
    now = state(site)
    if not now:
        return f"{site.name}: no maintenance"
    message = " ".join(str(now.get("message") or "").split())  # one line, whatever it holds
    said = f": {message}" if message else ""
    return f"{site.name}: maintenance {now['mode']} since {now['since']} by {now['who']}{said}"
