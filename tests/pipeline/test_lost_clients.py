"""Whatever becomes of the client, the release is finished: live = branch, the rest done once."""

import os
import signal
from pathlib import Path

import pytest
from tests.pipeline.ground import migration, wait_until
from tests.pipeline.test_migrations import MARK

MOMENTS = {"while it is built": "takes", "while the old one drains": "switch:"}


def interrupt(push):
    os.killpg(push.pid, signal.SIGINT)  # what a terminal does on Ctrl-C


def kill(push):
    push.send_signal(signal.SIGKILL)


@pytest.fixture
def survives(ground, work):
    """Lose the client of a push at a moment, and check what has become of the release."""

    def check(lose, moment, **more):
        migration(work, "mark", "migrations.RunPython(mark)", late=True, prelude=MARK)
        commit = work.commit(f"Lose the client {moment}")
        push = work.start_push(**more)
        read_until(push, MOMENTS[moment])
        lose(push)
        assert push.wait(20) != 0
        push.stdout.close()
        rows = wait_until(lambda: ground.rows_of(commit), what="the row in the ledger")
        wait_until(lambda: not ground.site.journal.exists(), what="the end of the runner")
        assert [row["outcome"] for row in rows] == ["live"]
        ground.assert_whole(commit)
        mark = ground.site.folder("media") / "late-ran"
        assert mark.read_text().split() == [ground.site.live_release()]
        mark.unlink()
        assert len(list(ground.site.vassals.glob("*.ini"))) == 1
        assert ground.pipeline("finish").code == 0
        assert len(ground.rows_of(commit)) == 1
        assert not mark.exists()

    return check


def read_until(push, fragment):
    lines = []
    for line in push.stdout:
        lines.append(line)
        if fragment in line:
            return
    pytest.fail("".join(lines))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("lose", [interrupt, kill])
def test_a_client_on_this_machine_is_lost(survives, lose, moment):
    survives(lose, moment)


@pytest.mark.parametrize(("lose", "moment"), list(zip([interrupt, kill], MOMENTS, strict=True)))
def test_a_client_behind_ssh_is_lost(survives, ground, by_ssh, lose, moment):
    survives(lose, moment, env=by_ssh.environment, remote=by_ssh.url(ground.site.repository))


def test_git_itself_is_killed_on_the_server(survives):
    def kill_receive_pack(push):
        for pid in children(push.pid):
            os.kill(pid, signal.SIGKILL)

    survives(kill_receive_pack, "while it is built")


def children(pid):
    lists = [thread / "children" for thread in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for file in lists for child in file.read_text().split()]


def test_a_push_by_ssh_shows_all_and_ends_well(ground, work, by_ssh):
    commit = work.commit("By ssh")
    push = work.start_push(env=by_ssh.environment, remote=by_ssh.url(ground.site.repository))
    text, _ = push.communicate(timeout=60)
    assert push.returncode == 0, text
    assert "is live" in text
    assert "ledger row" in text
    ground.assert_whole(commit)
