"""What a further host does differently in a release: it never migrates, and it follows the main."""

from datetime import UTC, datetime, timedelta

from pipeline import ledger, migrations, options, remote
from pipeline.errors import Refused, Unreachable
from pipeline.releases import Release
from pipeline.releasing import Releasing
from pipeline.remote import State
from pipeline.runner import Runner
from pipeline.site import Site

CATCH_UP = "catch-up"  # option of an attempt that this host has begun by itself
RETRY = timedelta(minutes=30)


def check_migrations(work: Releasing, release: Release) -> migrations.Plan:
    """Refuse a release whose early migrations the main host has not applied.

    Migrations that this release does not know are the main host's business: it has checked them
    before it went back.
    """
    wanted = migrations.plan(work.site, work.runner, release, ghosts_allowed=True)
    if wanted.early:
        raise Refused(
            f"Early migrations of this release are not applied yet: {', '.join(wanted.early)}. "
            "Only the main host migrates; release there, and it hands the release over to here."
        )
    return wanted


def ask_main(site: Site, runner: Runner) -> State:
    """Return the main host's state; raise Unreachable."""
    if site.main_host is None:
        raise Unreachable(f"{site.file} names no main host.")
    return remote.state(site, runner, site.main_host)


def check_still_wanted(work: Releasing) -> None:
    """Refuse to catch up with what the main host has left meanwhile; the caller holds our lock.

    From here on the main host meets a busy host, so its answer stays true.
    """
    if CATCH_UP not in work.attempt.options:
        return
    now = ask_main(work.site, work.runner)
    if not now.is_at_rest or now.commit != work.attempt.new:
        raise Refused("The main host is releasing; what it makes live is asked for again later.")


def check_still_carried(work: Releasing) -> None:
    """Refuse to switch when the main host has given this release up meanwhile.

    Its runner may have been killed after it had sent everything. When it cannot be asked, we go on:
    it waits for us, as we hold our lock, and lets us go back.
    """
    carried = options.carried_attempt(work.attempt.options)
    if not carried:
        return
    try:
        now = ask_main(work.site, work.runner).facts
    except Unreachable:
        return
    if now.get("handing_over", carried) != carried:
        raise Refused("The main host has given this release up meanwhile.")


def failed_lately(site: Site) -> str | None:
    """Return the commit that this host could not take over a short while ago."""
    rows = [row for row in ledger.read(site.ledger) if row.get("kind") in {"push", "rollback"}]
    if site.is_main or not rows or rows[-1]["outcome"] != "failed":
        return None
    ended = datetime.fromisoformat(rows[-1]["finished"])
    return str(rows[-1]["to"]) if datetime.now(UTC) - ended < RETRY else None
