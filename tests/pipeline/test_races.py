"""Of two pushes one deploys, and the other is told."""

import threading

from tests.pipeline.ground import wait_until

WAIT = """#!/bin/sh
# The refs of the site are known to git by now; what happens meanwhile it does not see.
touch {folder}/knows-the-refs
while [ ! -e {folder}/go-on ]; do sleep 0.05; done
"""


def test_of_two_pushes_at_once_one_is_live_and_the_other_reads_why(ground, work):
    other = ground.someone_else()
    commits = {work.commit("From here"): work, other.commit("From there"): other}
    told = {}
    threads = [
        threading.Thread(target=lambda c=commit, w=who: told.update({c: w.push()}))
        for commit, who in commits.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [commit for commit in commits if told[commit].code == 0]
    assert len(winners) == 1
    loser = told[next(commit for commit in commits if commit not in winners)]
    assert "REFUSED" in loser.text
    assert "is busy" in loser.text or "Nothing was changed" in loser.text
    assert "is releasing" in loser.text
    ground.assert_whole(winners[0])


def test_a_push_that_knows_only_the_branch_of_before_is_refused(ground, work, tmp_path):
    """It read the refs before an earlier push finished; git itself would notice too late."""
    other = ground.someone_else()
    stale = other.commit("Based on what was")
    hook = other.folder / ".git" / "hooks" / "pre-push"
    hook.write_text(WAIT.format(folder=tmp_path))
    hook.chmod(0o755)
    push = other.start_push()
    wait_until((tmp_path / "knows-the-refs").exists)
    fresh = work.commit("Quicker")
    assert work.push().code == 0
    before = ground.state()
    (tmp_path / "go-on").touch()
    text, _ = push.communicate(timeout=60)
    assert push.returncode != 0
    assert "while you pushed" in text or "does not continue" in text, text
    assert ground.state() == before
    assert [row["outcome"] for row in ground.rows_of(stale)] == ["refused"]
    ground.assert_whole(fresh)
