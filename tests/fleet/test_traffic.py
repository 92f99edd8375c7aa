"""Releases, good and bad, while a crowd uses the site: nobody notices any of them."""

import re
import sys
import threading
import time

import pytest
from tests.fleet import bench, fleet
from tests.fleet.visitors import Crowd, Newcomer, Reader, Waiter
from tests.pipeline.ground import ADD, DROP, migration


@pytest.fixture
def work(work, staging):
    return bench.on(staging, work)


@pytest.fixture
def crowd(staging, work):
    """Visitors from here to the end of the test; each of them has been content."""
    with Crowd(staging) as crowd:
        time.sleep(1)
        yield crowd
        time.sleep(1)
    sys.stdout.write(crowd.report())
    crowd.assert_content()
    kept = bench.sql(staging, "SELECT id FROM bench_note")
    assert set(map(str, crowd.written)) <= set(kept)


def columns(host):
    return set(
        bench.sql(
            host,
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'bench_note'",
        )
    )


def knows(work, *names):
    """Let the release read these columns."""
    text = work.read("app/bench/views.py")
    changed = re.sub(r"SELECT .* FROM", f"SELECT {', '.join(names)} FROM", text)
    work.write("app/bench/views.py", changed)


# --- good ---------------------------------------------------------------------------------------
def test_two_releases_in_a_row_and_back_again_are_seen_by_nobody(staging, work, crowd):
    start = bench.live(staging)
    commits = [work.commit(f"Release {number} of two") for number in (1, 2)]
    for commit in commits:
        told = work.push(staging, what=f"{commit}:refs/heads/staging")
        assert told.returncode == 0, told.stdout
        bench.assert_whole(staging, commit)
    told = bench.pipeline(staging, "rollback", "--to", start[:12], "--reason", "enough")
    assert told.returncode == 0, told.stdout + told.stderr
    assert bench.live(staging) == start
    bench.wait_until_settled(staging)
    bench.assert_whole(staging, start)
    row = bench.rows(staging)[-1]
    assert (row["who"], row["outcome"], row["to"]) == ("ann", "rolled back", start)
    time.sleep(1)
    for guest in [*crowd.of(Reader), *crowd.of(Newcomer)]:  # never an older one after a newer one
        assert [name.partition("-")[2] for name in guest.seen] == [
            commit[:12] for commit in (start, *commits, start)
        ]


def test_a_warm_rollback_too(staging, work, crowd):
    """Right after the release: the one before still drains, and is taken back before it is gone."""
    before = bench.live(staging)
    commit = work.commit("For a moment")
    with bench.held_at(staging, "row", work) as push:
        assert bench.live(staging) == commit
    assert bench.ended(push)[0] == 0
    told = bench.pipeline(staging, "rollback")
    assert told.returncode == 0, told.stdout + told.stderr
    bench.wait_until_settled(staging)
    bench.assert_whole(staging, before)


def test_a_push_right_after_a_rollback_is_taken(staging, work, crowd):
    work.commit("To go back from")
    assert work.push(staging).returncode == 0
    assert bench.pipeline(staging, "rollback").returncode == 0
    url = fleet.repository(staging)
    work.git("fetch", "-q", url, "staging")
    work.git("reset", "-q", "--hard", "FETCH_HEAD")
    commit = work.commit("Mended at once")
    told = work.push(staging)
    assert told.returncode == 0, told.stdout
    bench.assert_whole(staging, commit)


def test_a_column_comes_early_and_goes_late(staging, work, crowd):
    """The release that reads it needs it from its first request to its last."""
    early = migration(work, "colour", ADD.format(name="colour"))
    knows(work, "id", "colour")
    commit = work.commit("Read the colour")
    told = work.push(staging)
    assert told.returncode == 0, told.stdout
    assert f"applied {early}" in told.stdout
    assert bench.rows(staging, commit)[0]["migrations"]["early"] == [early]
    late = migration(work, "no_colour", DROP.format(name="colour"), late=True)
    knows(work, "id")
    commit = work.commit("Read the colour no more")
    last = threading.Thread(
        target=lambda: told.__dict__.update(last=fleet.ask(staging, "/bench/notes/?s=6"))
    )
    last.start()
    time.sleep(0.3)
    second = work.push(staging)
    last.join()
    assert second.returncode == 0, second.stdout
    assert told.last.status == 200
    assert "colour" in told.last.json()
    assert columns(staging) == {"id"}
    row = bench.rows(staging, commit)[0]
    assert row["migrations"] == {"early": [], "late": [late], "pending": []}
    bench.assert_whole(staging, commit)


READS = """cd /; runuser -u studium -- psql -q -d studium <<'SQL'
BEGIN; SELECT count(*) FROM bench_note; SELECT pg_sleep({seconds}); COMMIT;
SQL"""


def reading(host, seconds):
    """Somebody reads the notes in one long transaction."""
    line = READS.format(seconds=seconds)
    thread = threading.Thread(target=host.ssh, args=(line,), kwargs={"check": False})
    thread.start()
    time.sleep(0.5)
    return thread


def test_a_migration_that_waits_behind_a_reader_lets_everybody_else_pass(staging, work, crowd):
    name = migration(work, "patient", ADD.format(name="patient"))
    commit = work.commit("Wait behind a reader")
    reader = reading(staging, 12)
    told = work.push(staging)
    reader.join()
    assert told.returncode == 0, told.stdout
    assert f"applied {name}" in told.stdout
    bench.assert_whole(staging, commit)


# --- bad ----------------------------------------------------------------------------------------
def refused(staging, work, subject, *phrases):
    """Push what must not become live; return its commit."""
    before, vassals = bench.live(staging), staging.ssh("ls /srv/studium/vassals").stdout
    commit = work.commit(subject)
    told = work.push(staging)
    assert told.returncode != 0
    for phrase in phrases:
        assert phrase in told.stdout
    bench.assert_whole(staging, before)
    assert staging.ssh("ls /srv/studium/vassals").stdout == vassals
    assert bench.rows(staging, commit)[-1]["outcome"] == "failed"
    assert staging.ssh(f"ls -d /srv/studium/releases/*{commit[:12]}*", check=False).stdout == ""


def test_an_early_migration_that_fails_changes_nothing(staging, work, crowd):
    """Its first half is undone with it: PostgreSQL keeps all of a migration or nothing."""
    before = columns(staging)
    name = migration(work, "halves", ADD.format(name="half") + ", migrations.RunSQL('SELECT 1/0')")
    refused(staging, work, "Fail early", name, "division by zero")
    assert columns(staging) == before


def test_a_migration_that_nobody_lets_through_is_given_up(staging, work, crowd):
    reader = reading(staging, 60)
    name = migration(work, "never", ADD.format(name="never"))
    try:
        refused(staging, work, "Wait for ever", name, "lock")
    finally:
        bench.sql(staging, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                  "WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")  # fmt: skip
        reader.join()
    assert "never" not in columns(staging)


def test_a_late_migration_that_fails_leaves_the_new_release_live(staging, work, crowd):
    name = migration(work, "fails_late", "migrations.RunSQL('SELECT 1/0')", late=True)
    commit = work.commit("Fail late")
    told = work.push(staging)
    assert told.returncode == 0, told.stdout
    assert f"LATE MIGRATIONS PENDING ({name})" in told.stdout
    bench.assert_whole(staging, commit)
    assert bench.rows(staging, commit)[0]["migrations"]["pending"] == [name]
    file = f"app/bench/migrations/{name.partition('.')[2]}.py"
    work.write(file, work.read(file).replace("1/0", "1/1"))
    mended = work.commit("Divide by one")
    told = work.push(staging)
    assert told.returncode == 0, told.stdout
    bench.assert_whole(staging, mended)
    assert fleet.ask(staging, "/health/ready/").json()["checks"]["migrations"]["ok"]


@pytest.mark.parametrize(
    ("file", "text", "phrase"),
    [
        ("app/config/settings/base.py", "\nDEBUG = undefined\n", "undefined"),
        ("app/common/views.py", "\ndef home(request):\n    raise LookupError('gone')\n", "gone"),
        ("app/config/wsgi.py", "\nimport time\ntime.sleep(60)\n", "limit"),
        ("requirements/deployed.txt", "\nnothing-of-ours==1.0 --hash=sha256:00\n", "requirements"),
    ],
)
def test_a_release_that_cannot_live_is_refused(staging, work, crowd, file, text, phrase):
    work.add(file, text)
    refused(staging, work, f"Break {file}", phrase)


def test_a_crowd_notices_a_fault(staging, work):
    """Or all of the above would prove nothing."""
    with Crowd(staging) as crowd:
        time.sleep(1)
        staging.ssh("systemctl restart studium-emperor")
        bench.wait_until_it_answers(staging, bench.branch(staging))
        time.sleep(1)
    assert crowd.failures
    assert Waiter(crowd).kind in {failure.who for failure in crowd.failures}
