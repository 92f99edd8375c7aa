"""Switch the site's maintenance mode: a file that each request looks at, no reload."""

import json
from datetime import UTC, datetime

from pipeline.errors import Refused
from pipeline.files import read_json, write_whole
from pipeline.identity import who
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
        state = {"mode": mode, "message": message, "since": since, "who": who(environment)}
        write_whole(site.maintenance, json.dumps(state), mode=0o644)
    return describe(site)


def describe(site: Site) -> str:
    state = read_json(site.maintenance)
    if not state:
        return f"{site.name}: no maintenance"
    message = " ".join(str(state.get("message") or "").split())  # one line, whatever it holds
    said = f": {message}" if message else ""
    return (
        f"{site.name}: maintenance {state['mode']} since {state['since']} by {state['who']}{said}"
    )
