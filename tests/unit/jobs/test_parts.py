"""The small parts of background work that need neither database nor processes."""

import os
import subprocess
import sys
import time

import pytest

from jobs import plain, processes
from jobs.logs import KEPT_FROM_END, KEPT_FROM_START, Log, end_of
from jobs.registry import task


def test_text_keeps_what_databases_can_hold():
    assert plain.text("a\0b\ud800") == "a\N{REPLACEMENT CHARACTER}b?"
    assert plain.text("abcdef", 4) == "abc…"


def test_data_is_cleaned_in_its_depths():
    assert plain.data({"a\0": [{"b": "c\0"}]}) == {
        "a\N{REPLACEMENT CHARACTER}": [{"b": "c\N{REPLACEMENT CHARACTER}"}]
    }


@pytest.mark.parametrize("value", [float("inf"), object()])
def test_what_is_no_data_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        plain.data(value)


def test_a_log_keeps_both_ends(tmp_path):
    log = Log(tmp_path / "log.txt")
    log.line("first")
    for _ in range(12):
        log.write(b"x" * (1024 * 1024 - 1) + b"\n")
    log.line("last")
    assert log.tail.endswith("last")
    log.close()
    content = (tmp_path / "log.txt").read_bytes()
    assert content.startswith(b"first\n")
    assert content.endswith(b"last\n")
    assert b"left out here" in content
    assert len(content) < KEPT_FROM_START + 2 * KEPT_FROM_END


def test_a_log_of_a_second_attempt_continues_the_first(tmp_path):
    for line in ("one", "two"):
        log = Log(tmp_path / "log.txt")
        log.line(line)
        log.close()
    assert end_of(tmp_path / "log.txt") == "one\ntwo"


def test_a_log_that_is_not_there_has_no_end(tmp_path):
    assert end_of(tmp_path / "none") == ""


def test_a_process_is_known_by_more_than_its_number():
    me = processes.me()
    assert processes.is_alive(me)
    assert processes.is_alive(processes.Identity(me.host, me.boot, me.pid, me.started - 1)) is False
    assert (
        processes.is_alive(processes.Identity(me.host, "other boot", me.pid, me.started)) is False
    )
    assert processes.is_alive(processes.Identity("elsewhere", me.boot, me.pid, me.started)) is None


def _session():
    """Start a session of a leader and a child that outlives it when only the leader is killed."""
    code = (
        "import subprocess as s, time; s.Popen(['sleep', '60']); print(flush=True); time.sleep(60)"
    )
    leader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    leader.stdout.readline()
    leader.stdout.close()
    started = processes._started(leader.pid)
    me = processes.me()
    return leader, processes.Identity(me.host, me.boot, leader.pid, started)


def test_a_session_is_ended_also_when_its_leader_is_gone():
    leader, identity = _session()
    members = set(processes._session_members(leader.pid))
    assert len(members) == 2
    leader.kill()
    leader.wait()
    assert processes.end_session(identity) == 1
    end = time.monotonic() + 5
    while any(processes._started(pid) for pid in members):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_session_of_a_number_that_was_used_again_is_left_alone():
    leader, identity = _session()
    other = processes.Identity(identity.host, identity.boot, identity.pid, identity.started - 1)
    try:
        assert processes.end_session(other) == 0
        assert leader.poll() is None
    finally:
        assert processes.end_session(identity) == 2
        leader.wait()


def test_two_functions_cannot_have_one_name():
    task("unit.twice")(os.getpid)
    with pytest.raises(ValueError, match="Two functions"):
        task("unit.twice")(os.getppid)
