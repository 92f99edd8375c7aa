"""Finish or undo what an interrupted runner left, so that live, branch and journal agree again."""

from pipeline import journal, releases, vassals
from pipeline.errors import PipelineError
from pipeline.followup import follow_up, record
from pipeline.receive import emperor
from pipeline.release import Releasing, undo
from pipeline.runner import LocalRunner
from pipeline.site import Site
from pipeline.voice import Voice


def settle(site: Site, voice: Voice) -> None:
    """Bring the site to one clear state; the caller holds the lock."""
    attempt = journal.load(site)
    if attempt:
        _settle_attempt(Releasing(site, attempt, LocalRunner(), voice))
    serve_live(site, voice)


def _settle_attempt(work: Releasing) -> None:
    attempt, site = work.attempt, work.site
    work.voice.say(f"an earlier attempt was interrupted at «{attempt.phase}»: {attempt.id}")
    if site.live_release() == attempt.release:
        _finish(work)
    else:
        _undo(work)


def _finish(work: Releasing) -> None:
    """Let the branch name the release, which is live, and do what was left."""
    serve_live(work.site, work.voice)
    if work.repository.commit_of(work.site.ref) == work.attempt.old:
        work.repository.move(work.site.ref, work.attempt.new, work.attempt.old)
    follow_up(work)


def _undo(work: Releasing) -> None:
    undo(work)
    attempt = work.attempt.at(
        work.attempt.phase,
        outcome="interrupted",
        reason=f"the pipeline was ended at «{work.attempt.phase}»; the old release stayed live",
    )
    record(work.site, work.repository, attempt, work.voice)
    journal.clear(work.site)


def serve_live(site: Site, voice: Voice) -> None:
    """Re-make the live socket and start the live release if a reboot or an accident took them."""
    release = releases.live(site)
    if release is None or not emperor(site):
        return
    if not vassals.is_started(site, release.id):
        voice.say(f"starting the live release {release.id}")
        vassals.start(site, release)
    if vassals.serving(site) != release.id:
        vassals.switch(site, release.id)


def settle_quietly(site: Site, voice: Voice) -> None:
    """Settle, and say what went wrong instead of stopping the command that asked for it."""
    try:
        settle(site, voice)
    except PipelineError as error:
        voice.say(str(error))
