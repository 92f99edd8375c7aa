from dataclasses import replace

import pytest

from pipeline import lock, receive
from pipeline.errors import Locked, Refused
from pipeline.git import NOTHING
from pipeline.receive import Update

STAGING = "refs/heads/staging"
WHOLE = dict.fromkeys(receive.NEEDED, "content")


def test_a_commit_that_continues_the_branch_may_go_on(running, repository, commit):
    old = commit(**WHOLE)
    new = commit(**{"app/new.py": ""})
    pushed = Update(old, new, STAGING)
    assert receive.check(running, repository, [pushed]) == pushed


def test_the_first_push_may_go_on(running, repository, commit):
    pushed = Update(NOTHING, commit(**WHOLE), STAGING)
    assert receive.check(running, repository, [pushed]) == pushed


def test_another_branch_is_refused_with_the_right_command(running, repository, commit):
    pushed = Update(NOTHING, commit(**WHOLE), "refs/heads/dev")
    with pytest.raises(Refused, match="git push pn-staging dev:staging"):
        receive.check(running, repository, [pushed])


def test_several_refs_are_refused(running, repository, commit):
    pushed = Update(NOTHING, commit(**WHOLE), STAGING)
    with pytest.raises(Refused, match="one ref a push, not 2"):
        receive.check(running, repository, [pushed, replace(pushed, ref="refs/tags/v1")])


def test_deleting_the_branch_is_refused(running, repository, commit):
    with pytest.raises(Refused, match="cannot be deleted"):
        receive.check(running, repository, [Update(commit(), NOTHING, STAGING)])


def test_going_back_by_force_is_refused_with_the_remedy(running, repository, commit):
    old = commit(**WHOLE)
    new = commit(**{"app/new.py": ""})
    with pytest.raises(Refused, match="fab rollback:staging"):
        receive.check(running, repository, [Update(new, old, STAGING)])


def test_a_commit_that_is_no_release_is_refused(running, repository, commit):
    with pytest.raises(Refused, match=r"app/manage\.py is missing"):
        receive.check(running, repository, [Update(NOTHING, commit(), STAGING)])


def test_a_site_without_a_web_server_is_refused(site, repository, commit):
    with pytest.raises(Refused, match="make up"):
        receive.check(site, repository, [Update(NOTHING, commit(**WHOLE), STAGING)])


def test_a_busy_site_says_who_since_when(running, repository, commit):
    pushed = [Update(NOTHING, commit(**WHOLE), STAGING)]
    ann = lock.Owner("ann", "releasing abc", "noon", 7)
    busy = pytest.raises(Locked, match="staging is busy: ann is releasing abc since noon")
    with lock.held(running.lock, ann), busy:
        receive.check(running, repository, pushed)


def test_git_ends_its_lines(running):
    assert receive.updates([f"{NOTHING} {NOTHING} {STAGING}\n"])[0].ref == STAGING
