"""The fleet itself: it says why it cannot be, and leaves nothing behind, however a run ended."""

import subprocess
import sys
from contextlib import contextmanager

from tests.fleet.image import SOURCE
from tests.fleet.machines import CONTROLLER, Host, keepers, namespaces, sweep

FORGOTTEN = Host("certificates")
RUN = f"""
import time
from tests.fleet import fleet
fleet.bare("{FORGOTTEN.name}")
print("is on", flush=True)
time.sleep(600)
"""
ASK = "from tests.fleet import ground; print(ground.missing())"


@contextmanager
def another_run():
    """Let another process boot a host; then let it die without a word."""
    process = subprocess.Popen([sys.executable, "-c", RUN], cwd=SOURCE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout.readline() == b"is on\n"
        yield process
        process.kill()


def test_what_a_killed_run_has_left_is_ended_by_the_next_one(provisioned):
    before = namespaces()
    assert {CONTROLLER, provisioned.namespace} <= set(before)
    with another_run():
        pass
    assert FORGOTTEN.is_on
    (FORGOTTEN.place / "keeper.pid").unlink()  # killed before it was written
    sweep()
    assert keepers(FORGOTTEN.namespace) == []
    assert namespaces() == before
    assert not FORGOTTEN.place.exists()
    provisioned.ssh("true")


def test_the_host_of_a_run_that_goes_on_stays(machine):
    with another_run():
        sweep()
        FORGOTTEN.ssh("true")
    sweep()
    assert FORGOTTEN.namespace not in namespaces()


def test_a_machine_that_refuses_namespaces_says_so(machine):
    without = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
    done = subprocess.run(
        [*without, sys.executable, "-c", ASK],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("this machine allows no namespaces: unshare: "), done.stderr


def test_somebody_who_is_not_root_is_told_so(machine):
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-B", "-c", ASK],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "root is needed to boot hosts (sudo make fleet)\n", done.stderr
