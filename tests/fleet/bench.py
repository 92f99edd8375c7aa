"""What the fleet's tests commit to their own clone: pages to ask for, points to stop at."""

import json
import time
from contextlib import contextmanager

from tests.fleet import fleet
from tests.fleet.image import SOURCE
from tests.fleet.visitors import PASSWORD, PEOPLE_HERE
from tests.pipeline import ground

ROOT = "/srv/studium"
PLACE = "/run/chaos"  # forgotten by a reboot, as an order that was carried out has to be
POINTS = SOURCE / "tests/pipeline/chaos_points.py"
PEOPLE = f"""
from accounts.models import User
for name in {PEOPLE_HERE!r}:
    User.objects.create_user(name, password={PASSWORD!r})
"""


def add_to(work):
    """Add the bench, and the points at which the pipeline waits when a test says so."""
    points = POINTS.read_text().replace(
        '    order = root / "chaos"\n', f'    root = Path("{PLACE}")\n    order = root / "chaos"\n'
    )
    assert PLACE in points
    work.write("deploy/pipeline/chaos_points.py", points)
    main = work.read("deploy/pipeline/__main__.py")
    changed = main.replace("\nVerb =", "\nimport pipeline.chaos_points\n\nVerb =")
    assert changed != main
    work.write("deploy/pipeline/__main__.py", changed)
    return ground.add_bench(work)


def on(host, work):
    """Return the clone, at a release that a crowd knows what to ask for."""
    if not (work.folder / "app/bench").exists():
        add_to(work)
        told = work.push(host)
        assert told.returncode == 0, told.stdout
        make_people(host)
    return work


def make_people(host):
    host.ssh("runuser -u deploy -- studium-pipeline manage -- shell -v 0", stdin=PEOPLE)


# --- asking -------------------------------------------------------------------------------------
def live(host):
    return fleet.ask(host, "/health/ready/").json()["commit"]


def release(host):
    return fleet.ask(host, "/health/ready/").json()["release"]


def rows(host, commit=None):
    """Return the ledger, or its rows about one commit."""
    lines = host.ssh(f"cat {ROOT}/ledger.jsonl").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    return [row for row in found if commit in {None, row["to"]}]


def branch(host):
    line = f"git -C {ROOT}/repository.git rev-parse refs/heads/staging"
    return host.ssh(f"runuser -u deploy -- {line}").stdout.strip()


def sql(host, statement, user="studium"):
    line = f"cd /; runuser -u {user} -- psql -XAtq -d studium"
    return host.ssh(line, stdin=statement).stdout.split()


def pipeline(host, *words, who="ann", check=False, **more):
    line = f"runuser -u deploy -- env STUDIUM_WHO={who} studium-pipeline {' '.join(words)}"
    return host.ssh(line, check=check, **more)


def assert_whole(host, commit):
    """Nothing contradicts anything: answers, branch, links, journal, lock, ledger."""
    assert live(host) == commit == branch(host)
    told = host.ssh(f"""cd {ROOT}
        readlink live | xargs basename
        readlink /run/studium/live.sock | sed 's/[~.].*//'
        ls vassals | sed 's/[~.].*//'
        test ! -e journal.json || echo 'a journal is left'
    """).stdout.split()
    assert set(told) == {release(host)}, told
    log = pipeline(host, "log", "--count", "1")  # its end says whether the chain is whole
    assert log.returncode == 0, log.stderr


def wait_until(true, limit_s=60, what="it"):
    end = time.monotonic() + limit_s
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, f"{what} did not come within {limit_s} s"
        time.sleep(0.2)


def wait_until_it_answers(host, *commits, limit_s=90):
    """Return which of the commits answers."""

    def answer():
        told = fleet.ask(host, "/health/ready/", check=False)
        return told.status == 200 and told.json()["commit"]

    found = wait_until(answer, limit_s, f"an answer of {host.name}")
    assert found in commits
    return found


def wait_until_settled(host, limit_s=90):
    """Wait until no attempt is under way."""
    line = f"test ! -e {ROOT}/journal.json && flock -n {ROOT}/deploy.lock true"
    wait_until(lambda: host.ssh(line, check=False).returncode == 0, limit_s, "the end")


def reboot(host):
    """Reboot, and return when the host has gone down."""
    host.ssh("systemctl reboot", check=False)
    line = "systemctl is-system-running"
    wait_until(lambda: host.ssh(line, check=False).returncode == 255, 120, "the host's end")


def at_what_is_live(host, work):
    """Let the clone be at the branch of the host."""
    work.git("fetch", "-q", fleet.repository(host), "staging")
    work.git("reset", "-q", "--hard", "FETCH_HEAD")
    work.git("clean", "-qfd")
    return work


# --- holding ------------------------------------------------------------------------------------
@contextmanager
def held_at(host, point, work, who=None):
    """Start a push, hold its runner at a point, and yield the push; afterwards it goes on."""
    order(host, point, "wait")
    push = work.start_push(host, who)
    try:
        line = f"test -h {PLACE}/held"
        wait_until(lambda: host.ssh(line, check=False).returncode == 0, what=point)
        yield push
    finally:
        if host.is_on:
            host.ssh(f"rm -f {PLACE}/held {PLACE}/chaos", check=False)


def order(host, point, deed):
    host.ssh(f"install -d -m 777 {PLACE}; rm -f {PLACE}/*; echo '{point} {deed}' > {PLACE}/chaos")


def ended(push, limit_s=90):
    """Return how a push that was started has ended, and what it said."""
    text, _ = push.communicate(timeout=limit_s)
    return push.returncode, text
