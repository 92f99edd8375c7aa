"""A site in containers through its life: updated, backed up, destroyed, restored."""

import csv
import io
import json
import tarfile
import threading
from collections import Counter

import pytest
from tests.containers.ground import wait_until
from tests.containers.site import SERVICES, URL

NOTE = "A line that was not there before.\n"
BROKEN = "raise RuntimeError('this release does not load')\n"


class Visitors(threading.Thread):
    """Ask for a page all the time and count what came back."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.answers, self.over = site, Counter(), threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            answer = self.site.ask("/accounts/sign-in/")
            self.answers[answer.status] += 1
            if answer.status != 200:
                self.answers[answer.body[:200]] += 1

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
    long = site.manage("enqueue", "jobs.self_test", "--arguments", '{"seconds": 40}').strip()
    wait_until(lambda: site.job(long) == "running")
    with Visitors(site) as visitors:
        site.studium("update")
    assert site.job(long) == "succeeded"  # the worker waited for it
    assert site.sql(f"SELECT attempts FROM jobs_job WHERE id = '{long}'") == "1"  # noqa: S608
    assert site.live() == wanted != before
    assert set(visitors.answers) == {200}, visitors.answers
    assert visitors.answers[200] > 20
    assert site.job(kept) == "succeeded"
    images = site.ground.podman("images", "--format", "{{.Repository}}").stdout.split()
    assert images.count("localhost/studium-app") == 2  # what is live, and what was before
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


def test_what_was_destroyed_comes_back_from_a_backup(site, kept, tmp_path):
    file = tmp_path / "site.tar"
    secrets = site.inside("web", "cat", "keys/secrets.env")
    people = site.sql("SELECT count(*) FROM accounts_user")
    site.studium("backup", file)
    assert file.stat().st_mode & 0o777 == 0o600
    refused = site.studium("restore", file, check=False)
    assert refused.returncode == 1
    assert site.job(kept) == "succeeded"
    told = site.studium("compose", "down", "--volumes")
    assert site.ground.podman("volume", "ls", "--quiet").stdout == "", told.stdout + told.stderr
    site.studium("restore", file)
    (site.folder / ".studium/site.pem").unlink()  # the certificate was not in the backup
    assert site.health().status == 200
    assert site.job(kept) == "succeeded"
    assert site.sql("SELECT count(*) FROM accounts_user") == people
    assert site.inside("web", "cat", "keys/secrets.env") == secrets
    assert site.inside("web", "cat", "media/2026/scan.txt") == "a scan\n"
    assert site.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname='public'") == (
        "studium_owner"
    )
    number = site.manage("enqueue", "jobs.self_test", "--arguments", '{"seconds": 0}').strip()
    wait_until(lambda: site.job(number) == "succeeded")


def test_an_archive_that_was_cut_off_is_refused(site, tmp_path):
    file = tmp_path / "site.tar"
    site.studium("backup", file)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(file.read_bytes()[:20_000])
    assert site.studium("restore", cut, check=False).returncode == 1
    assert site.health().status == 200


def test_a_secret_is_taken_from_standard_input_and_shown_nowhere(site):
    told = site.studium("set", "EMAIL_URL", stdin="smtp://ann:sentinel-4711@mail.lab.example:587\n")
    site.studium("restart")
    assert "sentinel-4711" in site.inside("web", "cat", "keys/secrets.env")
    logs = "".join(
        site.ground.podman("logs", f"studium_{name}_1", check=False).stdout for name in SERVICES
    )
    inspected = site.ground.podman("inspect", *(f"studium_{name}_1" for name in SERVICES)).stdout
    assert "sentinel-4711" not in told.stdout + told.stderr + logs + inspected
    assert json.loads(site.health().body)["status"] in {"ready", "degraded"}


def test_a_certificate_is_brought_and_shown_to_visitors(site, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    site.ground.visit("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", key,
                      "-out", certificate, "-subj", "/CN=studium.test",
                      "-addext", "subjectAltName=DNS:studium.test")  # fmt: skip
    site.studium("certificate", certificate, key)
    (site.folder / ".studium/site.pem").write_text(certificate.read_text())
    wait_until(lambda: site.health().status == 200)
    assert URL.startswith("https://")
