"""What the tests of chaos do to a site: stop its runner, kill, fill the disk, and look."""

import os
import signal
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.pipeline.ground import wait_until

from pipeline import journal

LOOK_S = 0.05


@contextmanager
def always_answering(ground):
    """Ask all the time, and check that every answer was a good one."""
    faults, over = [], threading.Event()

    def ask():
        while not over.wait(LOOK_S):
            try:
                status = ground.ask("/health/", timeout=20).status
            except OSError as error:
                status = repr(error)
            if status != 200:
                faults.append(status)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert faults == []


def stop_at(ground, point, deed="kill"):
    (ground.site.root / "chaos").write_text(f"{point} {deed}")


@contextmanager
def held_at(ground, point, told=None):
    """Start a push and hold its runner at a point; yield the runner's pid."""
    stop_at(ground, point, "wait")
    push = ground.work.start_push()
    held = ground.site.root / "held"
    wait_until(held.is_symlink, what=point)
    try:
        yield int(held.readlink().name)
    finally:
        held.unlink(missing_ok=True)
        text, _ = push.communicate(timeout=60)
        if told is not None:
            told.append((push.returncode, text))


def kill(*pids):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def git_and_hooks(runner):
    """Return receive-pack and the hooks below it, of the push that this runner carries."""
    order = Path(f"/proc/{runner}/cmdline").read_bytes().split(b"\0")[-2]
    git = journal.read_attempt(Path(os.fsdecode(order))).receive_pack.pid
    return [git, *(pid for pid in below(git) if pid not in {runner, *below(runner)})]


def below(pid):
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in children for one in (int(child), *below(int(child)))]


def assert_ended(ground, commit, outcome):
    """The attempt has one row, and the site is whole on what is live."""
    ground.assert_whole()
    assert [row["outcome"] for row in ground.rows_of(commit)] == [outcome]
    assert (ground.branch == commit) == (outcome == "live")


def finished(ground):
    told = ground.pipeline("finish")
    assert told.code == 0, told.text
    return told.text


@contextmanager
def full(disk):
    yield
    (disk / "filler").unlink()


def fill(disk):
    with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 2**20)
