"""Whatever ends in the middle of a release of several hosts: the old one everywhere, or the new."""

import pytest
from tests.pipeline import several, ssh
from tests.pipeline.chaos import finished, git_and_hooks, kill, stop_at
from tests.pipeline.conftest import MISSING
from tests.pipeline.ground import run, wait_until
from tests.pipeline.several import NOBODY, is_served, reboot


@pytest.fixture(scope="module")
def all_hosts(tmp_path_factory):
    missing = [*MISSING, *([] if ssh.SSHD else ["openssh-server"])]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with several.hosts(tmp_path_factory.mktemp("ssh")) as made:
        assert made.first_told.code == 0, made.first_told.text
        yield made


@pytest.fixture
def hosts(all_hosts):
    """The three hosts, on one commit before and after each test."""
    all_hosts.main.work.back_to(all_hosts.main.branch)
    yield all_hosts
    for ground in all_hosts.all:
        for left in ("chaos", "held"):
            (ground.site.root / left).unlink(missing_ok=True)
    all_hosts.meet()
    all_hosts.wait()
    all_hosts.assert_all_at(all_hosts.main.branch)


@pytest.fixture
def work(hosts):
    return hosts.main.work


@pytest.mark.parametrize("point", ["others", "switching", "between", "switched"])
def test_a_killed_runner_of_the_main_host(hosts, work, point):
    before, commit = hosts.main.branch, work.commit(f"Kill the main host's runner: {point}")
    stop_at(hosts.main, point)
    with several.visited(hosts.main, hosts.app2):
        told = work.push()
        finished(hosts.main)
    is_new = point == "switched"
    assert (told.code == 0) == is_new, told.text
    hosts.assert_all_at(commit if is_new else before)
    outcomes = [row["outcome"] for row in hosts.main.rows_of(commit)]
    assert outcomes == ["live" if is_new else "interrupted"]


def held(ground, work, point):
    """Start a push to the main host and hold this host's runner at the point; return both."""
    stop_at(ground, point, "wait")
    push = work.start_push()
    link = ground.site.root / "held"
    wait_until(link.is_symlink, limit_s=90, what=point)
    return push, link


def runner_of(ground):
    found = wait_until(lambda: run_ids(ground), what="the runner")
    return found[0]


def run_ids(ground):
    told = run("pgrep", "-f", f"pipeline carry --site {ground.site.file}", check=False).text
    return [int(word) for word in told.split()]


@pytest.mark.parametrize("name", ["app2", "jobs1"])
def test_the_main_host_loses_its_runner_while_another_is_releasing(hosts, work, name):
    """What is under way there is waited for, and taken back."""
    before, commit = hosts.main.branch, work.commit(f"Lose the runner while {name} releases")
    ground = getattr(hosts, name)
    with several.visited(hosts.main, hosts.app2):
        push, link = held(ground, work, "switching")
        runner = runner_of(hosts.main)
        kill(runner, *git_and_hooks(runner))
        push.communicate(timeout=60)
        assert hosts.main.site.journal.exists()
        link.unlink()
        finished(hosts.main)
    hosts.wait()
    hosts.assert_all_at(before)
    [row] = hosts.main.rows_of(commit)
    assert row["outcome"] == "interrupted"
    assert row["hosts"][name]["state"] == "put back"


def test_a_host_does_not_switch_for_a_main_host_that_has_given_up(hosts, work):
    before, commit = hosts.main.branch, work.commit("Give up while another boots")
    push, link = held(hosts.app2, work, "booted")
    runner = runner_of(hosts.main)
    kill(runner, *git_and_hooks(runner))
    push.communicate(timeout=60)
    link.unlink()
    hosts.wait_for(hosts.app2)
    [row] = hosts.app2.rows_of(commit)
    assert (row["outcome"], "given this release up" in row["reason"]) == ("refused", True)
    assert hosts.app2.answering == before
    finished(hosts.main)
    hosts.assert_all_at(before)


def test_another_host_loses_its_runner(hosts, work):
    before, commit = hosts.main.branch, work.commit("Lose the second host's runner")
    stop_at(hosts.app2, "booted")
    with several.visited(hosts.main, hosts.app2):
        told = work.push()
    assert told.code != 0
    hosts.assert_all_at(before)
    assert [row["outcome"] for row in hosts.main.rows_of(commit)] == ["failed"]


def test_a_host_that_vanishes_on_the_way_back_asks_by_itself(hosts, work):
    before, commit = hosts.main.branch, work.commit("Vanish on the way back")
    push, link = held(hosts.main, work, "switching")
    runner = runner_of(hosts.main)
    kill(runner, *git_and_hooks(runner))
    push.communicate(timeout=60)
    link.unlink()
    hosts.meet(app2=NOBODY)
    told = hosts.main.pipeline("finish")
    assert "app2 COULD NOT BE PUT BACK" in told.text
    assert hosts.commits == [before, commit, before]
    [row] = hosts.main.rows_of(commit)
    assert row["hosts"]["app2"]["state"] == "not put back"
    hosts.meet()
    assert hosts.app2.pipeline("finish").code == 0
    hosts.assert_all_at(before)


# --- boots --------------------------------------------------------------------------------------
def test_a_rebooted_host_answers_again_when_it_runs_what_is_live(hosts):
    reboot(hosts.app2)
    assert not is_served(hosts.app2)
    told = hosts.app2.pipeline("recover")
    assert told.code == 0, told.text
    assert is_served(hosts.app2)


def test_a_rebooted_host_takes_over_what_is_live_before_it_answers(hosts, work):
    commit = work.commit("Release while a host is down")
    hosts.meet(app2=NOBODY)
    assert work.push("without-host=app2: down").code == 0
    hosts.meet()
    reboot(hosts.app2)
    with several.visited(hosts.main) as seen:
        told = hosts.app2.pipeline("recover")
    assert told.code == 0, told.text
    assert set(seen) == {commit}
    assert hosts.app2.answering == commit
    hosts.assert_all_at(commit)


def test_a_rebooted_host_that_reaches_nobody_answers_nobody(hosts):
    hosts.meet(main=NOBODY)
    reboot(hosts.app2)
    told = hosts.app2.pipeline("finish")
    assert told.code != 0
    assert "does not answer before the main host has said what is live" in told.text
    assert "the main host cannot be reached" in told.text
    assert not is_served(hosts.app2)
    told = hosts.main.pipeline("finish")  # the other way works, so the main host tells it
    assert told.code == 0, told.text
    assert is_served(hosts.app2)


def test_a_host_does_not_follow_a_main_host_that_is_releasing(hosts, work):
    commit = work.commit("Ask in the middle")
    push, link = held(hosts.main, work, "switching")
    told = hosts.app2.pipeline("finish")
    assert "the main host is busy" in told.text
    link.unlink()
    push.communicate(timeout=60)
    assert push.returncode == 0
    hosts.assert_all_at(commit)


def test_a_new_host_fetches_what_is_live(hosts, work):
    """Before its first release a host has nothing, as after provisioning."""
    work.commit("Be there before the new host")
    hosts.meet(app2=NOBODY)
    assert work.push("without-host=app2: not there yet").code == 0
    hosts.meet()
    site = hosts.app2.site
    site.live.unlink()
    site.live_socket.unlink()
    run("git", "-C", site.repository, "update-ref", "-d", site.ref)
    for vassal in site.vassals.glob("*.ini"):
        vassal.unlink()
    told = hosts.app2.pipeline("recover")
    assert told.code == 0, told.text
    hosts.assert_all_at(hosts.main.branch)


def test_a_host_withdraws_what_never_became_live_on_the_main_host(hosts):
    """The very first release failed on the main host; nothing was live before it."""
    site = hosts.app2.site
    told = hosts.app2.pipeline("rollback", f"--to={'0' * 40}", "--reason=ann: the first attempt")
    assert told.code == 0, told.text
    assert site.live_release() is None
    assert not site.live_socket.is_symlink()
    assert "unknown revision" in hosts.app2.branch
    assert (hosts.app2.rows[-1]["who"], hosts.app2.rows[-1]["outcome"]) == ("ann", "rolled back")
    told = hosts.main.pipeline("finish")
    assert told.code == 0, told.text
    assert "app2 runs nothing" in told.text
