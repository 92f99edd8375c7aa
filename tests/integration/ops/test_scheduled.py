"""The scheduled jobs' own work."""

import textwrap
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.migrations.recorder import MigrationRecorder
from django.utils.timezone import now

from ops import cron, health, scheduled
from ops.models import CronRun

pytestmark = pytest.mark.django_db

PIPELINE = textwrap.dedent("""
    import pathlib, sys
    pathlib.Path(sys.argv[3]).write_text(" ".join(sys.argv[1:]))
    print("finished: sessions.0001_initial")
    sys.exit({code})
""")


@pytest.fixture
def pending(monkeypatch):
    """A late migration that waits."""
    migration = health._graph_of_this_release().nodes["sessions", "0001_initial"]
    monkeypatch.setattr(migration, "late", True, raising=False)
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()


@pytest.fixture
def live(settings, tmp_path):
    """A live release whose pipeline notes how it was called."""
    package = tmp_path / "releases" / "one" / "deploy" / "pipeline"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    settings.LIVE = tmp_path / "live"
    settings.LIVE.symlink_to(tmp_path / "releases" / "one")
    settings.SITE_FILE = str(tmp_path / "site.toml")

    def ends_with(code):
        (package / "__main__.py").write_text(PIPELINE.format(code=code))
        return tmp_path / "site.toml"

    return ends_with


def test_nothing_pending_asks_nobody():
    assert scheduled.FollowUps().work() == "nothing pending"


def test_pending_late_migrations_are_finished_by_the_live_releases_pipeline(pending, live):
    called = live(0)
    assert "finished: sessions.0001_initial" in scheduled.FollowUps().work()
    assert called.read_text() == f"finish --site {called}"


def test_a_pipeline_that_cannot_finish_fails_the_job_with_its_words(pending, live):
    live(1)
    with pytest.raises(RuntimeError, match=r"finished: sessions\.0001_initial"):
        scheduled.FollowUps().work()


def test_a_release_that_was_interrupted_is_finished_too(live):
    called = live(0)
    called.write_text("")
    (called.parent / "journal.json").write_text("half writ")
    assert "finished" in scheduled.FollowUps().work()


def test_where_another_user_releases_what_waits_is_left_to_its_timer(pending, live, monkeypatch):
    called = live(1)
    called.write_text("")
    monkeypatch.setattr(scheduled.os, "access", lambda path, _: path != called.parent)
    assert "left to the host's own timer: sessions.0001_initial" in scheduled.FollowUps().work()


def test_without_a_site_file_the_job_says_what_waits(pending, settings):
    settings.SITE_FILE = ""
    assert "sessions.0001_initial" in scheduled.FollowUps().work()


def test_expired_sessions_are_deleted_and_others_are_not():
    for key, left in (("old", -1), ("new", 1)):
        Session.objects.create(
            session_key=key, session_data="", expire_date=now() + timedelta(hours=left)
        )
    scheduled.ClearSessions().work()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_a_week_without_a_backup_makes_the_proof_fail(settings, tmp_path):
    settings.BACKUPS = tmp_path
    with pytest.raises(RuntimeError, match="no backup to check"):
        scheduled.CheckBackup().work()


def test_every_job_names_itself_once_and_has_a_limit():
    codes = [job.code for job in cron.jobs()]
    assert len(set(codes)) == len(codes)
    assert all(job.slow <= job.limit for job in cron.jobs())


def test_a_miss_is_in_the_ticks_table_and_makes_it_bad():
    long_ago = now() - timedelta(days=30)
    CronRun.objects.create(
        job="ops.follow_ups",
        started_at=long_ago,
        finished_at=long_ago,
        outcome="failed",
        release="x",
        host="h",
        pid=1,
    )
    lines = [line for line in cron.tick([], dry_run=True) if line.outcome == "missed"]
    assert {line.job for line in lines} == {job.code for job in cron.jobs()}
    assert all(line.is_bad for line in lines)
