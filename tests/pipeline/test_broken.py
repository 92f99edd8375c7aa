"""A release that does not work never becomes live, and the pusher reads why."""

import pytest
from tests.pipeline.ground import ADD, DROP, migration

ONLY_ON_UWSGI = """
try:
    import uwsgi
except ImportError:
    uwsgi = None
"""
QUICK_S = 30  # what hangs would take 120 s


@pytest.fixture
def fails(ground, work):
    """Push what is in the clone and check that nothing has come of it but a row."""

    def check(subject, *fragments, outcome="failed"):
        before = ground.state()
        commit = work.commit(subject)
        told = work.push()
        assert told.code != 0, told.text
        for fragment in fragments:
            assert fragment in told.text, told.text
        assert ground.state() == before
        rows = ground.rows_of(commit)
        assert [row["outcome"] for row in rows] == [outcome]
        assert sum(step["seconds"] for step in rows[0]["steps"]) < QUICK_S
        assert told.seconds < 2 * QUICK_S
        return told

    return check


def test_a_broken_address_table(fails, work):
    work.add("app/config/urls.py", "\nfrom nowhere import views\n")
    fails("Break the addresses", "No module named 'nowhere'", "urls.py")


def test_a_broken_address_table_that_only_the_web_server_meets(fails, work):
    work.add("app/bench/urls.py", f"{ONLY_ON_UWSGI}\nif uwsgi:\n    from nowhere import views\n")
    fails("Break the addresses on uWSGI", "No module named 'nowhere'")


def test_a_broken_application(fails, work):
    work.add("app/config/wsgi.py", "\nraise RuntimeError('no application today')\n")
    fails("Break the application", "no application today")


def test_an_application_that_only_the_web_server_cannot_load(fails, work):
    broken = f"{ONLY_ON_UWSGI}\nif uwsgi:\n    raise RuntimeError('not on this server')\n"
    work.add("app/config/wsgi.py", broken)
    fails("Break the application on uWSGI", "not on this server")


def test_an_error_of_one_page(fails, work):
    broken = "\ndef home(request):\n    raise LookupError('the shelf is empty')\n"
    work.add("app/common/views.py", broken)
    fails("Break the home page", "LookupError: the shelf is empty", "views.py")


def test_an_error_of_one_page_that_only_the_web_server_shows(fails, work):
    broken = (
        f"{ONLY_ON_UWSGI}\nwhole_home = home\n\ndef home(request):\n"
        "    if uwsgi:\n        raise LookupError('the shelf is empty')\n"
        "    return whole_home(request)\n"
    )
    work.add("app/common/views.py", broken)
    fails("Break the home page on uWSGI", "/ answers 500", "LookupError: the shelf is empty")


def test_a_release_that_starts_too_slowly(fails, work):
    slow = f"{ONLY_ON_UWSGI}\nif uwsgi:\n    import time\n    time.sleep(120)\n"
    work.add("app/config/wsgi.py", slow)
    fails("Start slowly", "does not listen after", "boot_s")


def test_a_failing_migration(fails, ground, work):
    name = migration(
        work,
        "fails",
        "migrations.RunPython(fail)",
        prelude="def fail(apps, editor):\n    raise ValueError('the purse is empty')\n",
    )
    fails("Bring a failing migration", f"{name} failed", "the purse is empty")
    assert name.partition(".")[2] not in ground.manage("showmigrations", "bench").text


def test_a_ghost(fails, ground):
    ghost = "INSERT INTO django_migrations (app, name, applied) VALUES ('bench', '9999_lost', 0)"
    tell(ground, ghost)
    try:
        told = fails("Know nothing of a migration", "bench.9999_lost", outcome="refused")
        assert "this code does not have it" in told.text
    finally:
        tell(ground, "DELETE FROM django_migrations WHERE name = '9999_lost'")


def tell(ground, sql):
    code = f"from django.db import connection; connection.cursor().execute({sql!r})"
    ground.manage("shell", "-v", "0", "-c", code)


def test_an_early_migration_after_a_late_one(fails, work):
    migration(work, "add", ADD.format(name="one"))
    late = migration(work, "drop", DROP.format(name="one"), late=True)
    early = migration(work, "more", ADD.format(name="two"))
    fails("Put things in the wrong order", f"{early}: is early", late, outcome="refused")


def test_two_last_migrations(fails, work):
    one = migration(work, "add", ADD.format(name="one"))
    two = migration(work, "more", ADD.format(name="two"), after="0001_initial")
    told = fails("Fork the migrations", "makemigrations --merge bench", outcome="refused")
    assert one.partition(".")[2] in told.text
    assert two.partition(".")[2] in told.text


def test_an_early_migration_that_takes_away(fails, work):
    migration(work, "away", "migrations.DeleteModel('Note')")
    fails("Take away too early", "drops the table of Note", "late = True", outcome="refused")


def test_a_missing_template(fails, work):
    work.git("rm", "--quiet", "app/templates/base.html")
    fails("Lose the frame", "base.html")


def test_a_style_sheet_that_names_what_is_not_there(fails, work):
    work.write("app/static/css/lost.css", "body { background: url('nowhere.png') }\n")
    fails("Lose a picture", "nowhere.png")
