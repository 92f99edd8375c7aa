"""What an interrupted runner left is finished when its release is live, and undone when not."""

import os
import threading
from pathlib import Path

import pytest

from pipeline import attempts, followup, git, journal, ledger, live, lock, releases, settle, vassals
from pipeline.git import NOTHING, Repository
from pipeline.journal import Attempt
from pipeline.releases import Release
from pipeline.runner import RecordingRunner
from pipeline.voice import Voice


@pytest.fixture
def voice():
    return Voice()


@pytest.fixture
def served(site, repository, commit):
    """A site whose live release is `old`, and whose repository is the work tree's."""
    site.repository.symlink_to(repository.path)
    old = released(site, commit("Old"), "20260101T000000000000Z")
    live.switch(site, old.id)
    repository.git("update-ref", site.ref, old.commit)
    return old


def released(site, commit, at):
    folder = site.releases / f"{at}-{commit[:12]}"
    folder.mkdir(parents=True)
    made = Release(folder.name, commit, folder, Path("/env"), Path("/lib"))
    made.save()
    return made


def interrupted(site, release, old, phase):
    attempt = Attempt(
        id=release.id,
        release=release.id,
        kind="push",
        who="ann",
        started="2026-01-02T00:00:00+00:00",
        old=old.commit,
        new=release.commit,
        previous=old.id,
        phase=phase,
    )
    attempts.log(site, attempt.id).parent.mkdir(parents=True, exist_ok=True)
    return journal.save(site, attempt)


@pytest.mark.parametrize("phase", ["received", "built", "early", "booted", "switching"])
def test_before_the_switch_it_is_undone(site, served, commit, voice, phase):
    new = released(site, commit("New"), "20260102T000000000000Z")
    interrupted(site, new, served, phase)
    settle.settle(site, voice)
    assert site.live_release() == served.id
    assert not new.folder.exists()
    assert [row["outcome"] for row in ledger.read(site.ledger)] == ["interrupted"]
    assert journal.load(site) is None


def test_between_socket_and_link_it_is_undone(site, served, commit, voice):
    new = released(site, commit("New"), "20260102T000000000000Z")
    interrupted(site, new, served, "switching")
    vassals.switch(site, new.id)
    settle.settle(site, voice)
    assert vassals.serving(site) == site.live_release() == served.id


@pytest.mark.parametrize("phase", ["switching", "switched", "accepted"])
def test_once_live_it_is_finished_and_the_branch_names_it(
    site, served, repository, commit, voice, phase
):
    new = released(site, commit("New"), "20260102T000000000000Z")
    interrupted(site, new, served, phase)
    live.switch(site, new.id)
    vassals.file(site, served.id).write_text("[uwsgi]")
    settle.settle(site, voice)
    assert repository.commit_of(site.ref) == new.commit
    assert site.live_release() == new.id
    assert not vassals.file(site, served.id).exists()
    assert [row["outcome"] for row in ledger.read(site.ledger)] == ["live"]


def test_settling_twice_writes_one_row(site, served, commit, voice):
    new = released(site, commit("New"), "20260102T000000000000Z")
    interrupted(site, new, served, "switched")
    live.switch(site, new.id)
    settle.settle(site, voice)
    settle.settle(site, voice)
    assert len(ledger.read(site.ledger)) == 1


@pytest.mark.usefixtures("running")
def test_a_reboot_took_the_socket_and_it_is_made_again(site, served, voice):
    vassals.file(site, served.id).write_text("[uwsgi]")
    site.live_socket.unlink()
    settle.settle(site, voice)
    assert vassals.serving(site) == served.id


def test_nothing_to_settle_changes_nothing(site, voice):
    settle.settle(site, voice)
    assert ledger.read(site.ledger) == []


def test_a_release_with_a_living_process_is_not_pruned(site, served, commit, voice):
    many = [released(site, commit(str(n)), f"202602{n:02}T000000000000Z") for n in range(1, 9)]
    oldest = releases.lock_file(site, many[0].id)
    oldest.parent.mkdir()
    runner = RecordingRunner()
    with lock.held(oldest, lock.Owner("a job", "working", "now", 1)):
        followup.prune(site, runner, voice)
    kept = {release.id for release in releases.kept(site)}
    assert kept == {served.id, many[0].id, *(one.id for one in many[3:])}
    assert str(many[1].folder) not in str(runner.commands[0])
    assert str(many[0].folder / "staticfiles") in str(runner.commands[0])


def test_the_first_release_of_all_leaves_nothing_when_undone(site, repository, commit, voice):
    site.repository.symlink_to(repository.path)
    new = released(site, commit("First"), "20260102T000000000000Z")
    first = interrupted(site, new, new, "booted")
    journal.save(site, first.at("switching", old=NOTHING, previous=None))
    vassals.switch(site, new.id)
    settle.settle(site, voice)
    assert (vassals.serving(site), site.live_release()) == (None, None)


@pytest.mark.parametrize("name", ["refs/heads/staging.lock", "HEAD.lock", "packed-refs.lock"])
def test_a_lock_of_a_git_that_lost_its_power_does_not_stop_the_branch(
    site, served, commit, voice, name
):
    new = released(site, commit("New"), "20260102T000000000000Z")
    interrupted(site, new, served, "switched")
    live.switch(site, new.id)
    left = site.repository / name
    left.touch()
    os.utime(left, (1, 1))
    settle.settle(site, voice)
    assert Repository(site.repository).commit_of(site.ref) == new.commit
    assert not left.exists()


def test_a_lock_of_a_git_at_work_is_waited_for(site, served, commit, monkeypatch):
    monkeypatch.setattr(git, "LOCK_S", 0.5)
    repository, new = Repository(site.repository), commit("New")
    held = site.repository / "refs/heads/staging.lock"
    held.touch()
    threading.Timer(0.2, held.unlink).start()
    repository.move(site.ref, new, served.commit)
    assert repository.commit_of(site.ref) == new


def test_what_a_push_that_was_cut_off_had_sent_is_removed_after_a_day(site, served):
    repository = Repository(site.repository)
    old, young = (site.repository / f"objects/tmp_objdir-incoming-{name}" for name in "ab")
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (1, 1))
    repository.drop_broken_pushes()
    assert (old.exists(), young.exists()) == (False, True)
