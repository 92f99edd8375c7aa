"""What machines ask: alive and ready, without session, cookie or secret."""

import re
import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils.timezone import now

from jobs.models import Worker
from ops import health, rhythms

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024  stands in for shutil's own


@pytest.fixture(autouse=True)
def backups(settings, tmp_path):
    settings.BACKUPS = tmp_path
    return tmp_path


def test_alive_asks_nothing_of_the_database(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = client.get("/health/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "release": configured.RELEASE}
    assert not answer.cookies


def test_ready_names_the_release_and_each_check(client, db, settings):
    settings.COMMIT = "c0ffee"
    answer = client.get("/health/ready/")
    assert answer.status_code == 200
    facts = answer.json()
    assert facts["release"] == settings.RELEASE
    assert facts["commit"] == "c0ffee"
    assert set(facts["checks"]) == set(health.CHECKS)
    assert all(set(check) == {"ok", "detail"} for check in facts["checks"].values())
    assert not answer.cookies


def test_an_unapplied_early_migration_fails_the_release(client, db):
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert "sessions.0001_initial" in answer.json()["checks"]["migrations"]["detail"]


def test_a_pending_late_migration_only_degrades(client, db, monkeypatch):
    migration = health._graph_of_this_release().nodes["sessions", "0001_initial"]
    monkeypatch.setattr(migration, "late", True, raising=False)
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()
    answer = client.get("/health/ready/")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert "late ones wait" in answer.json()["checks"]["migrations"]["detail"]


def test_a_squash_of_what_is_applied_is_not_missed(client, db, monkeypatch):
    squash = health._graph_of_this_release().nodes["sessions", "0001_initial"]
    monkeypatch.setattr(squash, "replaces", [("sessions", "0001_old"), ("sessions", "0002_old")])
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    recorder.record_applied("sessions", "0001_old")
    assert client.get("/health/ready/").status_code == 503
    recorder.record_applied("sessions", "0002_old")
    assert client.get("/health/ready/").status_code == 200


def test_a_lost_database_is_said_and_not_raised(client, db, monkeypatch):
    def refuse():
        raise DatabaseError("password=hunter2")

    with monkeypatch.context() as lost:
        lost.setattr(connection, "cursor", refuse)
        answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"]["ok"] is False
    assert b"hunter2" not in answer.content


def test_an_empty_static_manifest_fails_the_release(monkeypatch, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr(health, "staticfiles_storage", ManifestStaticFilesStorage())
    assert (health.static().ok, health.static().fatal) == (False, True)
    health.staticfiles_storage.hashed_files["a.css"] = "a.0123.css"
    assert health.static().ok


@pytest.mark.parametrize(
    ("free_mib", "status", "code"),
    [(50_000, "degraded", 200), (500, "degraded", 200), (10, "failing", 503)],
)
def test_only_a_full_disk_fails_the_release(client, db, monkeypatch, free_mib, status, code):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free_mib * health.MEBIBYTE))
    answer = client.get("/health/ready/")
    assert (answer.status_code, answer.json()["status"]) == (code, status)
    assert answer.json()["checks"]["disk"]["ok"] is (free_mib > 1024)


def test_backups_that_cannot_be_read_only_degrade(client, db, monkeypatch):
    def refuse():
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(health.backup_files, "newest", refuse)
    answer = client.get("/health/ready/")
    assert answer.status_code == 200
    assert "Permission denied" in answer.json()["checks"]["backup"]["detail"]


def test_a_damaged_static_manifest_fails_the_release(client, db, settings, tmp_path, monkeypatch):
    (tmp_path / "staticfiles.json").write_text("{half")
    settings.STATIC_ROOT = tmp_path

    def damaged():
        return health.Check(ok=bool(ManifestStaticFilesStorage().hashed_files), detail="")

    monkeypatch.setitem(health.CHECKS, "static", damaged)
    assert client.get("/health/ready/").status_code == 503


def test_a_worker_of_this_release_is_looked_for(client, db, settings):
    settings.RELEASE = "release-two"
    assert health.worker().detail == "no worker was seen lately: jobs wait"
    row = Worker.objects.create(
        id="w", host="h", boot="b", pid=1, pid_started=1, release="release-one", slots=2
    )
    assert health.worker().detail == "works for another release: release-one"
    Worker.objects.filter(pk=row.pk).update(release="release-two")
    assert health.worker().ok
    Worker.objects.filter(pk=row.pk).update(seen_at=now() - timedelta(minutes=5))
    assert not health.worker().ok


def test_cron_that_does_not_call_only_degrades(client, db):
    found = health.schedule()
    assert (found.ok, found.fatal) == (False, False)
    rhythms.note_tick()
    assert health.schedule().ok


def test_readiness_costs_few_queries(client, db, django_assert_max_num_queries):
    client.get("/health/ready/")
    with django_assert_max_num_queries(16):
        client.get("/health/ready/")


def test_the_age_of_the_last_backup_shows(client, db, backups):
    assert health.backup().detail == "there is no backup yet"
    (backups / "studium-20200101T000000Z.sqlite3").write_bytes(b"x")
    found = health.backup()
    assert not found.ok
    assert not found.fatal
    assert re.search(r" [dh] old", found.detail), found.detail  # at midnight, whole days
