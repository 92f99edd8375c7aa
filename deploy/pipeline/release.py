"""Make a commit live, or leave everything as it was: the runner's part of a push.

The order reads from top to bottom in `_go_live`; the way back is `_undo`.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipeline import (
    attempts,
    build,
    commands,
    further,
    live,
    migrations,
    probe,
    releases,
    rolling,
    vassals,
)
from pipeline.errors import NotUndone, PipelineError, Refused, TookTooLong, Unhealthy
from pipeline.git import Repository
from pipeline.releases import Release
from pipeline.releasing import Releasing
from pipeline.site import Site
from pipeline.voice import Voice

WATCH_S = 0.25


def push(work: Releasing) -> None:
    """Carry out a push; when this returns, the release is live and the branch may move."""
    check_still_current(work)
    rolling.check(work)
    work.note("received")
    with undone_on_failure(work):
        work.repository.pin(work.attempt.id, work.attempt.new)
        _announce(work)
        _go_live(work)
        check_still_current(work)


@contextmanager
def undone_on_failure(work: Releasing) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        try:
            undo(work)
        except Exception as fault:  # noqa: BLE001  whatever it was, the journal must stay
            raise NotUndone(
                f"{error}\nThe way back failed too: {fault}. The next push or "
                f"`fab finish:{work.site.name}` goes on from here."
            ) from error
        raise


def check_still_current(work: Releasing) -> None:
    branch, attempt = work.repository.commit_of(work.site.ref), work.attempt
    if branch != attempt.old:
        raise Refused(
            f"{work.site.branch} went from {attempt.old[:12]} to {branch[:12]} while you pushed. "
            "Fetch it, merge, and push again."
        )


def _announce(work: Releasing) -> None:
    attempt, repository = work.attempt, work.repository
    work.voice.say(f"{work.site.name} takes {attempt.new[:12]}: {repository.subject(attempt.new)}")
    for line in repository.commits(attempt.old, attempt.new):
        work.voice.say(f"  {line}")


def _go_live(work: Releasing) -> None:
    site, attempt = work.site, work.attempt
    with work.step("build"):
        release = build.build(site, work.runner, attempt, work.voice.say)
    work.note("built")
    wanted = _plan(work, release)
    if site.is_main:
        _migrate(work, release, wanted)
    with work.step("check"):
        pages = check_release(work, release)
    if site.has_pages:
        boot(work, release, pages)
    rolling.release_others(work)
    further.check_still_carried(work)
    switch(work, release)
    if site.has_pages:
        with work.step("drain"):
            watch(work, release)


def _migrate(work: Releasing, release: Release, wanted: migrations.Plan) -> None:
    site, run = work.site, work.runner.run
    if "backup-first" in work.attempt.options:
        with work.step("backup"):
            run(commands.back_up(site, release))
    if wanted.early:
        with work.step("import check"):
            run(commands.check_release(site, release, "--before-migrations"))
        with work.step("early migrations"):
            work.voice.say(run(commands.migrate(site, release, "early")))
    work.note("early", migrations={"early": list(wanted.early), "late": list(wanted.late)})


def _plan(work: Releasing, release: Release) -> migrations.Plan:
    with work.step("migration plan"):
        if not work.site.is_main:
            return further.check_migrations(work, release)
        wanted = migrations.plan(work.site, work.runner, release)
        migrations.check(wanted, work.attempt.options)
    return wanted


def check_release(work: Releasing, release: Release) -> list[str]:
    """Let the release import itself and show its pages, in a process of its own."""
    flags = () if work.site.has_pages else ("--before-migrations",)  # a worker shows no page
    command = commands.check_release(work.site, release, *flags)
    try:
        return pages_of(work.runner.run(command))
    except TookTooLong as error:
        raise Unhealthy(f"{error}\nThe limit is release.import_s in site.toml.") from None


def pages_of(answer: str) -> list[str]:
    return list(json.loads(answer.strip().splitlines()[-1])["pages"])


def boot(work: Releasing, release: Release, pages: list[str]) -> None:
    """Start the release beside the live one and ask it on its own socket."""
    with work.step("boot"):
        vassals.start(work.site, release)
    work.note("booted")
    probe_release(work, release, pages)


def probe_release(work: Releasing, release: Release, pages: list[str]) -> None:
    with work.step("probe"):
        try:
            probe.probe(vassals.socket(work.site, release.id), work.site, release, pages)
        except PipelineError as error:
            raise type(error)(f"{error}\n{vassals.logs(work.site, release.id)}") from None


def switch(work: Releasing, release: Release) -> None:
    work.note("switching")
    with work.step("switch"):
        live.switch(work.site, release.id)
    work.note("switched")


def watch(work: Releasing, release: Release) -> None:
    """Ask the live socket while the old release ends its requests."""
    facts = work.site.facts["release"]
    end = time.monotonic() + float(facts["drain_s"])
    while time.monotonic() < end:
        limit_s = float(facts["probe_s"])
        answer = probe.ask(work.site.live_socket, work.site, "/health/ready/", limit_s)
        probe.check_ready(answer, release)
        time.sleep(min(WATCH_S, max(0.0, end - time.monotonic())))


def undo(work: Releasing) -> None:
    """Let the previous release answer again, here and on the other hosts."""
    undo_here(work)
    rolling.put_back(work)


def undo_here(work: Releasing) -> None:
    """Let the previous release answer again and remove what the attempt made."""
    site, attempt = work.site, work.attempt
    with suppress(OSError):  # a full disk must not keep us from going back
        work.note("undoing")
    had_visitors = attempt.release in {vassals.serving(site), site.live_release()}
    if had_visitors:
        live.switch_back(site, attempt.previous)
        work.voice.say(f"back on {attempt.previous or 'nothing: this was the first release'}")
    if attempt.kind == "push" and not had_visitors:
        vassals.end_unseen(site, attempt.release)
    else:  # a kept release may still be answering somebody from before
        vassals.stop(site, attempt.release)
        vassals.wait_for_end(site, attempt.release, float(site.facts["release"]["end_s"]))
    if attempt.kind == "push":
        build.remove(site.releases / attempt.release)
        vassals.forget(site, attempt.release)


def accept(work: Releasing) -> None:
    """Tell the hook that the branch may move, and see that it does."""
    attempts.give_verdict(work.site, work.attempt.id, attempts.ACCEPTED)
    let_branch_follow(work)


def let_branch_follow(work: Releasing) -> None:
    """See that the branch names what is live: git moves it, and without git we do."""
    _wait_for_git(work)
    point_branch(work.site, work.repository, work.attempt.new, work.voice)
    work.note("accepted")


def point_branch(site: Site, repository: Repository, commit: str, voice: Voice) -> str:
    """Let the branch name ``commit``, wherever it is now; return where it was."""
    branch = repository.commit_of(site.ref)
    if branch != commit:
        repository.move(site.ref, commit, branch)
        voice.say(f"{site.branch} was moved from {branch[:12]} to {commit[:12]} by the pipeline")
    return branch


def _wait_for_git(work: Releasing, limit_s: float = 60) -> None:
    """Give git the time to move the branch, as long as it is there to do it."""
    git, end = work.attempt.receive_pack, time.monotonic() + limit_s
    while git and git.is_alive() and time.monotonic() < end:
        if work.repository.commit_of(work.site.ref) == work.attempt.new:
            return
        time.sleep(0.05)


def live_before(site: Site) -> str | None:
    release = releases.live(site)
    return release.id if release else None
