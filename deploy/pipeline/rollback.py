"""Back to a kept release: what it would do, whether it may, and doing it."""

from dataclasses import dataclass

from pipeline import further, migrations, releases, rolling, vassals
from pipeline import site as sites
from pipeline.errors import Refused
from pipeline.git import Repository
from pipeline.release import (
    check_still_current,
    probe_release,
    switch,
    undone_on_failure,
)
from pipeline.releases import Release
from pipeline.releasing import Releasing
from pipeline.runner import Runner
from pipeline.site import Site


@dataclass(frozen=True)
class RollbackPlan:
    """What a rollback does, in sentences that a person reads before it happens."""

    target: Release
    says: tuple[str, ...]
    refusal: str = ""


def target_of(site: Site, name: str | None) -> Release:
    """Return the kept release with this id or commit; without a name, the one before the live."""
    current = site.live_release()
    choices = [one for one in releases.kept(site) if one.id != current]
    if not choices:
        raise Refused(f"{site.name} keeps no other release to go back to.")
    if name is None:
        return _before(site, choices)
    found = [one for one in choices if one.id == name or one.commit.startswith(name)]
    if not found:
        known = "\n".join(f"  {one.id}" for one in choices)
        raise Refused(f"{site.name} keeps no release {name!r}. It keeps:\n{known}")
    return found[0]


def _before(site: Site, choices: list[Release]) -> Release:
    """Return the newest older release that the live one continues, else the newest older one.

    One that was itself gone back from is no part of the live one's history.
    """
    current, present = site.live_release() or "", releases.live(site)
    older = [one for one in choices if one.id < current]
    if not older:
        raise Refused(
            f"{current} is the oldest release that {site.name} keeps. Name a newer one with --to."
        )
    repository = Repository(site.repository)
    own = [one for one in older if present and repository.holds(one.commit, present.commit)]
    return (own or older)[0]


def plan(site: Site, runner: Runner, target: Release) -> RollbackPlan:
    """Ask the target which applied migrations it does not know, and the live release what they are.

    Early migrations only add, so the older code runs on the wider schema and nothing is reversed.
    A late one took something away that the older code needs: going back would lose data.
    """
    present = releases.live(site)
    ghosts = list(migrations.plan(site, runner, target, ghosts_allowed=True).ghosts)
    known = migrations.describe(site, runner, present, ghosts) if present else {}
    lost = [name for name in ghosts if known.get(name, {"late": True})["late"]]
    says = [_headline(site, runner, target, present)]
    says += [f"  stays applied, only adds: {name}" for name in ghosts if name not in lost]
    return RollbackPlan(target, tuple(says), _refusal(site, lost))


def _headline(site: Site, runner: Runner, target: Release, present: Release | None) -> str:
    repository = Repository(site.repository, runner)
    now = present.id if present else "nothing"
    return f"{site.name} goes from {now} to {target.id}: {repository.subject(target.commit)}"


def _refusal(site: Site, lost: list[str]) -> str:
    if not lost:
        return ""
    return (
        f"A rollback would lose data: {', '.join(lost)} already took away what the older release "
        f"needs. Release a commit that brings it back, or restore a backup: "
        f"fab manage:{site.name} restore"
    )


def _check(wanted: RollbackPlan) -> None:
    if wanted.refusal:
        raise Refused(wanted.refusal)


def carry_out(work: Releasing, target: Release) -> None:
    """Make a kept release live again; when this returns, the branch may move."""
    check_still_current(work)
    _check_target(work.site, target)
    rolling.check(work)
    work.note("received")
    with undone_on_failure(work):
        if work.site.has_pages:
            _boot(work, target)
        else:
            _check(plan(work.site, work.runner, target))
        rolling.release_others(work)
        further.check_still_carried(work)
        switch(work, target)


def _boot(work: Releasing, target: Release) -> None:
    with work.step("boot"):
        said_before = vassals.launch(work.site, target)
        _check(plan(work.site, work.runner, target))
        vassals.wait_until_ready(work.site, target, said_before)
    work.note("booted")
    probe_release(work, target, [])


def _check_target(site: Site, target: Release) -> None:
    """Refuse what went live meanwhile, or could not run any more, before anything is started."""
    if target.id == site.live_release():
        raise Refused(f"{target.id} is live already.")
    for needed in (target.python, target.libraries):
        if not needed.exists():
            raise Refused(f"{target.id} cannot run any more: {needed} is gone.")
    sites.load(site.file, example=target.folder / "deploy" / sites.EXAMPLE.name)
