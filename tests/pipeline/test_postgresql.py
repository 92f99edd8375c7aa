"""The same site on PostgreSQL, where a migration may have to wait for people."""

import threading
import time
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
from tests import postgres
from tests.pipeline import ground as grounds
from tests.pipeline.conftest import MISSING
from tests.pipeline.ground import ADD, migration


@pytest.fixture(scope="module")
def one_ground():
    """A site of its own for this file, in place of the one on SQLite."""
    if MISSING or postgres.programs() is None:
        pytest.skip(f"not installed: {', '.join([*MISSING, 'postgresql'])}")
    with postgres.server() as url, grounds.built(secrets={"DATABASE_URL": url}) as ground:
        grounds.add_bench(ground.work)
        told = ground.work.push()
        assert told.code == 0, told.text
        ground.database = url
        yield ground


def connect(ground):
    facts = urlsplit(ground.database)
    folder = parse_qs(facts.query)["host"][0]
    return psycopg2.connect(host=folder, user=facts.username, dbname=facts.path.strip("/"))


def test_a_migration_waits_its_turn_while_somebody_reads(ground, work):
    """It gives way after 4 s, so that nobody queues behind it for long, and asks again."""
    reader = connect(ground)
    reader.cursor().execute("SELECT * FROM bench_note")
    threading.Timer(6, reader.close).start()
    name = migration(work, "colour", ADD.format(name="colour"))
    commit = work.commit("Add a column that has to wait")
    waits = watch(ground)
    told = work.push()
    longest = waits()
    assert told.code == 0, told.text
    assert f"applied {name}" in told.text
    assert longest < 5
    ground.assert_whole(commit)


def watch(ground):
    """Read the table again and again; return a function that says how long one had to wait."""
    over, longest = threading.Event(), [0.0]

    def look():
        connection = connect(ground)
        connection.autocommit = True
        while not over.is_set():
            began = time.monotonic()
            connection.cursor().execute("SELECT count(*) FROM bench_note")
            longest[0] = max(longest[0], time.monotonic() - began)
            time.sleep(0.05)
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()

    def ended():
        over.set()
        thread.join()
        return longest[0]

    return ended


def test_a_statement_that_takes_too_long_is_refused_with_the_remedy(ground, work):
    before = ground.state()
    migration(work, "sleep", "migrations.RunSQL('SELECT pg_sleep(20)')")
    work.commit("Sleep on the job")
    told = work.push()
    assert told.code != 0
    assert "took longer than 5 s" in told.text
    assert "statement_timeout_s" in told.text
    assert ground.state() == before


def test_a_rollback_works_there_too(ground, work):
    before = ground.branch
    work.commit("For a moment only")
    assert work.push().code == 0
    assert ground.roll_back("--to", before[:12]).code == 0
    ground.assert_whole(before)
