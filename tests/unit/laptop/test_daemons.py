"""Processes are found by what they run, ended gracefully, and nobody else's is touched."""

import os
import signal
import subprocess
import sys
import time

import pytest

from laptop import daemons, emperor, keeper
from laptop.daemons import Daemon
from laptop.errors import NotRunning

LOYAL = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else signal.SIG_DFL)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""


def make(tmp_path, *words, code=LOYAL):
    pid_file = tmp_path / "run.pid"
    argv = [sys.executable, "-c", code, str(pid_file), *words]
    return Daemon("sleeper", argv, pid_file, (str(pid_file),), tmp_path / "log")


@pytest.fixture
def daemon(tmp_path):
    made = make(tmp_path)
    yield made
    made.stop(2)


def test_a_daemon_runs_in_a_session_of_its_own_and_is_found_again(daemon):
    pid = daemon.start()
    assert daemon.pid() == pid
    assert os.getsid(pid) == pid != os.getsid(0)


def test_starting_twice_keeps_the_first_process(daemon):
    assert daemon.start() == daemon.start()
    assert len(daemon.search()) == 1


def test_a_lost_pid_file_does_not_hide_the_process(daemon):
    pid = daemon.start()
    daemon.pid_file.unlink()
    assert daemon.pid() == pid
    assert daemon.stop(2)
    assert daemon.search() == []


def test_a_pid_that_now_belongs_to_another_program_is_nobodys(daemon):
    daemon.pid_file.write_text(str(os.getpid()))
    assert daemon.pid() is None
    assert not daemon.stop(1)


def test_a_pid_file_with_nonsense_is_as_good_as_none(daemon):
    daemon.pid_file.write_text("nonsense")
    assert daemon.pid() is None


def test_a_process_that_will_not_end_is_killed_after_its_time(tmp_path):
    daemon = make(tmp_path, "stubborn")
    daemon.start()
    began = time.monotonic()
    assert daemon.stop(0.3)
    assert 0.3 <= time.monotonic() - began < 5
    assert daemon.pid() is None


def test_a_process_that_cannot_start_shows_the_end_of_its_log(tmp_path):
    daemon = make(tmp_path, code="import sys; sys.exit('the port is taken')")
    with pytest.raises(NotRunning, match="the port is taken"):
        daemon.start()


def test_a_daemon_started_with_other_words_is_outdated(daemon, tmp_path):
    assert not daemon.is_outdated()
    daemon.start()
    assert not daemon.is_outdated()
    assert make(tmp_path, "--more").is_outdated()


def test_a_zombie_does_not_run(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "pass", "marker-of-a-zombie"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not daemons.is_ours(child.pid, ("marker-of-a-zombie",))
    child.wait()


def test_a_daemon_gets_nothing_of_make_git_or_a_virtual_environment(monkeypatch):
    for name in ("MAKEFLAGS", "GIT_DIR", "PYTHONPATH", "VIRTUAL_ENV", "STUDIUM_SECRETS"):
        monkeypatch.setenv(name, "x")
    clean = daemons.clean_environment()
    assert not [name for name, value in clean.items() if value == "x"]
    assert "PATH" in clean


def test_the_emperors_of_two_sites_are_told_apart(clone, sites):
    for site in sites:
        emperor.prepare(clone, site)
    first, second = (emperor.daemon(clone, site) for site in sites)
    line = " ".join(first.argv)
    assert all(marker in line for marker in first.markers)
    assert not any(marker in line for marker in second.markers)


def test_an_emperor_with_another_file_is_another_emperor(clone, sites):
    emperor.prepare(clone, sites[0])
    before = emperor.daemon(clone, sites[0]).argv
    emperor.ini(sites[0]).write_text("[uwsgi]\n")
    assert emperor.daemon(clone, sites[0]).argv != before


def test_a_worker_that_ends_well_is_followed_at_once_and_a_failing_one_ever_later():
    pace = keeper.Pace()
    assert pace.after(0, ran_s=1) == keeper.LEAST_PAUSE_S
    pauses = [pace.after(1, ran_s=1) for _ in range(10)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == keeper.LONGEST_PAUSE_S
    assert pace.after(1, ran_s=3600) == keeper.LEAST_PAUSE_S


def test_a_log_that_grew_too_long_is_kept_once_and_its_writer_goes_on(tmp_path):
    log = tmp_path / "worker.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 100)
        writer.flush()
        keeper.shorten(log, limit=100)
        assert log.stat().st_size == 100
        keeper.shorten(log, limit=50)
        writer.write(b"new")
    assert log.read_bytes() == b"new"
    assert (tmp_path / "worker.log.1").stat().st_size == 100


def test_cron_ticks_at_the_start_of_a_minute():
    assert keeper.next_minute(0.0) == 60
    assert keeper.next_minute(59.9) == 60
    assert keeper.next_minute(60.0) == 120


def test_the_keeper_starts_a_worker_of_the_live_release_and_ends_it(sites, tmp_path, clone):
    site = sites[0]
    for folder in (site.run, site.logs, site.root / "bin", site.releases / "one"):
        folder.mkdir(parents=True)
    site.live.symlink_to(site.releases / "one")
    program = site.root / "bin" / "manage"
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\nexec sleep 60\n')
    program.chmod(0o755)
    daemon = keeper.daemon(clone, site)
    daemon.start()
    try:
        deadline = time.monotonic() + 20
        while not (site.run / "worker.pid").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        worker = int((site.run / "worker.pid").read_text())
        os.kill(worker, 0)
    finally:
        os.kill(daemon.pid(), signal.SIGTERM)
        daemon.stop(20)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert set((tmp_path / "asked").read_text().split()) <= {"worker", "runcrons"}
