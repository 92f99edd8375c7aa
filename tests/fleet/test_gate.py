"""What people do to a host by their own keys: as fab does it, and as somebody who means harm."""

import json
import subprocess
import time

import pytest
from tests.fleet import fleet
from tests.fleet.image import STATE
from tests.fleet.machines import SSH, controller, key

KEYS = "/etc/ssh/authorized_keys.d/deploy"
MESSAGE = "-- „Zurück“ um 12;\n$(id) `id` 'quoted' \"twice\" & \N{SNOWMAN} <b>"


def rows(host):
    lines = host.ssh("cat /srv/studium/ledger.jsonl").stdout.splitlines()
    return [json.loads(line) for line in lines]


def next_row(host, count):
    """Return the row after the first ``count``: a rollback writes its own in the background."""
    end = time.monotonic() + 60
    while len(found := rows(host)) <= count:
        assert time.monotonic() < end, found[-1]
        time.sleep(0.3)
    return found[count]


def live(host):
    return fleet.ask(host, "/health/ready/").json()["commit"]


@pytest.fixture
def limited(staging):
    """Keys that may do less: `reader` only reads, `watch` rolls back and closes the site."""
    kept = staging.ssh(f"cat {KEYS}").stdout
    for name, may in (("reader", ""), ("watch", " rollback maintenance")):
        gate = f'restrict,command="/usr/local/bin/studium-gate {name}{may}"'
        staging.ssh(f"cat >> {KEYS}", stdin=f"{gate} {key(name).read_text()}")
    yield staging
    staging.ssh(f"cat > {KEYS}", stdin=kept)


def asked(host, line, who="ann"):
    return host.ssh(line, user="deploy", identity=who, check=False)


def test_fab_rolls_back_and_the_ledger_names_the_key(staging, work):
    before = live(staging)
    commit = work.commit("Be rolled back")
    assert work.push(staging).returncode == 0
    count = len(rows(staging))
    told = work.fab(staging, "rollback:staging", "--yes", f"--reason={MESSAGE}", who="ben")
    assert told.returncode == 0, told.stdout
    assert live(staging) == before
    row = next_row(staging, count)
    assert (row["kind"], row["who"], row["outcome"]) == ("rollback", "ben", "rolled back")
    assert (row["from"], row["to"], row["options"]) == (commit, before, {"reason": MESSAGE})


def test_the_journal_of_the_host_says_who_asked_for_what(staging):
    asked(staging, "status", who="ben")
    asked(staging, "sh -c id", who="ann")
    told = staging.ssh("journalctl -t studium-gate -o cat --no-pager").stdout.splitlines()
    assert told[-2:] == ["ben: studium-pipeline status", "ann: refused"]


def test_fab_closes_and_opens_the_site(staging, work):
    told = work.fab(staging, "maintenance:staging", "on", f"--message={MESSAGE}")
    try:
        assert told.returncode == 0, told.stdout
        answer = fleet.ask(staging, "/")
        assert answer.status == 503
        assert "&lt;b&gt;" in answer.body
        assert "\N{SNOWMAN}" in answer.body
        state = json.loads(staging.ssh("cat /srv/studium/maintenance.json").stdout)
        assert (state["message"], state["who"]) == (MESSAGE, "ann")
    finally:
        told = work.fab(staging, "maintenance:staging", "off", who="ben")
    assert told.returncode == 0, told.stdout
    assert fleet.ask(staging, "/accounts/sign-in/").status == 200


def test_fab_plans_a_commit_that_nobody_has_pushed(staging, work):
    before, objects = live(staging), "find /srv/studium/repository.git | sort | sha256sum"
    kept = staging.ssh(objects).stdout
    work.write("app/accounts/migrations/9999_planned.py", "late = True\n")
    commit = work.commit("Only be planned")
    told = work.fab(staging, "plan:staging", f"--ref={commit}")
    assert told.returncode == 0, told.stdout
    assert "Only be planned" in told.stdout
    assert "late, after the old release has ended): app/accounts/migrations/9999" in told.stdout
    assert "would be accepted" in told.stdout
    assert live(staging) == before
    assert staging.ssh(objects).stdout == kept


def test_a_flood_in_place_of_a_commit_is_refused_and_leaves_nothing(staging):
    objects = "find /srv/studium/repository.git | sort | sha256sum"
    kept = staging.ssh(objects).stdout
    words = [*SSH, "-i", str(STATE / "keys" / "ann"), f"deploy@{staging.address}"]
    flood = f"head -c 300000000 /dev/zero | {' '.join(words)} plan --pack {'0' * 40}"
    done = controller("sh", "-c", flood, check=False)
    assert done.returncode == 1
    assert "did not arrive whole" in done.stdout + done.stderr
    assert staging.ssh(objects).stdout == kept


def test_fab_finishes_asks_and_checks(staging, work):
    for words in (["finish:staging"], ["status:staging"], ["log:staging", "--count=3"]):
        told = work.fab(staging, *words)
        assert told.returncode == 0, told.stdout
    told = work.fab(staging, "manage:staging", "check --deploy")
    assert told.returncode == 0, told.stdout
    assert "no issues" in told.stdout


def test_fab_works_from_a_terminal_too(staging, work):
    """A key gets no terminal; whoever sits at one must not notice."""
    work.fab(staging, "status:staging")
    home = work.folder.parent / "home-ann"
    fab = f"cd {work.folder} && HOME={home} {fleet._tool('fab')} status:staging"
    words = ["script", "-qefc", fab, "/dev/null"]
    environment = fleet._environment() | {"HOME": str(home)}
    done = controller(*words, check=False, env=environment, folder=work.folder)
    assert done.returncode == 0, done.stdout
    assert "https://staging.studium.test" in done.stdout


def test_a_key_that_only_reads_changes_nothing(limited, work):
    before, count = live(limited), len(rows(limited))
    work.commit("Never come")
    told = work.push(limited, who="reader")
    assert told.returncode != 0
    assert "This key may not push: it may read." in told.stdout
    for verb in (["rollback:staging", "--yes"], ["maintenance:staging", "on"], ["plan:staging"]):
        told = work.fab(limited, *verb, who="reader")
        assert told.returncode == 1, told.stdout
        assert "This key may not" in told.stdout
    assert work.fab(limited, "status:staging", who="reader").returncode == 0
    url = f"ssh://deploy@{limited.address}/srv/studium/repository.git"
    assert work.git("fetch", "-q", url, "staging", who="reader").returncode == 0
    assert (live(limited), len(rows(limited))) == (before, count)


def test_a_key_that_may_not_push_still_rolls_back(limited, work):
    before = live(limited)
    work.commit("Be rolled back by the watch")
    assert work.push(limited, who="watch").returncode != 0
    assert work.push(limited, who="ann").returncode == 0
    count = len(rows(limited))
    told = work.fab(limited, "rollback:staging", "--yes", f"--to={before}", who="watch")
    assert told.returncode == 0, told.stdout
    assert live(limited) == before
    assert next_row(limited, count)["who"] == "watch"


@pytest.mark.parametrize(
    "line",
    [
        "id",
        "sh -c id",
        "rollback --site=/tmp/site.toml",
        "rollback --reason 'a\x1b]0;b\x07'",
        "maintenance --message=x on; id",
        "manage -- shell -c 'import os'",
        "manage -- createsuperuser",
        "carry /tmp/order",
        "git-receive-pack /etc",
        "scp -t /srv/studium",
    ],
)
def test_harm_is_refused(staging, line):
    done = asked(staging, line)
    assert done.returncode == 1
    assert (done.stdout, bool(done.stderr)) == ("", True)
    assert "uid=" not in done.stderr


@pytest.mark.parametrize(
    "flags",
    [["-L", "8000:127.0.0.1:80"], ["-R", "8000:127.0.0.1:80"], ["-D", "1080"], ["-A"], ["-X"]],
)
def test_a_key_carries_nothing_but_the_gate(staging, flags):
    words = [*SSH, "-o", "ExitOnForwardFailure=yes", *flags, "-i", str(STATE / "keys" / "ann")]
    there = f"deploy@{staging.address}"
    environment = "echo $SSH_AUTH_SOCK $DISPLAY"
    done = controller(*words, there, environment, check=False)
    assert done.returncode != 0
    assert done.stdout == ""


def test_no_file_comes_by_sftp(staging):
    words = ["sftp", *SSH[1:], "-i", str(STATE / "keys" / "ann"), "-b", "-"]
    done = controller(*words, f"deploy@{staging.address}", check=False, stdin="ls /\n")
    assert done.returncode != 0
    assert "root" not in done.stdout


def test_nobody_becomes_root_and_nothing_asks_for_it(staging):
    """No step needs sudo: there is no rule of ours, and the users of the site have none."""
    rules = staging.ssh("visudo -c -q && ls /etc/sudoers.d").stdout.split()
    assert rules == ["README"]
    for user in ("deploy", "studium", "www-data", "studium-backup"):
        told = staging.ssh(f"cd /; sudo -n -l -U {user}", check=False).stdout
        assert "not allowed to run sudo" in told, told
        done = staging.ssh(f"runuser -u {user} -- sudo -n id", check=False)
        assert isinstance(done, subprocess.CompletedProcess)
        assert done.returncode != 0
