"""Late migrations that a release left pending: shown, retried, recorded once they are through."""

import os
from datetime import UTC, datetime

from pipeline import journal, ledger, migrations, releases
from pipeline.followup import LATE_FAILED, record, run_late
from pipeline.git import Repository
from pipeline.identity import who
from pipeline.runner import Runner
from pipeline.site import Site
from pipeline.voice import Voice

PATIENCE_S = 2.0  # a push must not meet a busy site because somebody's job takes its time


def finish_pending(site: Site, runner: Runner, voice: Voice) -> bool:
    """Run what is pending; return whether nothing is left."""
    release = releases.live(site) if site.is_main else None
    wanted = migrations.plan(site, runner, release, ghosts_allowed=True) if release else None
    if release is None or wanted is None:
        return True
    late = wanted.late or ledger.pending(ledger.read(site.ledger))  # ran, but no row says so yet
    if not late:
        return True
    started = datetime.now(UTC).isoformat(timespec="milliseconds")
    reason = run_late(site, runner, voice, PATIENCE_S) if wanted.late else ""
    voice.say(f"still pending: {reason}" if reason else "late migrations: done")
    attempt = journal.Attempt(
        id=releases.next_id(site, release.commit, datetime.now(UTC)),
        release=release.id,
        kind="finish",
        who=who(os.environ),
        started=started,
        old=release.commit,
        new=release.commit,
        previous=release.id,
        migrations={"late": list(late), "pending": list(late) if reason else []},
        outcome="pending" if reason else "finished",
        reason=reason,
    )
    if not reason or reason.startswith(LATE_FAILED):
        record(site, Repository(site.repository), attempt, voice)
    return not reason
