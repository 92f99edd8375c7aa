"""Each migration whole or not at all, and none that makes the site wait for long."""

import time
from pathlib import Path

import pytest
from tests.integration.migrations.conftest import (
    ADD_PHONE,
    CREATE_ORDER,
    DROP_NOTE,
    ON_POSTGRESQL,
    applied,
)

only_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite knows no statement limit")
IMPATIENT = """
from ops import migration_runner
migration_runner.LOCK_S = 0.2
migration_runner.STATEMENT_S = 0.4
migration_runner.PAUSES_S = (0.1, 0.2)
"""
BAD = "migrations.RunPython(fail)"
FAIL = """
def fail(apps, editor):
    raise ValueError("the purse is empty")
"""


class Reader:
    """Somebody who holds the table of orders until told to let go."""

    def __init__(self, project):
        self.connection = project.connect()
        cursor = self.connection.cursor()
        if ON_POSTGRESQL:
            cursor.execute("BEGIN; SELECT * FROM shop_order")
        else:
            cursor.execute("BEGIN IMMEDIATE")

    def let_go(self):
        self.connection.close()


def test_a_failing_migration_leaves_nothing_of_itself_and_all_before_it(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.migration("0003_bad", DROP_NOTE, BAD, prelude=FAIL, late=False)
    result = shop.run("migrate_phase", "early")
    assert result.code == 1
    assert applied(result) == ["shop.0002_phone"]
    last = result.err.strip().splitlines()[-1]
    assert "shop.0003_bad failed: ValueError: the purse is empty" in last
    assert "Nothing of it was kept" in last
    assert shop.columns("shop_order") == {"id", "note", "phone"}
    assert shop.recorded() == ["shop.0001_initial", "shop.0002_phone"]


def test_a_mended_migration_goes_on_where_the_failure_was(shop):
    shop.migration("0002_phone", ADD_PHONE)
    shop.migration("0003_bad", BAD, prelude=FAIL)
    assert shop.run("migrate_phase", "early").code == 1
    shop.migration("0003_bad", depends=[("shop", "0002_phone")])
    assert shop.apply("early") == ["shop.0003_bad"]


def test_a_migration_that_cannot_be_recorded_is_not_applied(shop):
    """Django itself records it a moment after the commit when statements were deferred."""
    line = CREATE_ORDER.replace("Order", "Line").replace(
        "\n])", '\n    ("order", models.ForeignKey("shop.Order", models.CASCADE)),\n])'
    )
    shop.migration("0002_line", line)
    shop.prelude = """
from django.db.migrations.recorder import MigrationRecorder
def lost(*_):
    raise RuntimeError("the power is gone")
MigrationRecorder.record_applied = lost
"""
    result = shop.run("migrate_phase", "early")
    assert "the power is gone" in result.err
    tables = "pg_tables WHERE tablename" if ON_POSTGRESQL else "sqlite_master WHERE name"
    assert shop.ask(f"SELECT 1 FROM {tables} = 'shop_line'") == []  # noqa: S608
    shop.prelude = ""
    assert shop.apply("early") == ["shop.0002_line"]


SLOW = """
import pathlib, time
def wait(apps, editor):
    flag = pathlib.Path(__file__).with_name("reached")
    if not flag.exists():
        flag.touch()
        time.sleep(60)
"""


def test_a_killed_run_is_continued_by_the_next(shop):
    shop.migration("0002_phone", ADD_PHONE)
    mail = ADD_PHONE.replace("phone", "mail")
    shop.migration("0003_slow", mail, "migrations.RunPython(wait)", prelude=SLOW)
    shop.migration("0004_fax", ADD_PHONE.replace("phone", "fax"))
    process = shop.start("migrate_phase", "early")
    flag = shop.folder / "shop" / "migrations" / "reached"
    wait_until(flag.exists, process)
    process.kill()
    process.communicate()
    assert shop.recorded() == ["shop.0001_initial", "shop.0002_phone"]
    wait_until(lambda: shop.apply_or_none() is not None)
    assert shop.recorded()[2:] == ["shop.0003_slow", "shop.0004_fax"]
    assert shop.columns("shop_order") == {"id", "note", "phone", "mail", "fax"}


def wait_until(true, process=None):
    for _ in range(400):
        if true():
            return
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)
    pytest.fail("it never came to that")


def test_a_lock_that_is_let_go_in_time_is_waited_for(shop):
    shop.prelude = IMPATIENT.replace("(0.1, 0.2)", "(0.1,) * 50")
    shop.migration("0002_phone", ADD_PHONE)
    reader = Reader(shop)
    process = shop.start("migrate_phase", "early")
    time.sleep(2)
    assert process.poll() is None
    reader.let_go()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "applied shop.0002_phone" in out


def test_a_lock_that_is_never_let_go_ends_in_a_clear_refusal(shop):
    shop.prelude = IMPATIENT
    shop.migration("0002_phone", ADD_PHONE)
    reader = Reader(shop)
    result = shop.run("migrate_phase", "early")
    reader.let_go()
    assert result.code == 1
    assert "shop.0002_phone failed" in result.err
    assert "held the table in each of 3 tries" in result.err
    assert shop.columns("shop_order") == {"id", "note"}


@only_postgresql
def test_others_do_not_queue_long_behind_a_waiting_migration(shop):
    shop.prelude = IMPATIENT
    shop.migration("0002_phone", ADD_PHONE)
    reader = Reader(shop)
    process = shop.start("migrate_phase", "early")
    longest = 0.0
    while process.poll() is None:
        started = time.monotonic()
        shop.ask("SELECT count(*) FROM shop_order")
        longest = max(longest, time.monotonic() - started)
    process.communicate()
    reader.let_go()
    assert longest < 1.5


@only_postgresql
def test_a_statement_that_takes_too_long_is_ended_and_the_remedy_named(shop):
    shop.prelude = IMPATIENT
    shop.migration("0002_sleep", 'migrations.RunSQL("SELECT pg_sleep(5)")')
    result = shop.run("migrate_phase", "early")
    assert result.code == 1
    assert "A statement took longer than 0.4 s" in result.err
    assert "statement_timeout_s" in result.err


@only_postgresql
def test_a_migration_may_ask_for_more_time(shop):
    shop.prelude = IMPATIENT
    sleep = 'migrations.RunSQL("SELECT pg_sleep(1)")'
    shop.migration("0002_sleep", sleep, statement_timeout_s=5)
    assert shop.apply("early") == ["shop.0002_sleep"]
    shop.migration("0003_sleep", sleep)
    assert shop.run("migrate_phase", "early").code == 1


@only_postgresql
def test_an_index_can_be_built_while_people_write(shop):
    shop.migration(
        "0002_index",
        'AddIndexConcurrently("order", models.Index(fields=["note"], name="by_note"))',
        prelude="from django.contrib.postgres.operations import AddIndexConcurrently",
        atomic=False,
    )
    assert shop.apply("early") == ["shop.0002_index"]


def test_a_contraction_that_the_plan_let_pass_is_applied(shop):
    """The pipeline may overrule the plan by a push option; the phase then does as it is told."""
    shop.migration("0002_drop_note", DROP_NOTE)
    assert shop.plan().kinds == {("contracting", "shop.0002_drop_note")}
    assert shop.apply("early") == ["shop.0002_drop_note"]


def test_the_lines_of_a_phase_say_what_took_how_long(shop):
    shop.migration("0002_phone", ADD_PHONE)
    result = shop.run("migrate_phase", "early")
    assert result.out.split()[:2] == ["applied", "shop.0002_phone"]
    assert result.out.endswith(" s\n")


def test_old_code_still_inserts_after_the_early_phase(shop):
    shop.migration("0002_phone", ADD_PHONE)
    country = ADD_PHONE.replace("phone", "country").replace("null=True", 'db_default="GB"')
    shop.migration("0003_country", country)
    shop.apply("early")
    connection = shop.connect()
    connection.cursor().execute("INSERT INTO shop_order (id, note) VALUES (1, 'old code')")
    connection.close()
    assert shop.ask("SELECT phone, country FROM shop_order") == [(None, "GB")]


def test_models_of_a_phase_get_their_permissions(project):
    project.apps = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
    (project.folder / "shop" / "models.py").write_text(
        "from django.db import models\nclass Order(models.Model):\n"
        "    note = models.CharField(max_length=20)\n"
    )
    project.apply("early")
    asked = "SELECT count(*) FROM auth_permission WHERE codename = 'change_order'"
    assert project.ask(asked) == [(1,)]
    connection = project.connect()
    connection.cursor().execute("DELETE FROM auth_permission")  # as a run killed before them
    connection.close()
    project.apply("early")
    assert project.ask(asked) == [(1,)]


def test_the_folder_of_the_migrations_is_not_written_to(shop):
    before = sorted(Path(shop.folder).rglob("*"))
    shop.apply("early")
    assert sorted(Path(shop.folder).rglob("*")) == before
