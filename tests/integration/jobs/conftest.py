"""A site of its own for real workers: a database that other processes can open, and a folder."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
import tests.integration.jobs.work.tasks  # noqa: F401  their names must be known here too
from django.core.management import call_command
from django.db import connections

from jobs import processes
from jobs.engines import local
from jobs.models import Job, Status

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 25


@contextmanager
def connected_to(name):
    """Let this process work on another database of the same kind."""
    settings = connections.databases["default"]
    before = settings["NAME"]
    connections["default"].close()
    settings["NAME"] = name
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        settings["NAME"] = before
        del connections["default"]


@pytest.fixture(autouse=True)
def _files_of_this_test(settings, tmp_path):
    settings.JOB_FILES = tmp_path / "jobs"


class Databases:
    """Makes databases with all tables by copying one that was migrated once."""

    def __init__(self, folder):
        self.folder = folder
        self.is_sqlite = connections["default"].vendor == "sqlite"
        self.model = self._new()
        with connected_to(self.model):
            call_command("migrate", verbosity=0)

    def copy(self):
        return self._new(self.model)

    def _new(self, model=None):
        name = f"jobs_{uuid.uuid4().hex[:12]}"
        if self.is_sqlite:
            if model:
                shutil.copy(model, self.folder / name)
            return str(self.folder / name)
        self._say(f"CREATE DATABASE {name}" + (f" TEMPLATE {model}" if model else ""))
        return name

    def drop(self, name):
        if not self.is_sqlite:
            self._say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _say(self, statement):
        with connected_to("postgres"), connections["default"].cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(scope="session")
def databases(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        made = Databases(tmp_path_factory.mktemp("databases"))
        yield made
        made.drop(made.model)


def url_of(name):
    settings = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        return f"sqlite:///{name}"
    socket = settings["HOST"] or settings["OPTIONS"]["host"]
    return f"postgresql://{settings['USER']}@/{name}?host={socket}"


class Site:
    """What a test does with real workers."""

    def __init__(self, folder, name):
        self.folder = folder
        self.started = []
        self.env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.integration.jobs.site_settings",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'app'}:{ROOT / 'deploy'}",
            "DATABASE_URL": url_of(name),
            "STUDIUM_STATE": str(folder),
            "STUDIUM_JOB_FILES": str(folder / "jobs"),
        }

    def worker(self, slots=4, **more):
        command = [sys.executable, str(ROOT / "app/manage.py"), "worker", f"--slots={slots}"]
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(command, env=self.env | more, stdout=log, stderr=log)
        self.started.append(process)
        return process

    def job(self, job):
        return Job.objects.get(pk=job.pk)

    def wait(self, job, *statuses, seconds=PATIENCE_S):
        """Wait until a job has one of the statuses, by default until it has finished."""
        wanted = statuses or (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
        self.until(lambda: self.job(job).status in wanted, seconds)
        return self.job(job)

    def wait_running(self, job):
        """Wait until the task itself is at work."""
        self.until(
            lambda: (
                self.job(job).status == Status.RUNNING
                and self.job(job).phase not in {"", "Starting"}
            )
        )
        return self.job(job)

    def until(self, condition, seconds=PATIENCE_S):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.report()
            time.sleep(0.05)

    def report(self):
        rows = Job.objects.values_list("name", "status", "attempts", "phase", "error", "traceback")
        return "\n".join([*map(str, rows), (self.folder / "worker.log").read_text()])

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
        for job in Job.objects.filter(status=Status.RUNNING):
            if identity := local.identity(job):
                processes.end_session(identity)


@contextmanager
def site_on(databases, blocker, folder):
    name = databases.copy()
    with blocker.unblock():
        with connected_to(name):
            site = Site(folder, name)
            try:
                yield site
            finally:
                site.end()
        databases.drop(name)


@pytest.fixture
def site(databases, django_db_blocker, tmp_path):
    with site_on(databases, django_db_blocker, tmp_path) as made:
        yield made
