"""Backups: whole or not at all, private, proven, and back again."""

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.ops.conftest import ON_POSTGRESQL, PROJECT, Site

from ops import retention

SUFFIX = "dump" if ON_POSTGRESQL else "sqlite3"


def files(site):
    folder = site.folder / "backups"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def the_backup(site):
    (found,) = (site.folder / "backups").glob(f"*.{SUFFIX}")
    return found


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_that_a_server_shares_with_the_user_that_releases_stays_shared(real_site):
    folder = real_site.folder / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o2770)
    assert real_site.manage("backup").code == 0
    assert mode(folder) == 0o2770
    assert {mode(path) for path in folder.iterdir()} == {0o640}  # both of them prove and prune it


def test_a_backup_is_private_has_a_checksum_and_lists_the_uploads(real_site):
    media = real_site.folder / "media" / "lab"
    media.mkdir(parents=True)
    (media / "scan.nii").write_bytes(b"12345")
    done = real_site.manage("backup")
    assert done.code == 0, done.err
    file = the_backup(real_site)
    assert mode(file.parent) == 0o700
    assert {mode(path) for path in file.parent.iterdir()} == {0o600}
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert Path(f"{file}.sha256").read_text() == f"{digest}  {file.name}\n"
    listed = json.loads(Path(f"{file}.media.json").read_text())
    assert listed == [{"path": "lab/scan.nii", "size": 5}]
    assert real_site.ask("SELECT outcome, sha256, media_files FROM ops_backuprecord") == [
        ("kept", digest, 1)
    ]


def test_a_backup_comes_back_with_every_row(real_site, new_database):
    real_site.ask("INSERT INTO ops_counter (key, hits, ends_at) VALUES ('sentinel', 7, 1)")
    real_site.manage("backup")
    other = Site(real_site.folder, new_database())
    done = other.manage("restore", the_backup(real_site).name, "--confirm=testing")
    assert done.code == 0, done.err
    assert other.ask("SELECT hits FROM ops_counter WHERE key='sentinel'") == [(7,)]
    assert other.manage("migrate", "--check").code == 0


def test_a_restore_over_rows_is_refused_with_the_way_out(real_site):
    real_site.manage("backup")
    done = real_site.manage("restore", the_backup(real_site).name, "--confirm=testing")
    assert done.code == 1
    assert "DATABASE_URL to an empty database" in done.err


def test_a_restore_without_the_sites_name_changes_nothing(real_site, new_database):
    real_site.manage("backup")
    other = Site(real_site.folder, new_database())
    done = other.manage("restore", the_backup(real_site).name, "--confirm=production")
    assert done.code == 1
    assert "Nothing was changed" in done.err


@pytest.mark.parametrize(("typed", "code"), [("testing", 0), ("yes", 1)])
def test_at_a_terminal_the_sites_name_is_typed(real_site, new_database, typed, code):
    real_site.manage("backup")
    other = Site(real_site.folder, new_database())
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "app/manage.py"), "restore", the_backup(real_site).name],
        env=other.env,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, f"{typed}\n".encode())
    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code, err
    assert "Type the site's name (testing)" in out


def test_a_proof_restores_into_a_scratch_database_and_counts(real_site):
    real_site.manage("backup")
    done = real_site.manage("check_backup")
    assert done.code == 0, done.out + done.err
    assert "tables" in done.out
    assert bool(real_site.ask("SELECT check_ok FROM ops_backuprecord")[0][0])


@pytest.mark.parametrize("harm", ["flip", "cut", "no checksum"])
def test_a_damaged_backup_does_not_pass(real_site, harm):
    real_site.manage("backup")
    file = the_backup(real_site)
    content = bytearray(file.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
    elif harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        Path(f"{file}.sha256").unlink()
    done = real_site.manage("check_backup")
    assert done.code == 1
    assert "checksum" in done.out


def test_a_file_that_is_no_database_is_refused_even_with_a_right_checksum(real_site):
    real_site.manage("backup")
    file = the_backup(real_site)
    file.write_bytes(b"SQLite format 3\0" + b"nonsense" * 500)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    Path(f"{file}.sha256").write_text(f"{digest}  {file.name}\n")
    done = real_site.manage("check_backup")
    assert done.code == 1
    assert "✘" in done.out


def test_what_a_killed_backup_left_is_swept_away(real_site):
    folder = real_site.folder / "backups"
    folder.mkdir()
    (folder / f".studium-20200101T000000Z.{SUFFIX}.part").write_text("half")
    assert real_site.manage("backup").code == 0
    assert [name for name in files(real_site) if name.endswith(".part")] == []


def test_a_backup_holds_no_record_of_itself_as_unfinished(real_site, new_database):
    real_site.manage("backup")
    other = Site(real_site.folder, new_database())
    other.manage("restore", the_backup(real_site).name, "--confirm=testing")
    assert other.ask("SELECT count(*) FROM ops_backuprecord") == [(0,)]


def test_an_unknown_file_is_answered_with_the_list(real_site):
    real_site.manage("backup")
    done = real_site.manage("restore", "nonsense", "--confirm=testing")
    assert done.code == 1
    assert the_backup(real_site).name in done.err


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one mebibyte."""
    place = tmp_path / "backups"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_keeps_nothing_half_written_and_says_so(real_site, small_disk):
    before = b"x" * 1000
    (small_disk / "studium-20200101T000000Z.sqlite3").write_bytes(before)
    (small_disk / "filler").write_bytes(b"x" * 200_000)
    done = real_site.manage("backup")
    assert done.code == 1
    assert "no room" in done.err or "No space" in done.err
    assert sorted(path.name for path in small_disk.iterdir()) == [
        "filler",
        "studium-20200101T000000Z.sqlite3",
    ]
    outcome, message = real_site.ask("SELECT outcome, message FROM ops_backuprecord")[0]
    assert outcome == "failed"
    assert message


def test_a_folder_that_cannot_be_made_is_said_without_a_traceback(real_site):
    done = real_site.manage("backup", STUDIUM_BACKUPS="/proc/nowhere/backups")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "could not be written" in done.err


@pytest.mark.skipif(ON_POSTGRESQL, reason="SQLite's own copy")
def test_a_backup_of_a_busy_sqlite_is_consistent(real_site):
    """Every writer's transaction adds two rows: a copy holds an even number."""
    path = real_site.url.removeprefix("sqlite:///")
    writer = sqlite3.connect(path, timeout=20, isolation_level=None)
    process = real_site.start("backup")
    number = 0
    while process.poll() is None:
        writer.execute("BEGIN IMMEDIATE")
        for half in ("a", "b"):
            row = (f"{half}{number}",)
            writer.execute("INSERT INTO ops_counter (key, hits, ends_at) VALUES (?, 1, 1)", row)
        writer.execute("COMMIT")
        number += 1
    writer.close()
    assert process.communicate()[1] == ""
    copy = sqlite3.connect(the_backup(real_site))
    assert copy.execute("SELECT count(*) % 2 FROM ops_counter").fetchone() == (0,)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()


@pytest.mark.skipif(not ON_POSTGRESQL, reason="pg_dump's own arguments")
def test_no_password_stands_in_the_arguments_of_pg_dump(real_site, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    real = shutil.which("pg_dump")
    (tools / "pg_dump").write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\nenv > {tmp_path}/environment\n'
        f'stat -c %a "$PGPASSFILE" > {tmp_path}/mode\ncat "$PGPASSFILE" > {tmp_path}/passwords\n'
        f'exec {real} "$@"\n'
    )
    (tools / "pg_dump").chmod(0o755)
    head, _, tail = real_site.url.partition("postgres@")
    url = f"{head}postgres:sentinel-password@{tail}"
    path = f"{tools}:{os.environ['PATH']}"
    done = real_site.manage("backup", DATABASE_URL=url, PATH=path)
    assert done.code == 0, done.err
    assert "sentinel-password" not in (tmp_path / "arguments").read_text()
    assert "PASSWORD=" not in (tmp_path / "environment").read_text()
    assert (tmp_path / "mode").read_text().strip() == "600"
    assert "sentinel-password" in (tmp_path / "passwords").read_text()


@pytest.mark.skipif(not ON_POSTGRESQL, reason="pg_dump's own arguments")
def test_a_backup_travels_as_the_sites_own_address_says(real_site, tmp_path):
    """What asks for a checked certificate for its queries must not send its rows without."""
    tools = tmp_path / "tools"
    tools.mkdir()
    real = shutil.which("pg_dump")
    seen = tmp_path / "environment"
    (tools / "pg_dump").write_text(f'#!/bin/sh\nenv > {seen}\nexec {real} "$@"\n')
    (tools / "pg_dump").chmod(0o755)
    url = f"{real_site.url}&sslmode=verify-full&sslrootcert=/etc/ssl/lab.pem"
    path = f"{tools}:{os.environ['PATH']}"
    done = real_site.manage("backup", DATABASE_URL=url, PATH=path)
    assert done.code == 0, done.err
    assert {"PGSSLMODE=verify-full", "PGSSLROOTCERT=/etc/ssl/lab.pem"} <= set(
        seen.read_text().splitlines()
    )


def test_retention_keeps_days_weeks_and_months():
    end = datetime(2026, 6, 30, 3, tzinfo=UTC)
    nightly = [end - timedelta(days=day) for day in range(500)]
    kept = retention.kept(nightly)
    assert set(nightly[:7]) <= kept
    assert 15 <= len(kept) <= 27
    months = {(at.year, at.month) for at in kept}
    assert len(months) == 12


def test_retention_keeps_the_last_three_whenever_they_were_made():
    end = datetime(2026, 6, 30, 3, tzinfo=UTC)
    hourly = [end - timedelta(minutes=minute) for minute in range(10)]
    assert set(hourly[:3]) == retention.kept(hourly)


def test_old_backups_go_with_what_belongs_to_them(real_site):
    folder = real_site.folder / "backups"
    folder.mkdir()
    for day in range(1, 30):
        for end in (SUFFIX, f"{SUFFIX}.sha256", f"{SUFFIX}.media.json"):
            (folder / f"studium-202001{day:02}T030000Z.{end}").write_text("x")
    done = real_site.manage("backup")
    assert done.code == 0, done.err
    left = {name for name in files(real_site) if name.endswith(SUFFIX)}
    assert f"studium-20200129T030000Z.{SUFFIX}" in left
    assert f"studium-20200110T030000Z.{SUFFIX}" not in left
    assert len(files(real_site)) == 3 * len(left)
