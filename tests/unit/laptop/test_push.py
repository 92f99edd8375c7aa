"""What `make up` pushes: the commit that is checked out, as it is."""

import os
import subprocess

import pytest

from laptop import push
from laptop.console import Console
from laptop.errors import LaptopError
from laptop.layout import Clone

ME = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null"}
ME |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "clone"
    run(tmp_path, "init", "-q", str(root))
    (root / "file").write_text("one")
    run(root, "add", "file")
    run(root, "commit", "-qm", "Begin: «so»")
    return root


def run(folder, *words):
    subprocess.run(["git", *words], cwd=folder, env=os.environ | ME, check=True)


def test_a_clean_clone_has_nothing_that_is_left_out(repository):
    head = push.head(Clone(repository))
    assert (head.subject, head.changed) == ("Begin: «so»", 0)
    assert len(head.commit) == 40


def test_changes_that_are_not_committed_are_counted(repository):
    (repository / "file").write_text("two")
    (repository / "new").touch()
    assert push.head(Clone(repository)).changed == 2


def test_a_shallow_clone_is_told_how_to_become_whole(repository, tmp_path):
    run(repository, "commit", "-q", "--allow-empty", "-m", "Second")
    run(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    with pytest.raises(LaptopError, match="git fetch --unshallow"):
        push.head(Clone(tmp_path / "shallow"))


def test_a_history_that_was_amended_is_refused_with_both_ways_out(repository, clone, sites):
    staging = sites[0]
    run(repository, "clone", "-q", "--bare", str(repository), str(staging.repository))
    run(staging.repository, "branch", "-f", "staging", "HEAD")
    run(repository, "commit", "-q", "--amend", "-m", "Begin otherwise")
    here = Clone(repository)
    with pytest.raises(LaptopError) as refusal:
        push.push(here, staging, push.head(here), Console())
    assert f"git fetch {staging.repository} staging && git merge" in str(refusal.value)
    assert "make fresh SITE=staging" in str(refusal.value)


def test_a_folder_that_is_no_clone_shows_what_git_says(tmp_path):
    with pytest.raises(LaptopError, match="not a git repository"):
        push.head(Clone(tmp_path))
