"""What stays of the releases before: where a rollback goes, which commits are held on to."""

from pathlib import Path

import pytest

from pipeline import followup, releases, rollback
from pipeline.errors import Refused
from pipeline.releases import Release


@pytest.fixture
def release(site, repository):
    """Make a kept release of a commit; each one is newer than the one before."""
    if not site.repository.exists():
        site.repository.symlink_to(repository.path)
    count = iter(range(1, 9))

    def make(commit, *, live=False):
        folder = site.releases / f"2026010{next(count)}T000000000000Z-{commit[:12]}"
        folder.mkdir(parents=True)
        Release(folder.name, commit, folder, Path("/env"), Path("/lib")).save()
        if live:
            site.live.symlink_to(folder)
        return folder.name

    return make


def test_a_rollback_goes_to_the_newest_one_that_the_live_one_continues(site, release, git, commit):
    first = commit("First")
    wanted = release(first)
    release(commit("Gone back from"))
    git("reset", "-q", "--hard", first)
    release(commit("Better"), live=True)
    assert rollback.target_of(site, None).id == wanted


def test_a_rollback_from_an_unrelated_history_goes_to_the_newest_older_one(
    site, release, git, commit
):
    wanted = release(commit("Of another history"))
    git("checkout", "-q", "--orphan", "new")
    release(commit("A new beginning"), live=True)
    assert rollback.target_of(site, None).id == wanted


def test_a_rollback_from_the_oldest_names_the_way(site, release, commit):
    release(commit("Oldest"), live=True)
    release(commit("Newer"))
    with pytest.raises(Refused, match="Name a newer one with --to"):
        rollback.target_of(site, None)


def test_attempts_older_than_every_kept_release_are_let_go(site, release, repository, commit):
    one = commit()
    oldest = release(one, live=True)
    failed_before, failed_after = (
        f"{day}T000000000000Z-{one[:12]}" for day in (20251231, 20260105)
    )
    for name in (failed_before, oldest, failed_after, "aside/20251231T000000000000Z-0123456789ab"):
        repository.pin(name, one)
    followup._prune_pins(site, repository)
    assert failed_before not in repository.pins()
    assert len(repository.pins()) == 3


def test_without_a_kept_release_nothing_is_let_go(site, repository, commit):
    repository.pin("20260101T000000000000Z-0123456789ab", commit())
    followup._prune_pins(site, repository)
    assert len(repository.pins()) == 1
    assert releases.kept(site) == []
