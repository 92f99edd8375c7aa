import configparser
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import files, live, lock, releases, vassals
from pipeline.releases import Release


@pytest.fixture
def release(site):
    folder = site.releases / "20260101T000000000000Z-0123456789ab"
    folder.mkdir(parents=True)
    made = Release(folder.name, "0123456789ab" + "0" * 28, folder, Path("/env"), Path("/lib"))
    made.save()
    return made


def test_a_vassal_names_physical_paths_only(site, release):
    text = vassals.text(site, release, release.id)
    assert str(release.folder / "app") in text
    assert "/live" not in text.replace(f"STUDIUM_LIVE={site.live}", "")


def test_a_vassal_holds_no_secret(site, release):
    site.folder("secrets").write_text("STUDIUM_SECRET_KEY=very-secret-value\n")
    assert "very-secret-value" not in vassals.text(site, release, release.id)


def test_a_vassal_is_a_file_that_uwsgi_can_read(site, release):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(vassals.text(site, release, release.id))
    assert parser["uwsgi"]["module"] == "config.wsgi"


def test_switching_moves_socket_and_link_together(site, release):
    live.switch(site, release.id)
    assert vassals.serving(site) == site.live_release() == release.id
    assert releases.live(site) == release


def test_switching_back_before_the_first_release_leaves_nothing(site, release):
    live.switch(site, release.id)
    live.switch_back(site, None)
    assert (vassals.serving(site), site.live_release()) == (None, None)


def test_a_link_is_never_absent_while_it_moves(site, release):
    files.point(site.live_socket, "a.sock")
    files.point(site.live_socket, "b.sock")
    assert site.live_socket.readlink().name == "b.sock"
    assert [path.name for path in site.run.iterdir()] == ["live.sock"]


def test_a_traceback_that_pauses_before_its_last_line_is_told_whole(site, release):
    log = vassals.log_file(site, release.id)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text('Traceback (most recent call last):\n  File "urls.py", line 32\n    include()\n')
    ending = f"sleep {2 * vassals.QUIET_S}; echo \"LookupError: the shelf is empty\" >> '{log}'"
    with subprocess.Popen(["/bin/sh", "-c", ending]):
        assert "LookupError: the shelf is empty" in vassals.logs(site, release.id)


def test_releases_are_listed_newest_first(site, release):
    later = site.releases / "20260102T000000000000Z-0123456789ab"
    later.mkdir()
    Release(later.name, release.commit, later, Path("/env"), Path("/lib")).save()
    (site.releases / "20260103T000000000000Z-half").mkdir()
    assert [one.id for one in releases.kept(site)] == [later.name, release.id]


def test_a_release_started_again_while_it_ends_runs_under_another_name(site, release):
    vassals.launch(site, release)
    vassals.socket(site, release.id).touch()
    vassals.stop(site, release.id)
    vassals.launch(site, release)
    assert vassals.socket(site, release.id).name == f"{release.id}~1.sock"
    live.switch(site, release.id)
    assert site.live_socket.readlink().name == f"{release.id}~1.sock"
    assert vassals.serving(site) == release.id


def test_stopping_a_release_leaves_no_vassal_of_it(site, release):
    vassals.launch(site, release)
    vassals.stop(site, release.id)
    assert list(site.vassals.iterdir()) == []
    assert not vassals.is_started(site, release.id)


def test_a_release_that_hangs_while_it_starts_is_ended_at_once(site, release):
    """It is asked to end first, and known by its lock or by the file it was started with."""
    lock_path = releases.lock_file(site, release.id)
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    code = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, 1); time.sleep(60)"
    sleep = (sys.executable, "-c", "import time; time.sleep(60)")
    holder = subprocess.Popen([sys.executable, "-c", code, str(lock_path)])
    starter = subprocess.Popen([*sleep, f"{release.id}~1.ini"])
    bystander = subprocess.Popen([*sleep, "other.ini"])
    try:
        while lock.is_free(lock_path):
            time.sleep(0.01)
        vassals.end_unseen(site, release.id)
        assert holder.wait(5) == starter.wait(5) == -9
        assert bystander.poll() is None
    finally:
        for process in (holder, starter, bystander):
            process.kill()
            process.wait()


def test_a_socket_is_given_to_the_web_server_where_that_is_another_user(site, release):
    site.facts["web"]["socket_owner"] = "studium:www-data"
    assert "\nchown-socket = studium:www-data\n" in vassals.text(site, release, release.id)
