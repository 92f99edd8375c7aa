"""Power cuts, reboots, full disks and killed services: one release answers, all mends itself."""

import re
import sys
import time
from contextlib import ExitStack

import pytest
from tests.fleet import bench, disks, fleet
from tests.fleet.visitors import Crowd, Newcomer, Reader
from tests.pipeline.ground import migration

SLOW = "import time\n\ndef wait(apps, editor):\n    time.sleep(40)\n"
TOLD_WITHOUT_SPACE = "MB are free|No space left|unable to create temporary"  # git says the last
SLOWLY = ("waits", "migrations.RunPython(wait)")


@pytest.fixture(scope="module")
def on_its_own_disk(machine, tmp_path_factory):
    """A host of its own, on a disk that forgets what was not written to it; the bench is live."""
    if reason := disks.missing():
        pytest.skip(reason)
    host = disks.HostWithDisk("staging")
    try:
        host.create(fleet.baked(), fleet.image.tree())
        host.start()
        host.wait()
        work = fleet.Work(tmp_path_factory.mktemp("chaos") / "clone")
        bench.add_to(work)
        told = work.push(host)
        assert told.returncode == 0, told.stdout
        bench.make_people(host)
        yield host, work
    finally:
        host.destroy()


@pytest.fixture
def host(on_its_own_disk):
    host, _ = on_its_own_disk
    yield host
    if not host.is_on:
        host.start()
    bench.wait_until_it_answers(host, bench.branch(host))


@pytest.fixture
def work(host, on_its_own_disk):
    _, work = on_its_own_disk
    return bench.at_what_is_live(host, work)


def assert_back(host, work, *commits, limit_s=60):
    """One of the commits answers by itself, all agrees, and the next push is live."""
    found = bench.wait_until_it_answers(host, *commits, limit_s=limit_s)
    assert host.wait() == "running"
    bench.wait_until_settled(host)
    bench.assert_whole(host, found)
    git = f"runuser -u deploy -- git -C {bench.ROOT}/repository.git"
    assert host.ssh(f"{git} fsck --no-dangling 2>&1").stdout.strip() == ""
    bench.at_what_is_live(host, work)
    following = work.commit("Go on")
    told = work.push(host)
    assert told.returncode == 0, told.stdout
    bench.assert_whole(host, following)
    return found


# --- power cuts and reboots -----------------------------------------------------------------------
BEFORE = ("build", "booted", "between")
AFTER = ("switched", "drain", "verdict", "row")


@pytest.mark.parametrize("point", [*BEFORE, *AFTER])
def test_a_power_cut_during_a_release(host, work, point):
    old, new = bench.live(host), work.commit(f"Cut the power: {point}")
    with bench.held_at(host, point, work) as push:
        host.cut_power()
    host.start()
    assert_back(host, work, old if point in BEFORE else new)
    outcomes = [row["outcome"] for row in bench.rows(host, new)]
    assert outcomes == ["interrupted" if point in BEFORE else "live"]
    code, text = bench.ended(push)
    assert code != 0 or point in AFTER, text  # who was told that it is live was told the truth


def test_a_power_cut_in_the_middle_of_a_migration(host, work):
    """PostgreSQL forgets its first half; the next push applies it whole."""
    old, name = bench.live(host), migration(work, *SLOWLY, prelude=SLOW)
    work.commit("Migrate slowly")
    push = work.start_push(host)
    bench.wait_until(lambda: "migrate_phase" in host.ssh("ps -ef").stdout, what="the migration")
    host.cut_power()
    host.start()
    assert_back(host, work, old)
    done = bench.sql(host, "SELECT name FROM django_migrations WHERE app = 'bench'")
    assert name.partition(".")[2] not in done
    assert bench.ended(push)[0] != 0


def test_a_power_cut_right_after_a_push_forgets_nothing_of_it(host, work):
    """Who was told that it is live finds it live, and whole, a minute later."""
    new = work.commit("Be remembered")
    told = work.push(host)
    host.cut_power()
    assert told.returncode == 0, told.stdout
    host.start()
    assert assert_back(host, work, new) == new


@pytest.mark.parametrize("point", ["build", "drain"])
def test_a_reboot_during_a_release(host, work, point):
    old, new = bench.live(host), work.commit(f"Reboot: {point}")
    began = time.monotonic()
    with bench.held_at(host, point, work) as push:
        bench.reboot(host)
    assert_back(host, work, old if point in BEFORE else new)
    sys.stdout.write(f"back after {time.monotonic() - began:.1f} s")
    assert bench.ended(push)[0] != 0


def test_a_reboot_in_the_middle_of_a_migration_does_not_wait_for_it(host, work):
    old = bench.live(host)
    migration(work, *SLOWLY, prelude=SLOW)
    work.commit("Migrate slowly")
    push = work.start_push(host)
    bench.wait_until(lambda: "migrate_phase" in host.ssh("ps -ef").stdout, what="the migration")
    bench.reboot(host)
    assert_back(host, work, old)
    assert bench.ended(push)[0] != 0


def test_a_reboot_at_idle_is_an_interruption_and_no_more(host, work):
    live = bench.live(host)
    with Crowd(host, Reader, Newcomer) as crowd:
        time.sleep(1)
        bench.reboot(host)
        bench.wait_until_it_answers(host, live)
        back_s = crowd.now_s
        time.sleep(3)
    sys.stdout.write(f"{back_s:.1f} s\n{crowd.report()}")
    assert crowd.failures
    assert [failure for failure in crowd.failures if failure.at_s > back_s + 1] == []
    assert host.wait() == "running"
    bench.assert_whole(host, live)


# --- a full disk ----------------------------------------------------------------------------------
def test_a_push_to_a_disk_that_is_nearly_full_is_refused_before_it_begins(host, work):
    live = bench.live(host)
    work.commit("Find no room")
    with host.with_free(200):
        told = work.push(host)
        assert bench.live(host) == live
    assert told.returncode != 0
    assert "MB are free on staging, a release wants 300" in told.stdout
    assert_back(host, work, live)


@pytest.mark.parametrize("point", ["build", "early", "drain"])
def test_a_disk_that_fills_up_during_a_push(host, work, point):
    """The site answers all the time; what was decided stays decided; space brings all back."""
    old, new = bench.live(host), work.commit(f"Fill the disk: {point}")
    with Crowd(host, Reader, Newcomer) as crowd, ExitStack() as filled:
        with bench.held_at(host, point, work) as push:
            filled.enter_context(host.with_free(0))
        code, text = bench.ended(push)
        time.sleep(1)
    assert crowd.failures == []
    assert (code == 0) == (bench.live(host) == new), text
    assert code == 0 or "No space left" in text or "disk: " in text, text
    host.ssh("systemctl start studium-finish")  # as its timer does each five minutes
    assert_back(host, work, old, new)
    assert len(bench.rows(host, new)) == 1


def test_a_full_disk_while_people_read(host, work):
    live, commit = bench.live(host), work.commit("Find no room at all")
    with Crowd(host, Reader, Newcomer) as crowd, host.with_free(0):
        time.sleep(5)
        report = fleet.ask(host, "/health/ready/")
        told = work.push(host)
    assert report.status == 503
    assert not report.json()["checks"]["disk"]["ok"]
    assert told.returncode != 0
    assert re.search("MB are free|No space left|unable to create temporary", told.stdout), (
        told.stdout
    )
    assert crowd.failures == []
    assert bench.rows(host, commit)[1:] == []
    assert_back(host, work, live)


# --- services -------------------------------------------------------------------------------------
def recovers(host, line, *, limit_s=30):
    """Do something to the host under a crowd; return what went wrong after it answers again."""
    live = bench.live(host)
    with Crowd(host) as crowd:
        time.sleep(1)
        host.ssh(line)
        bench.wait_until_it_answers(host, live, limit_s=limit_s)
        back_s = crowd.now_s
        time.sleep(4)
    sys.stdout.write(f"answered again at {back_s:.1f} s\n{crowd.report()}")
    bench.assert_whole(host, live)
    assert set(map(str, crowd.written)) <= set(bench.sql(host, "SELECT id FROM bench_note"))
    return crowd, [failure for failure in crowd.failures if failure.at_s > back_s + 1]


@pytest.mark.parametrize(
    "line",
    [
        "systemctl restart postgresql",
        "pkill -9 -u postgres -o postgres",
        "systemctl kill -s KILL --kill-whom=main studium-emperor",
        "systemctl kill -s KILL studium-emperor",
        "systemctl restart nginx",
        "pkill -9 -x nginx",
    ],
)
def test_a_service_that_is_ended_comes_back_and_the_site_with_it(host, work, line):
    assert recovers(host, line)[1] == []
    assert host.wait() == "running"


def test_an_nginx_that_is_reloaded_loses_nobody(host, work):
    crowd, _ = recovers(host, "systemctl reload nginx")
    assert crowd.failures == []


def test_a_log_that_is_rotated_loses_nobody(host, work):
    crowd, _ = recovers(host, "logrotate --force /etc/logrotate.conf")
    assert crowd.failures == []
