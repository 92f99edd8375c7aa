"""A site of three hosts: the release is live on all of them or on none."""

import socket

import pytest
from tests.pipeline import several, ssh
from tests.pipeline.conftest import MISSING
from tests.pipeline.ground import ADD, DROP, migration, run, wait_until
from tests.pipeline.several import NOBODY, tell

from pipeline import lock, releases

SICK = """
from pipeline import release as _release
from pipeline.errors import Unhealthy
_watch = _release.watch

def _sick(work, release):
    if work.site.is_main:
        raise Unhealthy("sick after the switch")
    _watch(work, release)

_release.watch = _sick
"""


@pytest.fixture(scope="module")
def all_hosts(tmp_path_factory):
    missing = [*MISSING, *([] if ssh.SSHD else ["openssh-server"])]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with several.hosts(tmp_path_factory.mktemp("ssh")) as made:
        yield made


@pytest.fixture
def hosts(all_hosts):
    """The three hosts, on one commit before and after each test."""
    all_hosts.main.work.back_to(all_hosts.main.branch)
    yield all_hosts
    all_hosts.meet()
    all_hosts.wait()
    all_hosts.assert_all_at(all_hosts.main.branch)


@pytest.fixture
def work(hosts):
    return hosts.main.work


def test_the_first_push_reaches_all_hosts(hosts):
    assert hosts.first_told.code == 0, hosts.first_told.text
    for host in (hosts.main, hosts.app2, hosts.jobs1):
        row = next(row for row in host.rows if row["kind"] == "push")
        assert (row["to"], row["outcome"]) == (hosts.first, "live")


def test_a_release_goes_from_host_to_host_and_no_visitor_notices(hosts, work):
    before, commit = hosts.main.branch, work.commit("Go from host to host")
    with several.visited(hosts.main, hosts.app2) as seen:
        told = work.push()
    assert told.code == 0, told.text
    hosts.assert_all_at(commit)
    assert set(seen) == {before, commit}
    [row] = hosts.main.rows_of(commit)
    assert {name: one["state"] for name, one in row["hosts"].items()} == {
        "app2": "live",
        "jobs1": "live",
    }
    assert all(one["seconds"] > 0 for one in row["hosts"].values())
    names = [step["name"] for step in row["steps"]]
    assert names.index("probe") < names.index("app2") < names.index("jobs1") < names.index("switch")


def test_the_others_know_for_whom_they_release_and_never_migrate(hosts, work):
    early = migration(work, "add_one", ADD.format(name="one"))
    commit = work.commit("Add one early")
    assert work.push().code == 0
    [row] = hosts.main.rows_of(commit)
    assert row["migrations"]["early"] == [early]
    for ground in (hosts.app2, hosts.jobs1):
        [own] = ground.rows_of(commit)
        assert own["who"] == row["who"]
        assert row["attempt"] in own["options"]["carried-for"]
        assert own["migrations"]["early"] == []
    assert hosts.jobs1.site.live_socket.exists() is False


def test_status_and_plan_name_the_hosts(hosts, work):
    told = hosts.main.pipeline("status").text
    assert f"app2         application, {hosts.app2.site.live_release()}" in told
    assert f"jobs1        worker, {hosts.jobs1.site.live_release()}" in told
    assert "NOT" not in told
    commit = work.commit("Plan it")
    run("git", "-C", hosts.main.site.repository, "fetch", "--quiet", work.folder, commit)
    said = hosts.main.pipeline("plan", commit).text
    assert "hosts, one after the other: app2 (application), jobs1 (worker), this one" in said


def test_a_release_that_fails_on_the_second_host_alone_is_live_nowhere(hosts, work):
    before, commit = hosts.main.branch, work.commit("Fail on the second host")
    tell(hosts.app2, release={"boot_s": 0})
    with several.visited(hosts.main, hosts.app2) as seen:
        told = work.push()
    tell(hosts.app2, release={"boot_s": 20})
    assert told.code != 0
    assert "does not listen after 0 s" in told.text
    hosts.assert_all_at(before)
    assert set(seen) == {before}
    [row] = hosts.main.rows_of(commit)
    assert row["outcome"] == "failed"
    assert row["hosts"]["app2"]["state"] == "put back"
    assert row["hosts"]["jobs1"]["state"] == "waiting"


def test_a_failure_of_the_main_host_after_the_others_takes_all_back(hosts, work):
    before = hosts.main.branch
    work.add("deploy/pipeline/carry.py", SICK)
    commit = work.commit("Fail late on the main host")  # what is looked for is no subject
    with several.visited(hosts.main, hosts.app2):
        told = work.push()
    assert told.code != 0
    assert "sick after the switch" in told.text
    hosts.assert_all_at(before)
    [row] = hosts.main.rows_of(commit)
    assert {one["state"] for one in row["hosts"].values()} == {"put back"}


def test_an_application_host_that_is_down_refuses_a_release(hosts, work):
    before, commit = hosts.main.branch, work.commit("Meet a host that is down")
    hosts.meet(app2=NOBODY)
    told = work.push()
    assert told.code != 0
    assert "app2 cannot be reached" in told.text
    assert "without-host='app2: why'" in told.text
    hosts.assert_all_at(before)
    assert [row["outcome"] for row in hosts.main.rows_of(commit)] == ["refused"]


def test_an_application_host_without_a_web_server_refuses_before_anything_is_built(hosts, work):
    before, commit = hosts.main.branch, work.commit("Meet a host without a web server")
    several.stop_serving(hosts.app2)
    told = work.push()
    several.start_serving(hosts.app2)
    assert told.code != 0
    assert "The web server of app2 is not running" in told.text
    assert [step["name"] for step in hosts.main.rows_of(commit)[0]["steps"]] == []
    hosts.wait_for_web(hosts.app2)
    hosts.assert_all_at(before)


def test_a_host_with_another_key_than_the_known_one_is_not_reached(hosts, work):
    work.commit("Meet a stranger")
    known = hosts.sshd.folder / "client.known_hosts"
    right = known.read_text()
    known.write_text(f"{right.split()[0]} {(hosts.sshd.folder / 'client.pub').read_text()}")
    told = work.push()
    known.write_text(right)
    assert told.code != 0
    assert "app2 cannot be reached" in told.text


def test_a_host_that_is_left_out_catches_up(hosts, work):
    before, commit = hosts.main.branch, work.commit("Go on without a host")
    hosts.meet(app2=NOBODY)
    told = work.push("without-host=app2: its disk is being replaced")
    assert told.code == 0, told.text
    assert hosts.commits == [commit, before, commit]
    [row] = hosts.main.rows_of(commit)
    assert row["hosts"]["app2"] == {
        "role": "application",
        "state": "left out",
        "reason": "its disk is being replaced",
    }
    hosts.meet()
    assert "NOT WHAT IS LIVE" in hosts.main.pipeline("status").text
    assert hosts.app2.pipeline("finish").code == 0
    hosts.assert_all_at(commit)
    assert "what the main host has live" in hosts.app2.rows_of(commit)[0]["options"]["catch-up"]


def test_a_host_that_nobody_knows_cannot_be_left_out(hosts, work):
    work.commit("Leave out a stranger")
    told = work.push("without-host=app7: gone")
    assert told.code != 0
    assert "has no further host 'app7'. It has: app2, jobs1." in told.text


def test_a_worker_that_is_down_is_only_missed_and_catches_up(hosts, work):
    before, commit = hosts.main.branch, work.commit("Miss a worker")
    hosts.meet(jobs1=NOBODY)
    told = work.push()
    assert told.code == 0, told.text
    assert "WARNING: jobs1 cannot be reached" in told.text
    assert hosts.commits == [commit, commit, before]
    assert hosts.main.rows_of(commit)[0]["hosts"]["jobs1"]["state"] == "missed"
    hosts.meet()
    assert hosts.jobs1.pipeline("finish").code == 0
    hosts.assert_all_at(commit)


def test_a_worker_that_fails_is_told_by_the_main_host_later(hosts, work):
    before, commit = hosts.main.branch, work.commit("Fail on a worker")
    tell(hosts.jobs1, release={"import_s": 0})
    told = work.push()
    tell(hosts.jobs1, release={"import_s": 20})
    assert told.code == 0, told.text
    assert "WARNING: jobs1 refused" in told.text
    assert hosts.commits == [commit, commit, before]
    assert hosts.main.rows_of(commit)[0]["hosts"]["jobs1"]["state"] == "failed"
    told = hosts.main.pipeline("finish")
    assert "a short while ago" in told.text
    assert told.code != 0
    forget_failure(hosts.jobs1)
    assert hosts.main.pipeline("finish").code == 0
    hosts.assert_all_at(commit)


def forget_failure(ground):
    """Let half an hour pass: take the failed row's place as the last one."""
    lines = ground.site.ledger.read_text().splitlines(keepends=True)
    ground.site.ledger.write_text("".join(lines[:-1]))


def test_a_rollback_goes_the_same_way(hosts, work):
    before = hosts.main.branch
    commit = work.commit("To go back from")
    assert work.push().code == 0
    with several.visited(hosts.main, hosts.app2) as seen:
        told = hosts.main.roll_back("--reason", "it was better")
    assert told.code == 0, told.text
    hosts.wait()
    hosts.assert_all_at(before)
    assert set(seen) == {commit, before}
    row = hosts.main.rows[-1]
    assert row["outcome"] == "rolled back"
    assert {one["state"] for one in row["hosts"].values()} == {"live"}


def test_a_rollback_without_a_host_that_is_down(hosts, work):
    before = hosts.main.branch
    commit = work.commit("To go back from, without a host")
    assert work.push().code == 0
    hosts.meet(app2=NOBODY)
    told = hosts.main.roll_back()
    assert told.code != 0
    assert "rollback --without-host 'app2: why'" in told.text
    assert hosts.main.roll_back("--to", before, "--without-host", "app2: down").code == 0
    assert hosts.commits == [before, commit, before]
    hosts.meet()
    assert hosts.main.pipeline("finish").code == 0  # the main host tells it, too
    hosts.assert_all_at(before)


def test_late_migrations_wait_until_every_host_is_new(hosts, work):
    migration(work, "add_old", ADD.format(name="old"))
    work.commit("Add what is to go")
    assert work.push().code == 0
    late = migration(work, "drop_old", DROP.format(name="old"), late=True)
    commit = work.commit("Drop it late")
    hosts.meet(jobs1=NOBODY)
    told = work.push()
    assert told.code == 0, told.text
    assert "LATE MIGRATIONS PENDING" in told.text
    assert "jobs1 cannot be reached" in told.text
    assert hosts.main.rows_of(commit)[0]["migrations"]["pending"] == [late]
    assert hosts.main.pipeline("finish").code != 0
    hosts.meet()
    told = hosts.main.pipeline("finish")
    assert told.code == 0, told.text
    assert hosts.main.rows[-1]["outcome"] == "finished"
    assert late.partition(".")[2] in hosts.main.manage("showmigrations", "bench").text
    hosts.assert_all_at(commit)
    told = hosts.main.roll_back()
    assert "would lose data" in told.text


def test_a_further_host_takes_no_push_but_its_mains(hosts):
    work = hosts.app2.work
    work.back_to(hosts.app2.branch)
    work.commit("Push past the main host")
    told = work.push()
    assert told.code != 0
    assert "takes releases from its main host only" in told.text
    told = hosts.app2.pipeline("rollback")
    assert told.code != 0
    assert "only its main host says" in told.text


def test_a_busy_host_is_named(hosts, work):
    work.commit("Meet a busy host")
    owner = lock.Owner("olga", "measuring", "now", 1)
    with lock.held(hosts.app2.site.lock, owner):
        told = work.push()
    assert told.code != 0
    assert "app2 is busy: olga is measuring" in told.text


def test_a_host_that_says_nothing_is_given_up_soon(hosts, work):
    """Something listens there and never answers, like a machine that hangs."""
    before = hosts.main.branch
    work.commit("Meet a host that hangs")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts.meet(app2=silent.getsockname()[1])
        told = work.push()
    assert told.code != 0
    assert "app2 cannot be reached" in told.text
    hosts.assert_all_at(before)


def test_no_host_but_the_main_goes_live_before_its_early_migrations(hosts, work):
    before = hosts.main.branch
    early = migration(work, "add_soon", ADD.format(name="soon"))
    commit = work.commit("Add it soon")
    run("git", "-C", hosts.app2.site.repository, "fetch", "--quiet", work.folder, commit)
    told = hosts.app2.pipeline("rollback", f"--to={commit}", "--reason=ann: too early")
    assert told.code != 0
    assert f"are not applied yet: {early}" in told.text
    hosts.assert_all_at(before)


def test_a_rollback_is_built_where_it_is_not_kept(hosts, work):
    """The older code does not know a migration that is applied, which only adds."""
    before = hosts.main.branch
    tell(hosts.app2, release={"keep": 1})
    migration(work, "add_more", ADD.format(name="more"))
    for subject in ("Add more", "Push out what came before"):
        work.commit(subject)
        assert work.push().code == 0
        wait_until(lambda: not releases.alive(hosts.app2.site), what="the end of the old release")
    kept = [release.commit for release in releases.kept(hosts.app2.site)]
    told = hosts.main.roll_back("--to", before)
    tell(hosts.app2, release={"keep": 4})
    assert before not in kept
    assert told.code == 0, told.text
    hosts.wait()
    hosts.assert_all_at(before)
    assert hosts.app2.rows[-1]["kind"] == "push"
    assert "carried-for" in hosts.app2.rows[-1]["options"]
    # Forward again: the database has the migration, and would refuse the next test's release.
    assert work.push().code == 0
    hosts.wait()


def test_maintenance_is_the_same_on_all_hosts_that_answer_visitors(hosts):
    assert hosts.main.pipeline("maintenance", "on", "--message", "Back at 'noon'").code == 0
    answers = [ground.ask("/") for ground in (hosts.main, hosts.app2)]
    assert [answer.status for answer in answers] == [503, 503]
    assert hosts.main.pipeline("maintenance", "off").code == 0
    assert hosts.app2.ask("/health/ready/").status == 200
    assert not hosts.app2.site.maintenance.exists()


def test_a_host_that_missed_maintenance_asks_for_it(hosts):
    hosts.meet(app2=NOBODY)
    told = hosts.main.pipeline("maintenance", "no-upload")
    assert told.code != 0
    assert "does the same when it next asks" in told.text
    assert hosts.app2.pipeline("finish").code == 0
    assert hosts.app2.site.maintenance.read_text() == hosts.main.site.maintenance.read_text()
    hosts.main.pipeline("maintenance", "off")
    assert hosts.app2.pipeline("finish").code == 0
    assert not hosts.app2.site.maintenance.exists()
