import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import lock
from pipeline.errors import Locked

DEPLOY = Path(__file__).parents[3] / "deploy"
HOLD = """
import sys, time
from pathlib import Path
from pipeline import lock
with lock.held(Path(sys.argv[1]), lock.Owner("ann", "releasing abc", "noon", 7)):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        (sys.executable, "-c", HOLD, str(tmp_path / "lock")),
        env=os.environ | {"PYTHONPATH": str(DEPLOY)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_is_told_who_holds_it_what_for_and_since_when(tmp_path, holder):
    mine = lock.Owner("bob", "releasing def", "later", 8)
    refused = pytest.raises(Locked, match=r"ann is releasing abc since noon \(process 7\)")
    with refused, lock.held(tmp_path / "lock", mine):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock.owner_of(tmp_path / "lock") is None
    with lock.held(tmp_path / "lock", lock.Owner("bob", "releasing", "later", 8)):
        assert lock.owner_of(tmp_path / "lock").who == "bob"


def test_a_child_process_does_not_keep_the_lock(tmp_path):
    with lock.held(tmp_path / "lock", lock.Owner("bob", "releasing", "now", 8)):
        child = subprocess.Popen(("sleep", "30"))
    time.sleep(0.05)
    assert lock.is_free(tmp_path / "lock")
    child.kill()
    child.wait()
