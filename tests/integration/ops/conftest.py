"""A site of its own for tests that start real processes: a database and a state folder."""

import os
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

PROJECT = Path(__file__).resolve().parents[3]
URL = os.environ.get("DATABASE_URL", "")
ON_POSTGRESQL = URL.startswith("postgres")
PATIENCE_S = 30


def _connect(url):
    if url.startswith("sqlite"):
        path = urlsplit(url).path.removeprefix("/")
        return sqlite3.connect(path, timeout=20, isolation_level=None)
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname])[0]
    session = psycopg2.connect(
        host=host,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        dbname=parts.path.removeprefix("/"),
    )
    session.autocommit = True
    return session


class Site:
    """What a test does with the site's own commands."""

    def __init__(self, folder, url):
        self.folder, self.url, self.started = folder, url, []
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{PROJECT}:{PROJECT / 'app'}:{PROJECT / 'deploy'}",
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": url,
            "STUDIUM_STATE": str(folder),
            "STUDIUM_SITE": "testing",
        }

    def start(self, *words, **variables):
        process = subprocess.Popen(
            [sys.executable, str(PROJECT / "app" / "manage.py"), *words],
            env=self.env | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def manage(self, *words, **variables):
        process = self.start(*words, **variables)
        out, err = process.communicate(timeout=120)
        return SimpleNamespace(code=process.returncode, out=out, err=err)

    def ask(self, sql):
        with closing(_connect(self.url)) as session, closing(session.cursor()) as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def until(self, condition):
        end = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.05)
        return found

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _new_database(folder, model=""):
    if not ON_POSTGRESQL:
        path = folder / "site.sqlite3"
        if model:
            path.write_bytes(Path(urlsplit(model).path.removeprefix("/")).read_bytes())
        return f"sqlite:///{path}"
    name = f"ops_{uuid.uuid4().hex[:12]}"
    template = f" TEMPLATE {urlsplit(model).path.removeprefix('/')}" if model else ""
    _say(f"CREATE DATABASE {name}{template}")
    return urlsplit(URL)._replace(path=f"/{name}").geturl()


def _drop(url):
    if ON_POSTGRESQL:
        _say(f"DROP DATABASE {urlsplit(url).path.removeprefix('/')} WITH (FORCE)")


def _say(statement):
    with closing(_connect(URL)) as session:
        session.cursor().execute(statement)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A database with every table, which each test gets a copy of."""
    folder = tmp_path_factory.mktemp("model")
    url = _new_database(folder)
    done = Site(folder, url).manage("migrate", "--verbosity=0")
    assert done.code == 0, done.err
    if not ON_POSTGRESQL:
        with closing(_connect(url)) as session:
            session.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield url
    _drop(url)


@pytest.fixture
def new_database(tmp_path_factory):
    """Make databases of this ring's kind; empty ones unless a model is given."""
    made = []

    def one(model=""):
        made.append(_new_database(tmp_path_factory.mktemp("database"), model))
        return made[-1]

    yield one
    for url in made:
        _drop(url)


@pytest.fixture
def real_site(model, new_database, tmp_path):
    site = Site(tmp_path, new_database(model))
    yield site
    site.end()
