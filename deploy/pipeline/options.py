"""Push options: what a push may ask for, each with a reason that goes into the ledger.

Git shows them to pre-receive and post-receive but not to update, so pre-receive hands them over in
a file named after the process that all three share as their parent.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import Refused
from pipeline.files import read_json, write_whole
from pipeline.journal import ID
from pipeline.processes import Process
from pipeline.site import Site

KNOWN = {
    "no-late-migrations": "leave the late migrations pending; `fab finish:SITE` runs them",
    "allow-contracting": "accept an early migration that takes something from the old release",
    "backup-first": "back up the database before the first migration",
    "new-environment": "build the virtual environment again although its lock file is unchanged",
    "without-host": "release without a further host that is down, 'HOST: why'; it catches up",
}
CARRIED_FOR = "carried-for"  # WHO: ATTEMPT, said by the main host to the others, and by nobody else
WITHOUT = "without-host "


def of_push(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the options that git shows to this hook, each with its reason."""
    count = int(environment.get("GIT_PUSH_OPTION_COUNT") or 0)
    given = [environment[f"GIT_PUSH_OPTION_{number}"] for number in range(count)]
    return dict(_checked(option) for option in given)


def _checked(option: str) -> tuple[str, str]:
    told = option.encode(errors="surrogateescape").decode(errors="replace")  # any bytes may come
    name, _, reason = (part.strip() for part in told.partition("="))
    if name not in {*KNOWN, CARRIED_FOR}:
        known = "\n".join(f"  -o {known}=REASON   {what}" for known, what in KNOWN.items())
        raise Refused(f"There is no push option {name!r}. There are:\n{known}")
    if not reason:
        raise Refused(f"The push option {name} needs a reason: -o {name}='why'.")
    return without(reason) if name == WITHOUT.strip() else (name, reason)


def without(given: str) -> tuple[str, str]:
    """Return a host to leave out, as an option of its own, and the reason."""
    host, _, reason = (part.strip() for part in given.partition(":"))
    if not host or not reason:
        raise Refused("without-host names a host and a reason: without-host='app2: why'.")
    return f"{WITHOUT}{host}", reason


def left_out(options: Mapping[str, str]) -> dict[str, str]:
    """Return the hosts to leave out, each with the reason."""
    return {
        name.removeprefix(WITHOUT): why for name, why in options.items() if name.startswith(WITHOUT)
    }


def sender(options: Mapping[str, str]) -> str:
    """Return the person for whom the main host has carried a release to this one, or nothing."""
    return options.get(CARRIED_FOR, "").rpartition(": ")[0]


def carried_attempt(options: Mapping[str, str]) -> str:
    """Return the attempt of the main host that this is a part of, or nothing."""
    last = options.get(CARRIED_FOR, "").rpartition(": ")[2]
    return last if ID.fullmatch(last) else ""


def check_sender(site: Site, options: Mapping[str, str]) -> None:
    """Refuse what only the main host may say, and on a further host what comes from elsewhere."""
    if site.is_main and CARRIED_FOR in options:
        raise Refused(f"{CARRIED_FOR} is no option for people: your key says who you are.")
    if site.main_host and not sender(options):
        raise Refused(
            f"This is a further host of {site.name} and takes releases from its main host only. "
            f"Push there: {site.main_host.login}"
        )


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
