"""A further host comes to run what the main host runs: told by it, at boot, or by a timer."""

import os
import re
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pipeline import (
    carry,
    further,
    hooks,
    live,
    lock,
    maintenance,
    options,
    redaction,
    releases,
    remote,
    turn,
    vassals,
)
from pipeline.errors import PipelineError, Refused, Unreachable
from pipeline.followup import record
from pipeline.git import NOTHING, Repository
from pipeline.identity import who
from pipeline.journal import Attempt
from pipeline.runner import Command, LocalRunner
from pipeline.settle import serve_live, settle
from pipeline.site import Site
from pipeline.voice import Voice

COMMIT = re.compile(r"[0-9a-f]{40}")
PATIENCE_S = 120.0  # at boot: the main host may be starting too
LOOK_S = 2.0


def obey(site: Site, commit: str, reason: str) -> bool:
    """Make ``commit`` live because the main host says so; say whether it is."""
    if not COMMIT.fullmatch(commit) or not options.sender({options.CARRIED_FOR: reason}):
        raise Refused(
            f"This is a further host of {site.name}: only its main host says what is live here. "
            f"Roll back there: fab rollback:{site.name}"
        )
    return _take_over(site, commit, {options.CARRIED_FOR: reason})


def finish(site: Site, patience_s: float = 0) -> bool:
    """Settle what was interrupted, ask the main host what is live, and take that over."""
    voice = _voice(site)
    try:
        with lock.held(site.lock, _owner(turn.FINISHING)):
            settle(site, voice)
        commit = _wanted(site, voice, patience_s)
        if commit is None:
            return _is_served(site)
        if further.failed_lately(site) == commit:
            voice.say(f"{commit[:12]} failed here a short while ago; it is tried again later")
            return False
        return _take_over(site, commit, {further.CATCH_UP: "what the main host has live"})
    except (PipelineError, OSError, ValueError) as error:
        voice.say(str(error))
        return False


def _voice(site: Site) -> Voice:
    return Voice(redaction.of_file(site.folder("secrets")))


def _owner(doing: str) -> lock.Owner:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return lock.Owner(who(os.environ), doing, now, os.getpid())


def _is_served(site: Site) -> bool:
    release = site.live_release()
    return not release or not site.has_pages or vassals.is_served(site, release)


def _wanted(site: Site, voice: Voice, patience_s: float) -> str | None:
    """Return the commit that is live on the main host, or None when it does not say for certain."""
    end, told = time.monotonic() + patience_s, ""
    while True:
        reason = ""
        try:
            found = further.ask_main(site, LocalRunner())
            maintenance.follow(site, found.facts.get("maintenance_state"))
            if found.is_at_rest:
                return found.commit
            reason = f"the main host is busy: {found.busy or found.interrupted}"
        except Unreachable as error:
            reason = str(error)
        if reason != told:
            voice.say(reason)
            told = reason
        if time.monotonic() > end:
            return None
        time.sleep(LOOK_S)


def _take_over(site: Site, commit: str, why: Mapping[str, str]) -> bool:
    voice = _voice(site)
    turn.owner_after_patience(site)
    with lock.held(site.lock, _owner(f"looking for {commit[:12]}")):
        settle(site, voice)
        was_served = vassals.serving(site) is not None
        release = releases.live(site)
        if commit == NOTHING:
            return _withdraw(site, voice, why)
        if release and release.commit == commit:
            return serve_live(site, voice, is_confirmed=True)
        _have(site, commit, voice)
    accepted = _carry(site, commit, why)
    if not (accepted or was_served):  # what may be old must not answer
        site.live_socket.unlink(missing_ok=True)
    return accepted


def _have(site: Site, commit: str, voice: Voice) -> None:
    """Fetch the commit from the main host unless it is here."""
    repository = Repository(site.repository)
    if site.main_host and not repository.answers("cat-file", "-e", f"{commit}^{{commit}}"):
        voice.say(f"fetching {commit[:12]} from the main host")
        remote.fetch(site, LocalRunner(), site.main_host, commit)


def _carry(site: Site, commit: str, why: Mapping[str, str]) -> bool:
    """Go to a release that is kept, or build one with the pipeline that the commit brings."""
    kept = next((one for one in releases.kept(site) if _is_whole(one, commit)), None)
    if kept:
        accepted = carry.start(site, carry.attempt_for_rollback(site, kept, why))
    else:
        branch = Repository(site.repository).commit_of(site.ref)
        code = _unpacked(site, commit)
        accepted = carry.start(site, carry.attempt_for_push(site, branch, commit, why), code)
    if accepted:
        hooks.see_to_the_end(site, commit)
    return accepted


def _is_whole(release: releases.Release, commit: str) -> bool:
    return release.commit == commit and release.python.exists() and release.libraries.exists()


def _unpacked(site: Site, commit: str) -> Path:
    """Return the commit's own pipeline, in a folder that its runner removes."""
    boxes = site.logs / "pipelines"
    boxes.mkdir(parents=True, exist_ok=True)
    box = Path(tempfile.mkdtemp(dir=boxes))
    archive = box / "deploy.tar"
    Repository(site.repository).git("archive", f"--output={archive}", commit, "deploy")
    LocalRunner().run(Command(("tar", "-xf", str(archive), "-C", str(box))))
    archive.unlink()
    return box / "deploy"


def _withdraw(site: Site, voice: Voice, why: Mapping[str, str]) -> bool:
    """Have nothing live again: the site's very first release did not come about."""
    release, repository = releases.live(site), Repository(site.repository)
    if release is None:
        return True
    live.switch_back(site, None)
    vassals.stop(site, release.id)
    repository.git("update-ref", "-d", site.ref)
    voice.say(f"{release.id} is live no more: the main host has nothing live")
    now = datetime.now(UTC)
    attempt = Attempt(
        id=releases.next_id(site, NOTHING, now),
        release=release.id,
        kind="rollback",
        who=options.sender(why) or who(os.environ),
        started=now.isoformat(timespec="milliseconds"),
        old=release.commit,
        new=NOTHING,
        previous=release.id,
        options=dict(why),
        outcome="rolled back",
    )
    record(site, repository, attempt, voice)
    return True
