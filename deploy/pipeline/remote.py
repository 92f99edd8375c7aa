"""Ask and tell another host of the site, by ssh and git: strict host keys, limits, no terminal.

What a host answers is shown; what it is told goes through its gate like a person's words.
"""

import json
import re
import shlex
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pipeline.errors import Locked, StepFailed, TookTooLong, Unreachable
from pipeline.hosts import Host
from pipeline.journal import Attempt
from pipeline.runner import Command, Runner
from pipeline.site import Site

ANSWER_S = 20
LOOK_S = 0.5
NOISE = re.compile(r"^[ |]*(remote: )?", re.MULTILINE)
GIT_SAYS = ("error: hook declined", "error: failed to push", "! [remote rejected]", "To ssh://")


@dataclass(frozen=True)
class State:
    """What a host says about itself."""

    commit: str | None  # that is live there
    branch: str
    is_served: bool
    busy: str | None
    interrupted: str | None
    alive: tuple[str, ...]  # releases that have ended there but still have a process
    failed: str | None  # a commit that it could not take over a short while ago
    facts: dict[str, Any]

    @property
    def is_at_rest(self) -> bool:
        return not (self.busy or self.interrupted)


def _state(facts: dict[str, Any]) -> State:
    return State(
        commit=facts["commit"],
        branch=str(facts["branch"]),
        is_served=bool(facts["served"]),
        busy=facts["busy"],
        interrupted=facts["interrupted"],
        alive=tuple(facts["alive"]),
        failed=facts["failed"],
        facts=facts,
    )


def ssh(site: Site) -> tuple[str, ...]:
    """Return ssh with nothing of this user's: one key, the known hosts beside it, no questions."""
    facts = site.facts["rolling"]
    identity = str(facts["identity"])
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": f"{identity}.known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "UpdateHostKeys": "no",
        "ConnectTimeout": str(facts["connect_s"]),
        "ConnectionAttempts": "1",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
        "LogLevel": "ERROR",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ("ssh", "-F", "none", "-T", "-i", identity, *words)


def told(site: Site, host: Host, verb: str, *flags: str, timeout_s: float = ANSWER_S) -> Command:
    """Let the host's own pipeline do ``verb``; its gate knows this form, and so does a shell."""
    code = f"PYTHONPATH={host.folder}/live/deploy:{host.folder / _bootstrap(site)}"
    file = str(host.folder / "site.toml")
    words = ("env", code, "python3", "-B", "-m", "pipeline", verb, "--site", file, *flags)
    return Command((*ssh(site), host.address, shlex.join(words)), timeout_s=timeout_s)


def _bootstrap(site: Site) -> PurePosixPath:
    return PurePosixPath(str(site.facts["folders"]["bootstrap"]))


def _repository(site: Site, host: Host) -> str:
    return f"{host.address}{host.folder / str(site.facts['folders']['repository'])}"


def _git(site: Site, *words: str, timeout_s: float) -> Command:
    env = {"GIT_SSH_COMMAND": shlex.join(ssh(site)), "GIT_TERMINAL_PROMPT": "0"}
    return Command(("git", f"--git-dir={site.repository}", *words), env=env, timeout_s=timeout_s)


def state(site: Site, runner: Runner, host: Host) -> State:
    """Ask the host how it is; raise Unreachable when it does not say."""
    limit_s = float(site.facts["rolling"]["connect_s"]) + ANSWER_S
    try:
        answer = runner.run(told(site, host, "status", "--json", "--here", timeout_s=limit_s))
        return _state(json.loads(answer))
    except StepFailed as error:
        raise Unreachable(f"{host.name} cannot be reached: {last_words(error)}") from None
    except (ValueError, KeyError, TypeError):
        raise Unreachable(
            f"{host.name} gives no answer that this release understands; a release of its own may "
            "be older, or it is not provisioned"
        ) from None


def at_rest(site: Site, runner: Runner, host: Host, limit_s: float) -> State:
    """Return the host's state once nothing is under way there; raise Locked when that lasts."""
    end = time.monotonic() + limit_s
    while True:
        found = state(site, runner, host)
        if not found.busy:
            return found
        if time.monotonic() > end:
            raise Locked(f"{host.name} is busy: {found.busy}. Try again when it is over.")
        time.sleep(LOOK_S)


def push(site: Site, runner: Runner, host: Host, attempt: Attempt) -> None:
    """Let the host take the commit as a push does, for the person who pushed here."""
    options = [f"carried-for={sender(attempt)}"]
    options += [
        f"{name}={reason}"
        for name, reason in attempt.options.items()
        if name == "new-environment"  # all others are about the database, which is done already
    ]
    words = [word for option in options for word in ("-o", option)]
    where = (_repository(site, host), f"{attempt.new}:{site.ref}")
    _run(runner, host, _git(site, "push", *words, *where, timeout_s=_limit_s(site)))


def follow(site: Site, runner: Runner, host: Host, commit: str, reason: str) -> None:
    """Let the host make ``commit`` live, by a release that it keeps or by building one."""
    flags = (f"--to={commit}", f"--reason={reason}")
    _run(runner, host, told(site, host, "rollback", *flags, timeout_s=_limit_s(site)))


def maintenance(site: Site, runner: Runner, host: Host, mode: str, message: str) -> None:
    limit_s = float(site.facts["rolling"]["connect_s"]) + ANSWER_S
    flags = (f"--message={message}", "--", mode)
    _run(runner, host, told(site, host, "maintenance", *flags, timeout_s=limit_s))


def fetch(site: Site, runner: Runner, host: Host, commit: str) -> None:
    """Get one commit from the host's repository; nothing is named by it yet."""
    quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
    words = ("-c", "fetch.fsckObjects=true", "fetch", *quiet, _repository(site, host), commit)
    _run(runner, host, _git(site, *words, timeout_s=_limit_s(site)))


def sender(attempt: Attempt) -> str:
    """Return who and what this is for, as one line."""
    return f"{' '.join(attempt.who.split())}: {attempt.id}"


def _limit_s(site: Site) -> float:
    return float(site.facts["rolling"]["release_s"])


def _run(runner: Runner, host: Host, command: Command) -> None:
    """Run what another host does; of a failure say what the host said, not our long command."""
    try:
        runner.run(command)
    except StepFailed as error:
        head, _, rest = str(error).partition("\n")
        said = NOISE.sub("", rest) if rest else head
        lines = "\n".join(f"  {host.name}| {line.rstrip()}" for line in _own(said))
        how = "took too long" if isinstance(error, TookTooLong) else "refused"
        raise type(error)(f"{host.name} {how}:\n{lines}") from None


def _own(said: str) -> list[str]:
    """Return the host's own lines, without what git adds to every refusal."""
    lines = [line for line in said.splitlines() if line.strip()]
    return [line for line in lines if not line.lstrip().startswith(GIT_SAYS)] or lines


def last_words(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].strip(" |")
