"""The runner: carries one attempt through under the lock, in a session of its own.

It outlives the client, the hooks and git: it alone knows whether the release is live, moves the
branch when git is no longer there to do it, and does everything after it, once.
"""

import os
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pipeline import attempts, journal, lock, processes, redaction, releases, rollback
from pipeline.errors import Locked, PipelineError, Refused
from pipeline.followup import follow_up, record
from pipeline.git import Repository
from pipeline.identity import who
from pipeline.journal import Attempt
from pipeline.pending import finish_pending
from pipeline.release import Releasing, accept, push
from pipeline.runner import LocalRunner
from pipeline.settle import settle
from pipeline.site import Site
from pipeline.voice import Voice


def attempt_for_push(site: Site, old: str, new: str, options: Mapping[str, str]) -> Attempt:
    attempt = _attempt(site, "push", old, new, options)
    return replace(attempt, release=attempt.id)


def attempt_for_rollback(site: Site, target: releases.Release, reason: str) -> Attempt:
    old = Repository(site.repository).commit_of(site.ref)
    options = {"reason": reason} if reason else {}
    attempt = _attempt(site, "rollback", old, target.commit, options)
    return replace(attempt, release=target.id)


def _attempt(site: Site, kind: str, old: str, new: str, options: Mapping[str, str]) -> Attempt:
    now = datetime.now(UTC)
    redact = redaction.of_file(site.folder("secrets"))  # an attempt is written to files
    return Attempt(
        id=releases.new_id(new, now),
        release="",
        kind=kind,
        who=who(os.environ),
        started=now.isoformat(timespec="milliseconds"),
        old=old,
        new=new,
        previous=site.live_release(),
        options={name: redact(why) for name, why in options.items()},
    )


def carry_out(site: Site, attempt: Attempt) -> bool:
    """Carry the attempt through and say whether it was accepted."""
    voice = Voice(redaction.of_file(site.folder("secrets")))
    attempt = replace(attempt, runner=processes.of(os.getpid()))
    doing = f"{'releasing' if attempt.kind == 'push' else 'going back to'} {attempt.new[:12]}"
    owner = lock.Owner(attempt.who, doing, attempt.started, os.getpid())
    work = Releasing(site, attempt, LocalRunner(), voice)
    try:
        with lock.held(site.lock, owner):
            settle(site, voice)
            return _under_lock(work)
    except Locked as error:
        _refuse(work, error)
        return False


def _under_lock(work: Releasing) -> bool:
    work.attempt = replace(work.attempt, previous=work.site.live_release())
    try:
        if work.attempt.kind == "push":
            push(work)
        else:
            rollback.carry_out(work, releases.read(work.site.releases / work.attempt.release))
    except Exception as error:  # noqa: BLE001  whatever it was, the pusher reads it and the row has it
        _refuse(work, error)
        return False
    work.voice.say(f"{work.attempt.release} is live")
    _afterwards(work)
    return True


def _afterwards(work: Releasing) -> None:
    """Nothing that fails from here on changes the verdict: the release is live."""
    try:
        accept(work)
        follow_up(work)
    except Exception as error:  # noqa: BLE001  the journal lets the next start go on from here
        work.voice.say(f"THE RELEASE IS LIVE, but what follows it stopped: {error}")
        work.voice.say(f"The next push or `fab finish:{work.site.name}` goes on from here.")


def _refuse(work: Releasing, error: Exception) -> None:
    """Say why, give the verdict, and write the row; the journal of another attempt stays."""
    work.voice.say(f"REFUSED: {_told(error)}")
    outcome = "refused" if isinstance(error, Refused | Locked) else "failed"
    reason = work.voice.redact(str(error))
    attempt = replace(work.attempt, outcome=outcome, reason=reason)
    try:
        record(work.site, work.repository, attempt, work.voice)
        unfinished = journal.load(work.site)
        if unfinished and unfinished.id == attempt.id:
            journal.clear(work.site)
    except OSError as fault:
        work.voice.say(f"The ledger could not be written: {fault}")
    finally:
        attempts.give_verdict(work.site, attempt.id, attempts.REFUSED)


def _told(error: Exception) -> str:
    """Return what happened; of a fault in the pipeline itself also where."""
    if isinstance(error, PipelineError | OSError):
        return str(error)
    return "".join(traceback.format_exception(error))


def finish(site: Site) -> bool:
    """Settle what an interrupted runner left, and run late migrations that are still pending."""
    voice = Voice(redaction.of_file(site.folder("secrets")))
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    owner = lock.Owner(who(os.environ), "finishing", now, os.getpid())
    try:
        with lock.held(site.lock, owner):
            settle(site, voice)
            return finish_pending(site, LocalRunner(), voice)
    except (PipelineError, OSError, ValueError) as error:
        voice.say(str(error))
        return False
