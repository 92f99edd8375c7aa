"""What comes after a release is live and the branch names it: nothing here can refuse the push."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipeline import (
    attempts,
    build,
    cache,
    commands,
    journal,
    ledger,
    lock,
    releases,
    rolling,
    vassals,
)
from pipeline.errors import PipelineError
from pipeline.git import Repository
from pipeline.journal import Attempt
from pipeline.releases import Release
from pipeline.releasing import Releasing
from pipeline.runner import Runner
from pipeline.site import Site
from pipeline.voice import Voice

LATE_FAILED = "a late migration failed"
KEEP_LOGS_S = 90 * 24 * 3600


def follow_up(work: Releasing) -> None:
    """End the old release, run the late migrations when nothing of it is alive, prune, record."""
    if (
        work.attempt.kind == "rollback" and work.site.has_pages
    ):  # a push has drained while it was watched
        with work.step("drain"):
            time.sleep(float(work.site.facts["release"]["drain_s"]))
    with work.step("end of the old release"):
        end_others(work.site, keep=work.attempt.release)
    late_migrations(work)
    with suppress(OSError, PipelineError):
        prune(work.site, work.runner, work.voice)
    close(work, "live" if work.attempt.kind == "push" else "rolled back")


def end_others(site: Site, keep: str) -> None:
    """Let every other release end; wait only briefly, its requests and jobs may take longer."""
    running = {file.stem.partition("~")[0] for file in site.vassals.glob("*Z-*.ini")}
    for other in running - {keep}:
        vassals.stop(site, other)


def late_migrations(work: Releasing) -> None:
    """Run the late migrations, or leave them pending with the reason; the site stays as it is."""
    late = list(work.attempt.migrations.get("late", []))
    if not late:
        return
    reason = work.attempt.options.get("no-late-migrations") or run_late(
        work.site, work.runner, work.voice, float(work.site.facts["release"]["end_s"])
    )
    if reason:
        pending = {**work.attempt.migrations, "pending": late}
        work.attempt = replace(work.attempt, migrations=pending, reason=reason)
        work.voice.say(
            f"LATE MIGRATIONS PENDING ({', '.join(late)}): {reason}\n"
            f"The site is healthy on the new release. cron tries again; by hand: "
            f"fab finish:{work.site.name}"
        )


def run_late(site: Site, runner: Runner, voice: Voice, limit_s: float) -> str:
    """Run what is late once nothing of another release is alive anywhere; return why not, or ''."""
    release = releases.live(site)
    if release is None:
        return "no release is live"
    alive = wait_for_others(site, release, limit_s)
    if alive:
        return f"processes of {', '.join(alive)} are still alive"
    behind = rolling.behind(site, runner, release.commit, limit_s)
    if behind:
        return behind
    try:
        voice.say(runner.run(commands.migrate(site, release, "late")))
    except PipelineError as error:
        voice.say(str(error))
        return f"{LATE_FAILED}: {str(error).splitlines()[-1].strip(' |')}"
    return ""


def wait_for_others(site: Site, release: Release, limit_s: float) -> list[str]:
    """Return the releases that still have a process after the limit; each one holds its lock."""
    folder, end = releases.lock_file(site, release.id).parent, time.monotonic() + limit_s
    others = [path.name for path in folder.glob("*Z-*") if path.name != release.id]
    return [
        other
        for other in others
        if not vassals.wait_for_end(site, other, max(0.0, end - time.monotonic()))
    ]


def prune(site: Site, runner: Runner, voice: Voice) -> None:
    """Remove releases that are neither kept nor alive, and what only they needed."""
    _prune_logs(site)
    gone = _prune_releases(site)
    for name in [*gone, *cache.prune(site)]:
        voice.say(f"pruned {name}")
    release = releases.live(site)
    if gone and release:
        runner.run(commands.prune_static(site, release, releases.kept(site)))
    repository = Repository(site.repository, runner)
    _prune_pins(site, repository)
    repository.drop_broken_pushes()


def _prune_releases(site: Site) -> list[str]:
    gone = []
    current = site.live_release()
    kept = releases.kept(site)
    stay = kept[: int(site.facts["release"]["keep"])]
    for release in kept:
        alive = not lock.is_free(releases.lock_file(site, release.id))
        if release in stay or release.id == current or alive:
            continue
        build.remove(release.folder)
        vassals.forget(site, release.id)
        gone.append(release.id)
    return gone


def _prune_pins(site: Site, repository: Repository) -> None:
    """Let go of attempts that are older than every release that is kept; some never became one."""
    kept = releases.kept(site)
    for name in repository.pins():
        if kept and journal.ID.fullmatch(name) and name < kept[-1].id:
            repository.unpin(name)


def _prune_logs(site: Site) -> None:
    """Remove old logs of attempts, and of releases that are gone."""
    oldest = time.time() - KEEP_LOGS_S
    kept = {release.id for release in releases.kept(site)}
    for log in [*site.logs.glob("attempts/*"), *site.logs.glob("*Z-*.log*")]:
        if log.name.partition(".")[0] not in kept and log.stat().st_mtime < oldest:
            log.unlink(missing_ok=True)


def close(work: Releasing, outcome: str) -> None:
    """Write the attempt's one row, and forget the journal."""
    attempt = replace(work.attempt, outcome=outcome)
    row = record(work.site, work.repository, attempt, work.voice)
    journal.clear(work.site)
    work.voice.say(f"ledger row {row['n']}: {outcome}")
    attempts.end_file(work.site, attempt.id).touch()


def record(site: Site, repository: Repository, attempt: Attempt, voice: Voice) -> ledger.Row:
    """Append the attempt to the ledger; secrets are taken out of every text."""
    facts: dict[str, Any] = {
        "started": attempt.started,
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "kind": attempt.kind,
        "outcome": attempt.outcome,
        "who": attempt.who,
        "site": site.name,
        "attempt": attempt.id,
        "release": attempt.release,
        "from": attempt.old,
        "to": attempt.new,
        **_commit_facts(repository, attempt),
        "migrations": {"early": [], "late": [], "pending": [], **attempt.migrations},
        "options": {name: voice.redact(why) for name, why in attempt.options.items()},
        "steps": attempt.steps,
        **_host_facts(attempt, voice),
        "reason": voice.redact(attempt.reason),
        "log": str(attempts.log(site, attempt.id)),
    }
    return ledger.append(site.ledger, facts)


def _host_facts(attempt: Attempt, voice: Voice) -> dict[str, Any]:
    """Return what became of the other hosts; a site of one host has none."""
    told = {
        name: {
            key: voice.redact(fact) if isinstance(fact, str) else fact for key, fact in one.items()
        }
        for name, one in attempt.hosts.items()
    }
    return {"hosts": told} if told else {}


def _commit_facts(repository: Repository, attempt: Attempt) -> dict[str, Any]:
    """Return subject, count and diffstat; a refused commit may not be there any more."""
    try:
        return {
            "subject": repository.subject(attempt.new),
            "commits": repository.count(attempt.old, attempt.new),
            "diffstat": repository.diffstat(attempt.old, attempt.new),
        }
    except (PipelineError, ValueError):
        return {"subject": "", "commits": 0, "diffstat": ""}
