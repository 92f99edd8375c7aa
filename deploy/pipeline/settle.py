"""Bring a site to one clear state again: live link, socket, branch, journal and ledger agree.

The link ``live`` decides: an interrupted attempt whose release it names is finished, another is
undone, and the branch follows the link.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from pipeline import build, files, followup, journal, ledger, lock, releases, rolling, vassals
from pipeline.errors import JournalBroken, PipelineError
from pipeline.git import NOTHING, Repository
from pipeline.journal import Attempt
from pipeline.receive import emperor
from pipeline.release import let_branch_follow, point_branch, undo_here
from pipeline.releases import Release
from pipeline.releasing import Releasing
from pipeline.runner import LocalRunner
from pipeline.site import Site
from pipeline.voice import Voice


def settle(site: Site, voice: Voice) -> bool:
    """Put right what was left; say whether the live release is served. The caller holds the lock.

    What cannot be served is said only: the push that is to follow may be the cure.
    """
    Repository(site.repository).drop_stale_locks()
    _settle_attempt(site, voice)
    build.sweep(site)
    for folder in (site.root, site.run, site.vassals):
        files.remove_drafts(folder)
    _restore_live(site, voice)
    _align_branch(site, voice)
    try:
        return serve_live(site, voice)
    except PipelineError as error:
        voice.say(f"THE LIVE RELEASE DOES NOT START: {error}")
        return False


def interrupted(site: Site) -> str | None:
    """Return what was left half done, if nobody is at it."""
    try:
        attempt = journal.load(site)
    except JournalBroken as error:
        return str(error)
    return attempt.id if attempt and lock.is_free(site.lock) else None


def has_row(site: Site, attempt: Attempt) -> bool:
    """Say whether the ledger knows how the attempt ended."""
    return any(row.get("attempt") == attempt.id for row in ledger.read(site.ledger))


def _settle_attempt(site: Site, voice: Voice) -> None:
    try:
        attempt = journal.load(site)
    except JournalBroken as error:
        _set_aside(site, voice, str(error))
        return
    if attempt is None:
        return
    voice.say(f"an earlier attempt was interrupted at «{attempt.phase}»: {attempt.id}")
    work = Releasing(site, attempt, LocalRunner(), voice)
    if has_row(site, attempt):
        journal.clear(site)
    elif attempt.is_live(site):
        _finish(work)
    else:
        _undo(work)


def _set_aside(site: Site, voice: Voice, reason: str) -> None:
    voice.say(f"{reason}\nIt stands in {journal.set_aside(site)} now.")
    _record_drift(site, voice, reason)


def _finish(work: Releasing) -> None:
    """Let the branch name the release, which is live, and do what was left."""
    serve_live(work.site, work.voice)
    let_branch_follow(work)
    followup.follow_up(work)


def _undo(work: Releasing) -> None:
    phase = work.attempt.phase
    undo_here(work)
    if work.attempt.hosts:
        with suppress(PipelineError):  # it is said and tried again below
            serve_live(work.site, work.voice)
        rolling.put_back(work)
    outcome = work.attempt.outcome or "interrupted"
    reason = work.attempt.reason or f"the pipeline was ended at «{phase}»; nothing became live"
    attempt = replace(work.attempt, outcome=outcome, reason=reason)
    followup.record(work.site, work.repository, attempt, work.voice)
    journal.clear(work.site)


def _restore_live(site: Site, voice: Voice) -> None:
    """Make the link ``live`` again if somebody took it away."""
    if releases.live(site):
        return
    release = _answering(site) or _named_by_branch(site)
    if release:
        voice.say(f"the link {site.live} was gone; it names {release.id} again")
        files.point(site.live, release.folder)


def _answering(site: Site) -> Release | None:
    serving = vassals.serving(site)
    return next((one for one in releases.kept(site) if one.id == serving), None)


def _named_by_branch(site: Site) -> Release | None:
    commit = Repository(site.repository).commit_of(site.ref)
    return next((one for one in releases.kept(site) if one.commit == commit), None)


def _align_branch(site: Site, voice: Voice) -> None:
    """Let the branch follow what is live, if somebody moved it by hand; nothing is lost by it."""
    release, repository = releases.live(site), Repository(site.repository)
    branch = repository.commit_of(site.ref)
    if release is None or branch == release.commit:
        return
    if branch != NOTHING:
        repository.pin(f"aside/{releases.next_id(site, branch, datetime.now(UTC))}", branch)
    point_branch(site, repository, release.commit, voice)
    _record_drift(site, voice, f"{site.branch} named what is not live; it follows again", branch)


def _record_drift(site: Site, voice: Voice, reason: str, old: str | None = None) -> None:
    release, now = releases.live(site), datetime.now(UTC)
    commit = release.commit if release else NOTHING
    attempt = Attempt(
        id=releases.next_id(site, commit, now),
        release=release.id if release else "",
        kind="drift",
        who="pipeline",
        started=now.isoformat(timespec="milliseconds"),
        old=old or commit,
        new=commit,
        previous=release.id if release else None,
        outcome="finished",
        reason=reason,
    )
    followup.record(site, Repository(site.repository), attempt, voice)


def serve_live(site: Site, voice: Voice, *, is_confirmed: bool = False) -> bool:
    """Re-make the live socket and start the live release if a reboot or an accident took them.

    An application host that has just started must not answer with what may be old by now; it waits
    until the main host has confirmed what is live (catchup.py).
    """
    release = releases.live(site)
    if release is None or not site.has_pages or not emperor(site):
        return True
    if not (site.is_main or is_confirmed or vassals.serving(site)):
        voice.say(f"{release.id} does not answer before the main host has said what is live")
        return False
    if not vassals.is_started(site, release.id):
        voice.say(f"starting the live release {release.id}")
        vassals.start(site, release)
    if not vassals.is_served(site, release.id):
        vassals.switch(site, release.id)
    vassals.end_doubles(site, release.id)
    followup.end_others(site, keep=release.id)
    return True
