"""Every push that may not be: one clear line, no object left behind, nothing changed."""

import os
from datetime import UTC, datetime

import pytest
from tests.pipeline import ground as grounds
from tests.pipeline.ground import NAME

from pipeline import lock


@pytest.fixture
def refused(ground):
    """Check that a push was refused and has left no trace but its row."""

    def check(told, *fragments, commit=None, before):
        assert told.code != 0
        assert "REFUSED" in told.text, told.text
        for fragment in fragments:
            assert fragment in told.text, told.text
        assert ground.state() == before
        row = ground.rows[-1]
        assert (row["kind"], row["outcome"]) == ("push", "refused")
        if commit:
            assert not ground.has(commit)
            assert row["to"] == commit

    return check


def test_another_branch(ground, work, refused):
    before, commit = ground.state(), work.commit("To the wrong branch")
    told = work.push(what="HEAD:refs/heads/topic")
    refused(told, f"takes the branch {NAME} only, not topic", commit=commit, before=before)


def test_a_tag(ground, work, refused):
    before, commit = ground.state(), work.commit("As a tag")
    told = work.push(what="HEAD:refs/tags/v1")
    refused(told, f"takes the branch {NAME} only", commit=commit, before=before)


def test_several_refs(ground, work, refused):
    before, commit = ground.state(), work.commit("Twice")
    told = work.git(
        "push", work.remote, f"HEAD:refs/heads/{NAME}", "HEAD:refs/heads/more", check=False
    )
    refused(told, "takes one ref a push, not 2", commit=commit, before=before)


def test_a_deletion(ground, work, refused):
    before = ground.state()
    told = work.push(what=f":refs/heads/{NAME}")
    refused(told, "cannot be deleted", f"fab rollback:{NAME}", before=before)


def test_history_that_was_rewritten(ground, work, refused):
    work.commit("To be rewritten")
    assert work.push().code == 0
    before = ground.state()
    work.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "Rewritten")
    commit = work.head
    told = work.git("push", "--force", work.remote, f"HEAD:refs/heads/{NAME}", check=False)
    refused(told, "does not continue", commit=commit, before=before)


def test_an_unknown_option_gets_the_list(ground, work, refused):
    before, commit = ground.state(), work.commit("With an option")
    told = work.push("no-pip=hurry")
    refused(told, "no push option 'no-pip'", "no-late-migrations", commit=commit, before=before)


def test_an_option_without_a_reason(ground, work, refused):
    before, commit = ground.state(), work.commit("Without a reason")
    told = work.push("backup-first")
    refused(told, "needs a reason", commit=commit, before=before)


def test_a_busy_site_says_who_and_since_when(ground, work, refused):
    before, commit = ground.state(), work.commit("Too early")
    since = datetime.now(UTC).isoformat(timespec="seconds")
    with lock.held(ground.site.lock, lock.Owner("carol", "releasing abc", since, os.getpid())):
        told = work.push()
    refused(told, "carol is releasing abc", since, commit=commit, before=before)


def test_a_commit_that_is_no_release_of_studium(ground, work, refused):
    before = ground.state()
    work.git("rm", "--quiet", "app/manage.py")
    commit = work.commit("Forget how to start")
    refused(work.push(), "app/manage.py is missing", commit=commit, before=before)


def test_a_site_without_its_web_server(ground, work, refused):
    before, commit = ground.state(), work.commit("Nobody home")
    pid = ground.site.emperor_pid
    aside = pid.rename(pid.with_name("aside"))
    told = work.push()
    aside.rename(pid)
    refused(told, "is not running", "make up", commit=commit, before=before)


def test_an_option_with_a_reason_is_recorded(ground, work):
    work.commit("With a good reason")
    told = work.push("backup-first=the weekly copy is old")
    assert told.code == 0, told.text
    row = ground.rows[-1]
    assert row["options"] == {"backup-first": "the weekly copy is old"}
    assert "backup" in {step["name"] for step in row["steps"]}


def test_the_row_of_a_refused_push_is_whole(ground, work):
    commit = work.commit("For the record")
    work.push(what="HEAD:refs/heads/topic")
    row = ground.rows[-1]
    assert row["to"] == commit
    assert row["who"]
    assert "takes the branch" in row["reason"]
    assert grounds.ledger.verify(ground.site.ledger) == []
