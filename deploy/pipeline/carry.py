"""The runner: carries one attempt through under the lock, in a session of its own.

It outlives the client, the hooks and git: it alone knows whether the release is live, moves the
branch when git is no longer there to do it, and does everything after it, once.
"""

import errno
import os
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline import (
    attempts,
    follow,
    further,
    journal,
    lock,
    options,
    processes,
    redaction,
    releases,
    rollback,
    rolling,
    turn,
)
from pipeline.errors import Interrupted, Locked, NotUndone, PipelineError, Refused, StepFailed
from pipeline.followup import follow_up, record
from pipeline.git import Repository
from pipeline.identity import who
from pipeline.journal import Attempt
from pipeline.pending import finish_pending
from pipeline.release import accept, live_before, push
from pipeline.releasing import Releasing
from pipeline.runner import LocalRunner
from pipeline.settle import has_row, settle
from pipeline.site import Site
from pipeline.voice import Voice


def attempt_for_push(site: Site, old: str, new: str, given: Mapping[str, str]) -> Attempt:
    attempt = _attempt(site, "push", old, new, given)
    return replace(attempt, release=attempt.id)


def attempt_for_rollback(site: Site, target: releases.Release, given: Mapping[str, str]) -> Attempt:
    old = Repository(site.repository).commit_of(site.ref)
    attempt = _attempt(site, "rollback", old, target.commit, given)
    return replace(attempt, release=target.id)


def _attempt(site: Site, kind: str, old: str, new: str, given: Mapping[str, str]) -> Attempt:
    now = datetime.now(UTC)
    redact = redaction.of_file(site.folder("secrets"))  # an attempt is written to files
    return Attempt(
        id=releases.next_id(site, new, now),
        release="",
        kind=kind,
        who=options.sender(given) or who(os.environ),
        started=now.isoformat(timespec="milliseconds"),
        old=old,
        new=new,
        previous=site.live_release(),
        options={name: redact(why) for name, why in given.items()},
    )


def start(site: Site, attempt: Attempt, code: Path = follow.CODE) -> bool:
    """Let a runner of this code carry the attempt through; say whether its release is live."""
    runner = follow.start_runner(site, attempt, code)
    accepted = follow.follow_to_verdict(site, attempt, runner)
    if not accepted and not attempts.verdict(site, attempt.id):
        _bury(site, attempt)
    return accepted


def _bury(site: Site, attempt: Attempt) -> None:
    """Undo at once what a killed runner has left, and see that the attempt has its row."""
    voice = Voice(redaction.of_file(site.folder("secrets")))
    work = Releasing(site, attempt, LocalRunner(), voice)
    try:
        with lock.held(site.lock, _owner(attempt, "cleaning up after")):
            settle(site, voice)
            if not has_row(site, attempt):
                _refuse(work, Interrupted("the pipeline was ended before it had begun"))
    except (PipelineError, OSError) as error:
        voice.say(f"{error}\nThe next push or `fab finish:{site.name}` cleans up.")


def _owner(attempt: Attempt, doing: str) -> lock.Owner:
    return lock.Owner(attempt.who, f"{doing} {attempt.new[:12]}", attempt.started, os.getpid())


def carry_out(site: Site, attempt: Attempt) -> bool:
    """Carry the attempt through and say whether it was accepted."""
    voice = Voice(redaction.of_file(site.folder("secrets")))
    attempt = replace(attempt, runner=processes.of(os.getpid()))
    doing = "releasing" if attempt.kind == "push" else "going back to"
    work = Releasing(site, attempt, LocalRunner(), voice)
    try:
        turn.owner_after_patience(site)
        with lock.held(site.lock, _owner(attempt, doing)):
            settle(site, voice)
            return _under_lock(work)
    except (PipelineError, OSError) as error:  # busy, or what was left half done resists
        _refuse(work, error)
        return False


def _under_lock(work: Releasing) -> bool:
    work.attempt = replace(work.attempt, previous=live_before(work.site))
    try:
        further.check_still_wanted(work)
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
    error = _without_space(work.site, error)
    work.voice.say(f"REFUSED: {_told(error)}")
    attempt = replace(work.attempt, outcome=_outcome(error), reason=work.voice.redact(str(error)))
    begun = follow.unfinished(work.site, attempt.new)
    is_ours = begun is not None and begun.id == attempt.id
    try:
        if is_ours:  # a row that cannot be written now is written by the next start
            journal.save(work.site, attempt)
        if not isinstance(error, NotUndone):
            record(work.site, work.repository, attempt, work.voice)
            if is_ours:
                journal.clear(work.site)
    except OSError as fault:
        work.voice.say(f"The ledger could not be written: {fault}")
    with suppress(OSError):  # without a verdict, what is live decides
        attempts.give_verdict(work.site, attempt.id, attempts.REFUSED)


def _without_space(site: Site, error: Exception) -> Exception:
    """Return the error, or what to do about it when the disk is full."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return StepFailed(f"No space left on the disk of {site.root}. Free some, and push again.")
    return error


def _outcome(error: Exception) -> str:
    if isinstance(error, Interrupted):
        return "interrupted"
    return "refused" if isinstance(error, Refused | Locked) else "failed"


def _told(error: Exception) -> str:
    """Return what happened; of a fault in the pipeline itself also where."""
    if isinstance(error, PipelineError | OSError):
        return str(error)
    return "".join(traceback.format_exception(error))


def finish(site: Site) -> bool:
    """Settle what an interrupted runner left, on all hosts, and run late migrations that wait."""
    voice = Voice(redaction.of_file(site.folder("secrets")))
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    owner = lock.Owner(who(os.environ), turn.FINISHING, now, os.getpid())
    runner = LocalRunner()
    try:
        with lock.held(site.lock, owner):
            is_served = settle(site, voice)
            if not site.others:
                return finish_pending(site, runner, voice) and is_served
        seen = rolling.look(site, runner)  # a host that is down takes its time: nobody waits for it
        with lock.held(site.lock, owner):
            is_equal = rolling.make_equal(site, runner, voice, seen)
            return finish_pending(site, runner, voice) and is_served and is_equal
    except (PipelineError, OSError, ValueError) as error:
        voice.say(str(error))
        return False
