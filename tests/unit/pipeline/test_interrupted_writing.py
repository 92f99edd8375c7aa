"""What is killed or runs out of space while it writes leaves nothing that seems whole."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import build, cache, files, journal, ledger, lock, options, releases, rollback
from pipeline.errors import JournalBroken, Refused
from pipeline.processes import Process
from pipeline.releases import Release
from pipeline.runner import last_lines

DEPLOY = Path(__file__).parents[3] / "deploy"
ID = "20260101T000000000000Z-0123456789ab"
HALF = """
import os, pathlib, signal
from pipeline import cache
with cache.being_built(pathlib.Path({folder!r})):
    pathlib.Path({folder!r}).mkdir()
    pathlib.Path({folder!r}, "half").touch()
    print("half", flush=True)
    signal.pause()
"""
PARENT = """
from pipeline.runner import Command, LocalRunner
LocalRunner().run(Command(("sh", "-c", "echo $$ > {note}; sleep 600")))
"""


def start(code):
    env = os.environ | {"PYTHONPATH": str(DEPLOY)}
    return subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE)


def wait_for(found, limit_s=10):
    deadline = time.monotonic() + limit_s
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_of_two_sites_the_second_builds_anew_what_the_first_was_killed_in(tmp_path):
    folder = tmp_path / "environments" / "0123"
    with start(HALF.format(folder=str(folder))) as first:
        first.stdout.readline()
        wanted = []

        def second():
            with cache.being_built(folder) as build_it:
                wanted.append((build_it, folder.exists()))
                folder.mkdir()

        thread = threading.Thread(target=second)
        thread.start()
        first.send_signal(signal.SIGKILL)
        thread.join(10)
    assert wanted == [(True, False)]
    assert (folder / cache.COMPLETE).exists()


def test_a_fault_while_a_whole_environment_is_used_does_not_remove_it(tmp_path):
    folder = tmp_path / "environments" / "0123"
    with cache.being_built(folder):
        folder.mkdir(parents=True)
    with pytest.raises(OSError, match="full"), cache.being_built(folder):
        raise OSError("full")
    assert (folder / cache.COMPLETE).exists()


def test_a_command_ends_with_the_pipeline_that_started_it(tmp_path):
    note = tmp_path / "pid"
    with start(PARENT.format(note=note)) as parent:
        wait_for(lambda: note.exists() and note.read_text())
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{note.read_text().strip()}").exists())


def test_a_row_that_does_not_fit_leaves_nothing(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger.append(path, {"outcome": "live"})
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            ledger.append(path, {"outcome": "refused"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    assert path.read_bytes() == before
    assert ledger.append(path, {"outcome": "live"})["n"] == 2
    assert ledger.verify(path) == []


def test_bytes_that_are_no_text_do_not_break_the_chain(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger.append(path, {"reason": os.fsdecode(b"\xff why")})
    assert ledger.verify(path) == []


def test_options_of_a_push_that_was_killed_half_way_disturb_no_other(site):
    folder = site.run / "push-options"
    folder.mkdir(parents=True)
    (folder / ".12-34.56").write_text("half")
    me = Process(os.getpid(), 1)
    options.hand_over(site, me, {"backup-first": "why"})
    assert options.take_over(site, me) == {"backup-first": "why"}


def test_an_id_sorts_after_all_others_when_the_clock_was_set_back(site):
    (site.logs / "attempts").mkdir()
    (site.logs / "attempts" / "20990101T000000000009Z-0123456789ab.log").touch()
    (site.releases / "20980101T000000000000Z-0123456789ab").mkdir(parents=True)
    (site.releases / "2026Z-odd").mkdir()
    assert releases.next_id(site, "ab" * 20, datetime.now(UTC)).startswith("20990101T000000000010Z")


@pytest.mark.parametrize("text", ["", '{"id": "20', "[]", '{"id": "x", "release": ""}'])
def test_a_journal_that_is_none_is_told(site, text):
    site.journal.write_text(text)
    with pytest.raises(JournalBroken, match="sets it aside"):
        journal.load(site)


def test_a_newer_pipelines_journal_can_be_read(site):
    attempt = journal.Attempt(ID, ID, "push", "ann", "", "a", "b", None)
    journal.save(site, attempt)
    site.journal.write_text(site.journal.read_text().replace("{", '{"colour": "blue",', 1))
    assert journal.load(site) == attempt


def test_what_a_killed_build_or_removal_left_is_swept_away(site):
    half, whole = site.releases / ID.replace("ab", "cd"), site.releases / ID
    half.mkdir(parents=True)
    whole.mkdir()
    Release(ID, "0" * 40, whole, Path("/env"), Path("/lib")).save()
    (site.releases / f"{half.name}.tar").touch()
    build.sweep(site)
    assert list(site.releases.iterdir()) == [whole]


def test_drafts_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    (tmp_path / ".journal.json.999999999").touch()
    living = tmp_path / f".maintenance.json.{os.getpid()}"
    living.touch()
    files.remove_drafts(tmp_path)
    assert list(tmp_path.iterdir()) == [living]


def test_a_release_whose_environment_is_gone_cannot_come_back(site):
    folder = site.releases / ID
    folder.mkdir(parents=True)
    target = Release(ID, "0" * 40, folder, Path("/nowhere"), Path("/nowhere"))
    with pytest.raises(Refused, match="cannot run any more"):
        rollback._check_target(site, target)


def test_an_endless_line_is_cut_between_words():
    said = last_lines("a secret " * 5_000)
    assert len(said) < 10_000
    assert set(said.replace("|", "").split()) <= {"a", "secret", "…", "(44999", "characters)"}


def test_looking_at_the_lock_does_not_refuse_who_wants_it(tmp_path):
    path, over = tmp_path / "deploy.lock", threading.Event()
    path.touch()

    def look():
        while not over.is_set():
            lock.is_free(path)

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(200):
        with lock.held(path, lock.Owner("ann", "releasing", "now", 1)):
            pass
    over.set()
    thread.join()
