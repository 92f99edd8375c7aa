"""Early before the switch, late once the old release is gone, and loudly if a late one fails."""

import threading
from contextlib import contextmanager

from tests.pipeline.ground import ADD, DROP, migration, wait_until

MARK = """
def mark(apps, editor):
    with (Path(settings.MEDIA_ROOT) / "late-ran").open("a") as log:
        log.write(settings.RELEASE + "\\\\n")
""".replace("\\\\n", "\\n")
UNLESS_MENDED = """
def fail_unless_mended(apps, editor):
    if not (Path(settings.MEDIA_ROOT) / "mended").exists():
        raise ValueError("the purse is empty")
"""


def columns(ground):
    code = (
        "from django.db import connection\n"
        "cursor = connection.cursor()\n"
        "cursor.execute('SELECT * FROM bench_note')\n"
        "print(*(column[0] for column in cursor.description))"
    )
    return set(ground.manage("shell", "-v", "0", "-c", code).text.split())


@contextmanager
def slow_request(ground, seconds):
    """Somebody is on the live release for so long."""
    answers = []
    path = f"/bench/slow/?s={seconds}"
    thread = threading.Thread(target=lambda: answers.append(ground.ask(path)))
    thread.start()
    yield answers
    thread.join()


def test_early_ones_run_before_the_switch_and_late_ones_after_it(ground, work):
    early = migration(work, "colour", ADD.format(name="colour"))
    commit = work.commit("Add a column")
    assert work.push().code == 0
    assert ground.rows[-1]["migrations"]["early"] == [early]
    assert "colour" in columns(ground)
    late = migration(work, "no_colour", DROP.format(name="colour"), late=True)
    commit = work.commit("Drop it again")
    old = ground.site.live_release()
    with slow_request(ground, 5) as answers:
        told = work.push()
    assert told.code == 0, told.text
    assert answers[0].status == 200
    assert answers[0].json()["release"] == old
    row = ground.rows_of(commit)[0]
    assert row["migrations"] == {"early": [], "late": [late], "pending": []}
    assert "colour" not in columns(ground)
    ground.assert_whole(commit)


def test_a_late_migration_waits_for_the_last_request_of_the_old_release(ground, work):
    migration(work, "mark", "migrations.RunPython(mark)", late=True, prelude=MARK)
    commit = work.commit("Leave a mark late")
    mark = ground.site.folder("media") / "late-ran"
    seen = []
    with slow_request(ground, 9):
        push = threading.Thread(target=lambda: seen.append(work.push()))
        push.start()
        wait_until(lambda: ground.answering == commit)
        assert not mark.exists()
        push.join()
    assert seen[0].code == 0
    assert mark.read_text().split() == [ground.site.live_release()]
    mark.unlink()


def test_a_failing_late_migration_leaves_the_site_healthy_and_can_be_finished(ground, work):
    late = migration(
        work,
        "fails_late",
        "migrations.RunPython(fail_unless_mended)",
        late=True,
        prelude=UNLESS_MENDED,
    )
    commit = work.commit("Fail late")
    told = work.push()
    assert told.code == 0, told.text
    assert f"LATE MIGRATIONS PENDING ({late})" in told.text
    assert "the purse is empty" in told.text
    assert "fab finish:staging" in told.text
    ground.assert_whole(commit)
    report = ground.ask("/health/ready/")
    assert report.status == 200
    assert late in report.json()["checks"]["migrations"]["detail"]
    assert ground.rows_of(commit)[0]["migrations"]["pending"] == [late]
    assert ground.pipeline("finish").code == 1
    (ground.site.folder("media") / "mended").touch()
    told = ground.pipeline("finish")
    assert told.code == 0, told.text
    row = ground.rows[-1]
    assert (row["kind"], row["outcome"]) == ("finish", "finished")
    assert ground.ask("/health/ready/").json()["checks"]["migrations"]["ok"]


def test_late_ones_can_be_left_pending_with_a_reason_and_go_with_the_next_push(ground, work):
    late = migration(work, "wait", "migrations.RunPython(mark)", late=True, prelude=MARK)
    commit = work.commit("Wait for the weekend")
    assert work.push("no-late-migrations=people are measuring").code == 0
    row = ground.rows_of(commit)[0]
    assert row["migrations"]["pending"] == [late]
    assert row["reason"] == "people are measuring"
    mark = ground.site.folder("media") / "late-ran"
    assert not mark.exists()
    work.commit("The weekend has come")
    assert work.push().code == 0
    assert mark.read_text().split() == [ground.site.live_release()]
    mark.unlink()


SQUASH = """
from django.db import migrations


class Migration(migrations.Migration):
    replaces = {replaces}
    initial = True
    dependencies = []
    operations = {operations}
"""


def test_a_squash_of_what_is_applied_is_released(ground, work):
    folder = work.folder / "app" / "bench" / "migrations"
    names = sorted(file.stem for file in folder.glob("0*.py"))
    parts = [f"bench.migrations.{name}" for name in names]
    operations = (
        f"[operation for name in {parts!r} for operation in "
        "import_module(name).Migration.operations]"
    )
    text = SQUASH.format(replaces=[("bench", name) for name in names], operations=operations)
    squash = "0001_squashed"
    work.write(f"app/bench/migrations/{squash}.py", f"from importlib import import_module\n{text}")
    commit = work.commit("Squash the migrations")
    told = work.push()
    assert told.code == 0, told.text
    assert ground.rows_of(commit)[0]["migrations"]["early"] == []
    assert ground.ask("/health/ready/").json()["checks"]["migrations"]["ok"]
    work.git("revert", "--no-edit", "HEAD")
    assert work.push().code == 0
