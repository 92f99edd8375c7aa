"""Whatever is killed, lost, full or broken: one release answers, and the next start mends it."""

import os
import shutil
import subprocess
import tempfile
import threading
from io import StringIO
from pathlib import Path

import pytest
from tests.pipeline import ground as grounds
from tests.pipeline.chaos import (
    always_answering,
    assert_ended,
    below,
    fill,
    finished,
    full,
    git_and_hooks,
    held_at,
    kill,
    stop_at,
)
from tests.pipeline.conftest import MISSING
from tests.pipeline.ground import migration, run, wait_until
from tests.pipeline.test_migrations import MARK

from laptop import emperor
from laptop.console import Console
from pipeline import ledger, lock, releases, vassals

POINTS = Path(__file__).with_name("chaos_points.py")
QUICK = {"drain_s": 0.3, "end_s": 4, "keep": 3, "import_s": 20, "boot_s": 20}
DISK_MB = 960  # of which a release wants 300 to be free
BEFORE_LIVE = ["before-received", "received", "early", "between"]
ONCE_LIVE = ["drain", "verdict", "recorded"]


@pytest.fixture(scope="module")
def disk():
    """A small disk of its own, or None where this user may not mount one."""
    place = Path(tempfile.mkdtemp(prefix="d-", dir="/tmp"))  # short, for the sockets
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "chaos", str(place)]
    mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    yield place if mounted else None
    if mounted:
        run("umount", "--lazy", place)
    place.rmdir()


@pytest.fixture(scope="module")
def site_of_chaos(disk):
    """A site whose pipeline stops where a test says, with short limits, and without cron."""
    if MISSING:
        pytest.skip(f"not installed: {', '.join(MISSING)}")
    with grounds.built(place=disk or "/tmp", release=QUICK) as ground:
        grounds.add_bench(ground.work)
        pipeline = ground.work.folder / "deploy" / "pipeline"
        shutil.copy(POINTS, pipeline)
        main = (pipeline / "__main__.py").read_text()
        main = main.replace("\nVerb =", "\nimport pipeline.chaos_points\n\nVerb =")
        (pipeline / "__main__.py").write_text(main)
        ground.work.commit("Add points to stop at")
        told = ground.work.push()
        assert told.code == 0, told.text
        yield ground


@pytest.fixture
def ground(site_of_chaos):
    ground = site_of_chaos
    ground.work.back_to(ground.branch)
    yield ground
    for left in ("chaos", "held"):
        (ground.site.root / left).unlink(missing_ok=True)
    wait_until(lambda: lock.is_free(ground.site.lock), what="the lock's end")
    ground.assert_whole()
    assert_tidy(ground)


@pytest.fixture
def work(ground):
    return ground.work


def assert_tidy(ground):
    """Releases are whole, one web server runs, and no draft lies about."""
    site = ground.site
    kept = {release.id for release in releases.kept(site)}
    assert {path.name for path in site.releases.iterdir()} == kept
    inis = [path.stem.partition("~")[0] for path in site.vassals.glob("*.ini")]
    assert inis == [site.live_release()]
    for folder in (site.root, site.vassals, site.run):
        assert [path.name for path in folder.glob(".*.[0-9]*")] == []


# --- killed -------------------------------------------------------------------------------------
@pytest.mark.parametrize("point", BEFORE_LIVE + ONCE_LIVE)
def test_a_killed_runner(ground, work, point):
    commit = work.commit(f"Kill the runner: {point}")
    stop_at(ground, point)
    with always_answering(ground):
        told = work.push()
        finished(ground)
    assert (told.code == 0) == (point in ONCE_LIVE), told.text
    assert_ended(ground, commit, "live" if point in ONCE_LIVE else "interrupted")


@pytest.mark.parametrize("point", ["booted", "switched"])
def test_runner_and_git_are_killed_together(ground, work, point):
    commit = work.commit(f"Kill all: {point}")
    with always_answering(ground):
        with held_at(ground, point) as runner:
            kill(runner, *git_and_hooks(runner))
        assert ground.branch != commit
        finished(ground)
    assert_ended(ground, commit, "interrupted" if point == "booted" else "live")


def test_the_update_hook_is_killed_and_its_runner_goes_on(ground, work):
    commit = work.commit("Kill the hook")
    with held_at(ground, "early") as runner:
        kill(*git_and_hooks(runner)[1:])
    wait_until(lambda: ground.rows_of(commit), what="the row")
    wait_until(lambda: not ground.site.journal.exists(), what="the end")
    assert_ended(ground, commit, "live")


def test_post_receive_is_killed_and_the_runner_goes_on(ground, work):
    commit = work.commit("Kill the last hook")
    with held_at(ground, "row") as runner:
        kill(*git_and_hooks(runner)[1:])
    wait_until(lambda: not ground.site.journal.exists(), what="the end")
    assert_ended(ground, commit, "live")


@pytest.mark.parametrize("point", ["booted", "switched"])
def test_a_reboot_in_the_middle(ground, work, point):
    """Everything is killed, and `run` is empty afterwards."""
    commit = work.commit(f"Reboot: {point}")
    site = ground.site
    daemon = emperor.daemon(ground.clone, site)
    with held_at(ground, point) as runner:
        web = [daemon.pid(), *below(daemon.pid())]
        kill(runner, *git_and_hooks(runner), *web)
    for left in site.run.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    emperor.ensure(ground.clone, site, Console(StringIO()))
    assert ground.pipeline("recover").code == 0
    wait_until(lambda: ground.ask("/health/").status == 200, what="an answer")
    assert_ended(ground, commit, "interrupted" if point == "booted" else "live")


def test_a_command_ends_with_its_runner(ground, work):
    """Nothing goes on behind the back of the next attempt."""
    slow = "import time\n\ndef sleep(apps, editor):\n    time.sleep(60)\n"
    migration(work, "sleeps", "migrations.RunPython(sleep)", prelude=slow)
    commit = work.commit("Sleep in a migration")
    with held_at(ground, "early-migrations") as runner:
        (ground.site.root / "held").unlink()
        [command] = wait_until(lambda: below(runner), what="the migration")
        kill(runner)
        wait_until(lambda: not Path(f"/proc/{command}").exists(), limit_s=5, what="its end")
    finished(ground)
    assert_ended(ground, commit, "interrupted")


# --- late migrations ----------------------------------------------------------------------------
def test_late_migrations_outlive_a_kill_and_run_once(ground, work):
    migration(work, "mark", "migrations.RunPython(mark)", late=True, prelude=MARK)
    commit = work.commit("Leave a mark late")
    old = releases.lock_file(ground.site, ground.site.live_release())
    stop_at(ground, "late-migrations")
    assert work.push().code == 0
    finishers = [threading.Thread(target=ground.pipeline, args=("finish",)) for _ in range(2)]
    for thread in finishers:
        thread.start()
    for thread in finishers:
        thread.join()
    mark = ground.site.folder("media") / "late-ran"
    assert mark.read_text().split() == [ground.site.live_release()]
    mark.unlink()
    assert not old.exists() or lock.is_free(old)
    assert_ended(ground, commit, "live")


# --- rollback -----------------------------------------------------------------------------------
@pytest.mark.parametrize("point", ["between", "accepted"])
def test_a_killed_rollback(ground, work, point):
    work.commit("To go back from")
    assert work.push().code == 0
    here, rows = ground.branch, len(ground.rows)
    stop_at(ground, point)
    with always_answering(ground):
        told = ground.pipeline("rollback", "--reason", "two\nlines")
        finished(ground)
    gone = point == "accepted"
    assert (told.code == 0) == gone, told.text
    assert (ground.branch == here) != gone
    outcomes = [row["outcome"] for row in ground.rows[rows:]]
    assert outcomes == ["rolled back" if gone else "interrupted"]
    assert ground.rows[-1]["options"] == {"reason": "two\nlines"}


# --- full disk ----------------------------------------------------------------------------------
@pytest.mark.parametrize("point", ["received", "switching", "verdict"])
def test_a_full_disk(ground, work, disk, point):
    if disk is None:
        pytest.skip("this user may not mount a small disk")
    before, commit, told = ground.state(), work.commit(f"Fill the disk: {point}"), []
    with always_answering(ground):
        with full(disk), held_at(ground, point, told):
            fill(disk)
        [(code, text)] = told
        live = point == "verdict"
        assert (code == 0) == live, text
        if not live:
            assert "No space left" in text
            assert {**ground.state(), "releases": before["releases"]} == before
        finished(ground)
    assert ledger.verify(ground.site.ledger) == []
    [row] = ground.rows_of(commit)
    assert (row["outcome"] == "live") == live
    if point == "switching":
        work.commit("There is space again")
        assert work.push().code == 0


# --- changed by hand ----------------------------------------------------------------------------
def test_a_ledger_that_cannot_be_written_stops_a_push_before_it_begins(ground, work):
    before, site = ground.state(), ground.site
    work.commit("Write nothing down")
    site.ledger.rename(site.root / "aside")
    site.ledger.mkdir()
    told = work.push()
    site.ledger.rmdir()
    (site.root / "aside").rename(site.ledger)
    assert told.code != 0
    assert "The ledger cannot be written" in told.text
    assert ground.state() == before


def test_a_journal_that_something_else_wrote(ground, work):
    commit = work.commit("Lose the journal")
    with held_at(ground, "switched") as runner:
        kill(runner, *git_and_hooks(runner))
    ground.site.journal.write_text('{"id": "2026')
    assert "cannot be read" in ground.pipeline("status").text
    assert "sets it aside" in finished(ground)
    ground.assert_whole(commit)
    assert (ground.site.root / "journal.broken.json").exists()
    assert {row["kind"] for row in ground.rows[-2:]} == {"drift"}


def test_a_branch_that_is_moved_by_hand_meanwhile(ground, work):
    before, commit = ground.state(), work.commit("Race a hand")
    moved = run("git", "-C", ground.site.repository, "rev-parse", f"{ground.branch}~1").text.strip()
    told = []
    with held_at(ground, "booted", told):
        run("git", "-C", ground.site.repository, "update-ref", ground.site.ref, moved)
    [(code, text)] = told
    assert code != 0
    assert "while you pushed" in text
    finished(ground)
    assert ground.state() == before
    assert [row["outcome"] for row in ground.rows_of(commit)] == ["refused"]
    assert ground.rows[-1]["kind"] == "drift"


@pytest.mark.parametrize("lost", ["live", "live.sock", "vassal", "stale"])
def test_what_somebody_took_away_is_there_again(ground, work, lost):
    site, live = ground.site, ground.site.live_release()
    places = {"live": site.live, "live.sock": site.live_socket, "vassal": vassals.file(site, live)}
    if lost == "stale":
        vassals.file(site, live).unlink()
        wait_until(lambda: not vassals.socket(site, live).exists(), what="its end")
        vassals.socket(site, live).touch()
        vassals.ready_file(site, live).touch()
    else:
        places[lost].unlink()
    if lost == "live":  # without it, the next push does what `finish` does
        commit = work.commit("Put things back")
        assert "was gone" in work.push().text
        assert ground.rows_of(commit)[0]["outcome"] == "live"
    else:
        finished(ground)
        assert site.live_release() == live
    wait_until(lambda: ground.ask("/health/").status == 200, what="an answer")


# --- strange pushes -----------------------------------------------------------------------------
def test_a_commit_whose_pipeline_is_broken(ground, work):
    before = ground.state()
    work.add("deploy/pipeline/carry.py", "\nthis is no Python\n")
    commit = work.commit("Break the pipeline itself")
    told = work.push()
    assert told.code != 0
    assert "SyntaxError" in told.text
    assert f"the pipeline that {commit[:12]} brings does not start" in told.text
    assert [row["outcome"] for row in ground.rows_of(commit)] == ["refused"]
    assert ground.state() == before


def test_a_commit_that_does_not_know_a_key_of_the_site(ground, work):
    example = work.folder / "deploy" / "site.example.toml"
    lines = example.read_text().splitlines(keepends=True)
    example.write_text("".join(line for line in lines if not line.startswith("keep =")))
    commit = work.commit("Forget a key")
    told = work.push()
    assert told.code != 0
    assert "unknown key 'keep'" in told.text
    assert "take it out" in told.text
    assert [row["outcome"] for row in ground.rows_of(commit)] == ["refused"]


def test_a_failure_of_ten_megabytes(ground, work):
    noise = "\nimport sys\nsys.stderr.write('x' * 10_000_000)\nraise SystemExit('too loud')\n"
    work.add("app/config/urls.py", noise)
    commit = work.commit("Shout")
    told = work.push()
    assert told.code != 0
    assert "too loud" in told.text or "characters" in told.text
    assert len(told.text) < 20_000
    assert len(str(ground.rows_of(commit)[0])) < 20_000


def test_names_and_subjects_that_are_no_utf_8_by_a_hook_with_another_umask(ground, work):
    (work.folder / "app" / "static" / os.fsdecode(b"b\xe4d.txt")).write_text("odd")
    work.git("add", "--all")
    message = work.folder.parent / "message"
    message.write_bytes(b"Gr\xfc\xdfe\n")
    work.git("-c", "i18n.commitEncoding=UTF-8", "commit", "--quiet", "-F", message)
    command = f'umask 077 && exec git push {work.remote} "HEAD:{ground.site.ref}"'
    env = grounds.environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    told = run("sh", "-c", command, folder=work.folder, env=env, check=False)
    assert told.code == 0, told.text
    folder = ground.site.live.resolve()
    assert folder.stat().st_mode & 0o777 == 0o550
    assert (folder / "app" / "manage.py").stat().st_mode & 0o040


def test_hundreds_of_refs_get_a_short_answer(ground, work):
    work.commit("Everywhere")
    refs = [f"HEAD:refs/heads/topic-{number}" for number in range(300)]
    told = work.git("push", work.remote, *refs, check=False)
    assert told.code != 0
    refusal = next(line for line in told.text.splitlines() if "REFUSED" in line)
    assert "not 300 (topic-" in refusal
    assert len(refusal) < 300


def test_an_id_sorts_last_when_the_clock_was_set_back(ground, work):
    future = ground.site.logs / "attempts" / "20990101T000000000000Z-0123456789ab.log"
    future.touch()
    before = ground.site.live_release()
    work.commit("Go back in time")
    assert work.push().code == 0
    future.unlink()
    assert ground.site.live_release() > "2099" > before
    assert next(one.id for one in releases.kept(ground.site)) == ground.site.live_release()
