"""The main host's part in a release of several hosts: the others go first, each in its turn.

An application host that does not take a release over fails it for all; a worker is only missed, as
the site is healthy without it. Whatever is left out or missed catches up by itself (catchup.py).
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pipeline import hosts, options, releases, remote
from pipeline.errors import Locked, PipelineError, Refused, Unhealthy, Unreachable
from pipeline.git import NOTHING
from pipeline.hosts import Host
from pipeline.releasing import Releasing
from pipeline.remote import State
from pipeline.runner import Runner
from pipeline.site import Site
from pipeline.voice import Voice

WAITING, STARTED, LIVE = "waiting", "started", "live"
LEFT_OUT, MISSED, FAILED = "left out", "missed", "failed"  # it goes on with what it had
PUT_BACK, ASTRAY = "put back", "not put back"
TOUCHED = {STARTED, LIVE, FAILED, ASTRAY}
BUSY_S = 15
LOOK_S = 0.5


# --- before anything is begun -------------------------------------------------------------------
def check(work: Releasing) -> None:
    """Ask each other host how it is; raise Refused when one could not take part."""
    left_out = options.left_out(work.attempt.options)
    _check_names(work.site, left_out)
    if work.site.others:
        with work.step("other hosts"):
            found = {one.name: _first_look(work, one, left_out) for one in work.site.others}
        work.attempt = replace(work.attempt, hosts=found)


def _check_names(site: Site, left_out: Mapping[str, str]) -> None:
    unknown = [name for name in left_out if not hosts.named(site.others, name)]
    if unknown:
        known = ", ".join(host.name for host in site.others) or "none"
        raise Refused(f"{site.name} has no further host {unknown[0]!r}. It has: {known}.")


def _first_look(work: Releasing, host: Host, left_out: Mapping[str, str]) -> dict[str, Any]:
    if host.name in left_out:
        reason = left_out[host.name]
        work.voice.say(f"{host.name} is left out: {reason}. It catches up by itself.")
        return {"role": host.role, "state": LEFT_OUT, "reason": reason}
    try:
        _check_able(host, remote.at_rest(work.site, work.runner, host, BUSY_S))
    except (Unreachable, Locked, Unhealthy) as error:
        if not host.is_worker:
            raise Refused(f"{error}\n{_remedy(work, host)}") from None
        work.voice.say(
            f"WARNING: {error}\nThe site is healthy without it; it catches up by itself."
        )
        return {"role": host.role, "state": MISSED, "reason": str(error)}
    return {"role": host.role, "state": WAITING}


def _check_able(host: Host, found: State) -> None:
    """Raise Unhealthy when the host could not take a release, before anything is built."""
    if not host.is_worker and not found.facts.get("emperor"):
        raise Unhealthy(
            f"The web server of {host.name} is not running: systemctl start studium-emperor there."
        )


def _remedy(work: Releasing, host: Host) -> str:
    push = f"git push -o without-host='{host.name}: why' …"
    back = f"rollback --without-host '{host.name}: why'"
    return (
        f"Nothing was changed. When {host.name} is down, go on without it: "
        f"{push if work.attempt.kind == 'push' else back}"
    )


# --- the release --------------------------------------------------------------------------------
def release_others(work: Releasing) -> None:
    """Let each other host take the release over; raise Unhealthy when an application host fails."""
    for host in work.site.others:
        if work.attempt.hosts[host.name]["state"] == WAITING:
            _release(work, host)


def _release(work: Releasing, host: Host) -> None:
    _note(work, "others", host, STARTED)
    work.voice.say(f"{host.name} takes its turn")
    began = time.monotonic()
    try:
        with work.step(host.name):
            _hand_over(work, host)
    except PipelineError as error:
        if not host.is_worker:
            raise Unhealthy(f"{error}\n{host.name} must run what {work.site.name} runs.") from None
        work.voice.say(
            f"WARNING: {error}\nThe site is healthy without it; it catches up by itself."
        )
        _note(work, "others", host, FAILED, reason=str(error))
    else:
        _note(work, "others", host, LIVE, seconds=round(time.monotonic() - began, 3))


def _hand_over(work: Releasing, host: Host) -> None:
    site, runner, attempt = work.site, work.runner, work.attempt
    found = remote.at_rest(site, runner, host, BUSY_S)
    if found.commit == attempt.new and found.is_served:
        return
    continues = found.branch != attempt.new and work.repository.holds(found.branch, attempt.new)
    if attempt.kind == "push" and continues:
        remote.push(site, runner, host, attempt)
    else:
        remote.follow(site, runner, host, attempt.new, remote.sender(attempt))


def _note(work: Releasing, phase: str, host: Host, state: str, **facts: Any) -> None:
    own = work.attempt.hosts[host.name] | {"state": state} | facts
    work.note(phase, hosts=work.attempt.hosts | {host.name: own})


# --- the way back -------------------------------------------------------------------------------
def put_back(work: Releasing) -> None:
    """Let the hosts that this attempt has touched run again what is live here."""
    present = releases.live(work.site)
    commit = present.commit if present else NOTHING
    for host in reversed(work.site.others):
        if work.attempt.hosts.get(host.name, {}).get("state") in TOUCHED:
            _put_back(work, host, commit)


def _put_back(work: Releasing, host: Host, commit: str) -> None:
    site, runner = work.site, work.runner
    try:
        with work.step(f"{host.name} back"):
            remote.at_rest(site, runner, host, float(site.facts["rolling"]["release_s"]))
            reason = f"{remote.sender(work.attempt)} was given up"
            remote.follow(site, runner, host, commit, reason)
        state = PUT_BACK
    except PipelineError as error:
        work.voice.say(
            f"{host.name} COULD NOT BE PUT BACK: {error}\n"
            "It asks this host what is live when it starts and each five minutes."
        )
        state = ASTRAY
    with suppress(OSError):  # a full disk must not keep us from going back
        _note(work, "undoing", host, state)


# --- afterwards ---------------------------------------------------------------------------------
def look(site: Site, runner: Runner) -> dict[str, State | Unreachable]:
    """Return how each other host is, or why nobody knows."""
    return {host.name: _look(site, runner, host) for host in site.others}


def _look(site: Site, runner: Runner, host: Host) -> State | Unreachable:
    try:
        return remote.state(site, runner, host)
    except Unreachable as error:
        return error


def make_equal(
    site: Site, runner: Runner, voice: Voice, seen: Mapping[str, State | Unreachable]
) -> bool:
    """Let each host that could be reached run what is live here; say whether none refused."""
    release = releases.live(site)
    good = True
    for host in site.others if release else ():
        was = seen.get(host.name)
        if isinstance(was, State) and release:
            good = _make_equal(site, runner, voice, host, release.commit) and good
        elif was:
            voice.say(str(was))
    return good


def _make_equal(site: Site, runner: Runner, voice: Voice, host: Host, commit: str) -> bool:
    try:
        found = remote.state(site, runner, host)
        if (found.commit == commit and found.is_served) or found.busy:
            return True
        if found.failed == commit:
            voice.say(f"{host.name} could not take {commit[:12]} over a short while ago")
            return False
        voice.say(f"{host.name} runs {(found.commit or 'nothing')[:12]}, so it takes {commit[:12]}")
        remote.follow(site, runner, host, commit, "the main host: what is live")
    except PipelineError as error:
        voice.say(str(error))
        return False
    return True


def behind(site: Site, runner: Runner, commit: str, limit_s: float) -> str:
    """Return why old code may still run on another host, or ''; wait for what is only ending."""
    end = time.monotonic() + limit_s
    while True:
        found = look(site, runner)
        reasons = {name: _old_code(name, state, commit) for name, state in found.items()}
        ends = all(isinstance(one, State) and one.commit == commit for one in found.values())
        reason = "; ".join(filter(None, reasons.values()))
        if not reason or not ends or time.monotonic() > end:
            return reason
        time.sleep(LOOK_S)


def _old_code(name: str, state: State | Unreachable, commit: str) -> str:
    if isinstance(state, Unreachable):
        return f"{state}, so it may run old code (docs/operations/several-hosts.md)"
    if state.commit != commit:
        return f"{name} runs {(state.commit or 'nothing')[:12]}"
    return f"processes of {', '.join(state.alive)} are alive on {name}" if state.alive else ""
