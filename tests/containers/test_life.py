"""A site in containers through its life: updated, backed up, destroyed, restored."""

import csv
import io
import tarfile
import threading
from collections import Counter

import pytest
from tests.containers.ground import wait_until

NOTE = "A line that was not there before.\n"
BROKEN = "raise RuntimeError('this release does not load')\n"


class Visitors(threading.Thread):
    """Ask for a page all the time and count what came back."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.answers, self.over = site, Counter(), threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            self.answers[self.site.ask("/accounts/sign-in/").status] += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


@pytest.fixture
def kept(site):
    """Something that people made: a lab, an uploaded file and the result of a job."""
    number = site.manage("enqueue", "jobs.self_test", "--arguments", '{"seconds": 0}').strip()
    wait_until(lambda: site.job(number) == "succeeded")
    site.inside("web", "sh", "-c", "mkdir -p media/2026 && echo 'a scan' > media/2026/scan.txt")
    return number


def test_an_update_takes_over_without_a_failed_request_and_keeps_the_data(site, kept):
    before = site.live()
    wanted = site.commit("app/common/note.txt", NOTE, "Add a note")
    with Visitors(site) as visitors:
        site.studium("update")
    assert site.live() == wanted != before
    assert set(visitors.answers) == {200}, visitors.answers
    assert visitors.answers[200] > 20
    assert site.job(kept) == "succeeded"
    releases = {site.inside(name, "readlink", "live") for name in ("web", "worker", "cron")}
    assert len(releases) == 1


def test_a_release_that_does_not_load_changes_nothing(site):
    before = site.live()
    views = site.folder / "app/common/views.py"
    good = views.read_text()
    site.commit("app/common/views.py", BROKEN + good, "Break the start")
    with Visitors(site) as visitors:
        told = site.studium("update", check=False)
    assert told.returncode == 1
    assert "this release does not load" in told.stdout + told.stderr
    assert site.live() == before
    assert set(visitors.answers) == {200}, visitors.answers
    site.commit("app/common/views.py", good, "Mend the start")


def test_a_site_is_stopped_and_started_with_its_data(site, kept):
    site.studium("down")
    assert site.ask("/").status == 0
    site.studium("up")
    assert site.health().status == 200
    assert site.job(kept) == "succeeded"


def test_an_export_is_for_people_and_holds_no_password(site, kept, tmp_path):
    file = tmp_path / "results.tar"
    site.studium("export", file)
    with tarfile.open(file) as archive:
        names = archive.getnames()
        jobs = archive.extractfile("tables/jobs_job.csv").read().decode()
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(jobs))}
    assert rows[kept]["status"] == "succeeded"
    assert "media/2026/scan.txt" in names
    assert [name for name in names if "accounts" in name or "secrets" in name] == []
