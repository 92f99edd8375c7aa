"""What a push does on a real host: by ssh, with a key, over TLS."""

import json
import time

import pytest
from tests.fleet import fleet
from tests.fleet.visitors import Visitor


def live(host):
    return fleet.ask(host, "/health/ready/").json()["commit"]


def rows(host):
    lines = host.ssh("cat /srv/studium/ledger.jsonl").stdout.splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.subset
def test_the_first_push_to_a_new_host_is_live(staging, first_push):
    work, told = first_push
    assert "is live" in told.stdout
    assert live(staging) == work.git("rev-parse", "HEAD").stdout.strip() or rows(staging)[1:]
    assert rows(staging)[0]["who"] == "ann"


def test_a_push_is_live_and_no_visitor_waits_in_vain(staging, work):
    commit = work.commit("Change nothing")
    with Visitor(staging) as visitor:
        told = work.push(staging, who="ben")
    assert told.returncode == 0, told.stdout
    assert live(staging) == commit
    assert visitor.answers[200] > 10
    assert set(visitor.answers) == {200}
    assert (rows(staging)[-1]["who"], rows(staging)[-1]["outcome"]) == ("ben", "live")


@pytest.mark.subset
def test_a_broken_release_is_refused_and_the_old_one_answers(staging, work):
    before = live(staging)
    work.write("app/config/urls.py", work.read("app/config/urls.py") + "\nimport nothing_there\n")
    broken = work.commit("Break the addresses")
    with Visitor(staging) as visitor:
        told = work.push(staging)
    assert told.returncode != 0
    assert "No module named 'nothing_there'" in told.stdout
    assert live(staging) == before
    assert set(visitor.answers) == {200}
    assert (rows(staging)[-1]["to"], rows(staging)[-1]["outcome"]) == (broken, "failed")


def test_a_release_that_dies_under_the_emperor_leaves_nothing_behind(staging, work):
    before = live(staging)
    text = work.read("app/config/wsgi.py")
    work.write("app/config/wsgi.py", text + "\nimport os\nif 'uwsgi' in os.environ.get('_', '') "
               "or os.path.exists('/proc/self/exe') and 'uwsgi' in os.readlink('/proc/self/exe'):"
               "\n    raise RuntimeError('not under uwsgi')\n")  # fmt: skip
    work.commit("Die under the web server alone")
    told = work.push(staging)
    assert told.returncode != 0
    assert "not under uwsgi" in told.stdout
    assert live(staging) == before
    assert len(staging.ssh("ls /srv/studium/vassals").stdout.split()) == 1


@pytest.mark.parametrize("what", ["HEAD:refs/heads/production", "HEAD:refs/heads/dev"])
def test_another_branch_is_refused(staging, work, what):
    work.commit("Wrong way")
    told = work.push(staging, what=what)
    assert told.returncode != 0
    assert "takes the branch staging only" in told.stdout


def test_a_key_reaches_the_gate_and_nothing_else(staging):
    for line in ("id", "sh -c id", "git-receive-pack /etc", "cat /srv/studium/secrets.env"):
        done = staging.ssh(line, user="deploy", identity="ann", check=False)
        assert done.returncode == 1, line
        assert "Nothing else" in done.stderr
        assert done.stdout == ""
    status = staging.ssh("status", user="deploy", identity="ann")
    assert "https://staging.studium.test" in status.stdout


def test_a_stranger_and_a_password_reach_nothing(staging):
    fleet.key("stranger")
    done = staging.ssh("status", user="deploy", identity="stranger", check=False)
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


@pytest.mark.subset
def test_after_a_reboot_the_site_answers_by_itself(staging):
    before, boot = live(staging), staging.ssh("cat /proc/sys/kernel/random/boot_id").stdout
    began = staging.ssh("systemctl show -p UserspaceTimestampMonotonic --value").stdout
    staging.ssh("systemctl reboot", check=False)
    _wait_until_it_answers(staging, before, limit_s=60)
    assert staging.wait() == "running"
    assert staging.ssh("systemctl show -p UserspaceTimestampMonotonic --value").stdout != began
    assert boot  # of the machine, not of the host: namespaces share a kernel


def test_after_a_power_cut_the_site_answers_by_itself(staging):
    before = live(staging)
    staging.cut_power()
    staging.start()
    _wait_until_it_answers(staging, before, limit_s=60)
    assert staging.wait() == "running"


def _wait_until_it_answers(host, commit, limit_s):
    time.sleep(1)
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        answer = fleet.ask(host, "/health/ready/", check=False)
        if answer.status == 200 and answer.json()["commit"] == commit:
            return
        time.sleep(0.2)
    raise AssertionError(f"{host.name} does not answer:\n{host.console()}")
