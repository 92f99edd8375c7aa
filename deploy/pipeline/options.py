"""Push options: what a push may ask for, each with a reason that goes into the ledger.

Git shows them to pre-receive and post-receive but not to update, so pre-receive hands them over in
a file named after the process that all three share as their parent.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import Refused
from pipeline.files import read_json, write_whole
from pipeline.processes import Process
from pipeline.site import Site

KNOWN = {
    "no-late-migrations": "leave the late migrations pending; `fab finish:SITE` runs them",
    "allow-contracting": "accept an early migration that takes something from the old release",
    "backup-first": "back up the database before the first migration",
    "new-environment": "build the virtual environment again although its lock file is unchanged",
}


def of_push(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the options that git shows to this hook, each with its reason."""
    count = int(environment.get("GIT_PUSH_OPTION_COUNT") or 0)
    given = [environment[f"GIT_PUSH_OPTION_{number}"] for number in range(count)]
    return dict(_checked(option) for option in given)


def _checked(option: str) -> tuple[str, str]:
    told = option.encode(errors="surrogateescape").decode(errors="replace")  # any bytes may come
    name, _, reason = (part.strip() for part in told.partition("="))
    if name not in KNOWN:
        known = "\n".join(f"  -o {known}=REASON   {what}" for known, what in KNOWN.items())
        raise Refused(f"There is no push option {name!r}. There are:\n{known}")
    if not reason:
        raise Refused(f"The push option {name} needs a reason: -o {name}='why'.")
    return name, reason


def hand_over(site: Site, parent: Process, options: Mapping[str, str]) -> None:
    path = _file(site, parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("[0-9]*-[0-9]*"):
        pid, _, started = old.name.partition("-")
        if not Process(int(pid), int(started)).is_alive():
            old.unlink(missing_ok=True)
    write_whole(path, json.dumps(options))


def take_over(site: Site, parent: Process) -> dict[str, str]:
    path = _file(site, parent)
    options = read_json(path) or {}
    path.unlink(missing_ok=True)
    return dict(options)


def _file(site: Site, parent: Process) -> Path:
    return site.run / "push-options" / f"{parent.pid}-{parent.started}"
