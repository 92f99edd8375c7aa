"""What the main host concludes from what the others say, and what it says to them."""

import json
import shlex
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import further, ledger, remote, rolling
from pipeline import site as sites
from pipeline.errors import Locked, Refused, StepFailed, TookTooLong, Unreachable
from pipeline.journal import Attempt
from pipeline.releasing import Releasing
from pipeline.runner import RecordingRunner
from pipeline.voice import Voice

NEW, OLD = "a" * 40, "b" * 40
ID = f"20260101T000000000000Z-{NEW[:12]}"
TABLE = """
[rolling]
others = ["app2=deploy@10.0.0.12"]
workers = ["jobs1=deploy@10.0.0.13:2222/srv/other"]
identity = "/etc/studium/hosts/key"
"""


@pytest.fixture
def several(site):
    text = site.file.read_text()
    site.file.write_text(text[: text.index("[rolling]")] + TABLE)
    return sites.load(site.file)


def answer(commit=NEW, **facts):
    usual = {
        "commit": commit,
        "branch": commit,
        "served": True,
        "busy": None,
        "interrupted": None,
        "alive": [],
        "failed": None,
        "emperor": True,
    }
    return json.dumps(usual | facts)


class Saying:
    """Lets each host answer, by its address; an error is raised."""

    def __init__(self, app2, jobs1):
        self.answers = {"10.0.0.12": app2, "10.0.0.13": jobs1}

    def run(self, command):
        [said] = [text for address, text in self.answers.items() if address in str(command)]
        if isinstance(said, Exception):
            raise said
        return said


DOWN = StepFailed("`ssh …` failed:\n  | ssh: connect to host 10.0.0.13: Connection refused")


def behind(site, app2, jobs1):
    return rolling.behind(site, Saying(app2, jobs1), NEW, 0)


def test_no_host_is_behind_when_all_report_the_commit(several):
    assert behind(several, answer(), answer()) == ""


@pytest.mark.parametrize(
    ("jobs1", "told"),
    [
        (answer(OLD), f"jobs1 runs {OLD[:12]}"),
        (answer(None, branch=""), "jobs1 runs nothing"),
        (answer(alive=["R1"]), "processes of R1 are alive on jobs1"),
        (DOWN, "jobs1 cannot be reached: ssh: connect to host 10.0.0.13: Connection refused"),
        ("Debian GNU/Linux", "jobs1 gives no answer that this release understands"),
        ('{"commit": null}', "jobs1 gives no answer that this release understands"),
    ],
)
def test_a_host_that_may_run_old_code_is_behind(several, jobs1, told):
    assert told in behind(several, answer(), jobs1)


def work_on(site, runner, options=()):
    attempt = Attempt(
        ID, ID, "push", "ann", "2026-01-01T00:00:00+00:00", OLD, NEW, None, options=dict(options)
    )
    return Releasing(site, attempt, runner, Voice())


def test_an_application_host_must_take_part_and_a_worker_need_not(several):
    work = work_on(several, Saying(answer(OLD), DOWN))
    rolling.check(work)
    states = {name: one["state"] for name, one in work.attempt.hosts.items()}
    assert states == {"app2": "waiting", "jobs1": "missed"}
    with pytest.raises(Refused, match="-o without-host='app2: why'"):
        rolling.check(work_on(several, Saying(DOWN, answer(OLD))))


def test_a_host_that_is_left_out_is_not_even_asked(several):
    work = work_on(several, Saying(AssertionError(), answer()), {"without-host app2": "its disk"})
    rolling.check(work)
    assert work.attempt.hosts["app2"]["reason"] == "its disk"


def test_a_busy_host_is_named_with_what_it_does(several):
    busy = Saying(answer(busy="olga is measuring"), answer())
    with pytest.raises(Locked, match="app2 is busy: olga is measuring"):
        remote.at_rest(several, busy, several.others[0], 0)


def test_ssh_takes_one_key_and_known_hosts_alone(several):
    line = str(remote.told(several, several.others[0], "status"))
    for option in (
        "-F none",
        "-i /etc/studium/hosts/key",
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/etc/studium/hosts/key.known_hosts",
        "GlobalKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "BatchMode=yes",
        "ConnectTimeout=5",
    ):
        assert option in line


def test_a_push_carries_for_whom_it_is_and_the_way_there(several):
    runner = RecordingRunner()
    work = work_on(several, runner, {"new-environment": "odd wheel", "backup-first": "why"})
    remote.push(several, runner, several.others[1], work.attempt)
    [command] = runner.commands
    assert command.argv[-2:] == (
        "ssh://deploy@10.0.0.13:2222/srv/other/repository.git",
        f"{NEW}:refs/heads/staging",
    )
    assert f"carried-for=ann: {ID}" in command.argv
    assert "new-environment=odd wheel" in command.argv
    assert "backup-first=why" not in command.argv
    assert "StrictHostKeyChecking=yes" in shlex.split(command.env["GIT_SSH_COMMAND"])
    assert command.timeout_s == 900


def test_what_a_host_says_to_a_refusal_is_told_under_its_name(several):
    said = "`git push …` failed:\n  | remote:    1.2 s  REFUSED: no space   \n  | To ssh://x\n"
    said += "  | error: hook declined to update refs/heads/staging"
    with pytest.raises(StepFailed) as refusal:
        remote.follow(several, Saying(StepFailed(said), ""), several.others[0], NEW, "ann: x")
    assert str(refusal.value).startswith("app2 refused:\n  app2|")
    assert str(refusal.value).endswith("1.2 s  REFUSED: no space")
    with pytest.raises(TookTooLong, match="app2 took too long"):
        remote.follow(several, Saying(TookTooLong(said), ""), several.others[0], NEW, "ann: x")


def further_host(site):
    text = site.file.read_text()
    table = '[rolling]\nrole = "application"\nmain = "deploy@10.0.0.13"\nidentity = "/k"\n'
    site.file.write_text(text[: text.index("[rolling]")] + table)
    return sites.load(site.file)


def catching_up(site, main):
    work = work_on(site, Saying("", main), {further.CATCH_UP: "what the main host has live"})
    further.check_still_wanted(work)


def test_a_host_catches_up_only_with_what_is_live_and_at_rest(site):
    host = further_host(site)
    catching_up(host, answer(NEW))
    for other in (answer(OLD), answer(NEW, busy="ann is releasing"), answer(NEW, interrupted=ID)):
        with pytest.raises(Refused, match="asked for again later"):
            catching_up(host, other)
    with pytest.raises(Unreachable):
        catching_up(host, DOWN)


@pytest.mark.parametrize(
    ("outcome", "minutes", "found"),
    [("failed", 5, NEW), ("failed", 45, None), ("refused", 5, None), ("live", 5, None)],
)
def test_a_commit_that_failed_here_is_left_alone_for_half_an_hour(site, outcome, minutes, found):
    host = further_host(site)
    ended = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
    ledger.append(host.ledger, {"kind": "push", "outcome": outcome, "to": NEW, "finished": ended})
    ledger.append(host.ledger, {"kind": "drift", "outcome": "finished", "to": OLD})
    assert further.failed_lately(host) == found


def carried(site, main, reason):
    further.check_still_carried(work_on(site, Saying("", main), {"carried-for": reason}))


def test_a_host_switches_only_while_the_main_host_hands_this_release_over(site):
    host = further_host(site)
    carried(host, answer(OLD, busy="ann is releasing", handing_over=ID), f"ann: {ID}")
    carried(host, answer(OLD), f"ann: {ID}")  # an older main host does not say
    carried(host, DOWN, f"ann: {ID}")
    carried(host, answer(OLD, handing_over=None), f"ann: {ID} was given up")
    for given_up in (None, ID.replace("2026", "2027")):
        with pytest.raises(Refused, match="given this release up"):
            carried(host, answer(OLD, handing_over=given_up), f"ann: {ID}")
