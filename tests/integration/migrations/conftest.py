"""Throw-away projects: a few apps of migrations, a database of their own, the real commands."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import psycopg2
import pytest

from config import databases

SOURCE = Path(__file__).resolve().parents[3]
URL = os.environ.get("DATABASE_URL", "")
ON_POSTGRESQL = URL.startswith("postgres")
SETTINGS = """
import os
from config import databases
{prelude}
SECRET_KEY = "test only"
INSTALLED_APPS = {apps!r}
DATABASES = {{"default": databases.from_url(os.environ["DATABASE_URL"])}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
RELEASE = {release!r}
LIVE = {live!r}
"""
RUN = """
import sys
from importlib import import_module
import django
django.setup()
_, name, *words = sys.argv
module = "django.core" if name in {"migrate"} else "ops"
command = import_module(f"{module}.management.commands.{name}").Command()
command.run_from_argv(["manage.py", name, *words])
"""
MIGRATION = """
from django.db import migrations, models
{prelude}

class Migration(migrations.Migration):
    dependencies = {depends!r}
    operations = [{operations}]
{attributes}
"""
CREATE_ORDER = """migrations.CreateModel("Order", [
    ("id", models.BigAutoField(primary_key=True)),
    ("note", models.CharField(max_length=20)),
])"""
ADD_PHONE = 'migrations.AddField("order", "phone", models.CharField(max_length=9, null=True))'
DROP_NOTE = 'migrations.RemoveField("order", "note")'


@dataclass
class Project:
    """One code base; `again` makes a later one of it on the same database."""

    folder: Path
    url: str
    apps: list[str] = field(default_factory=lambda: ["shop"])
    prelude: str = ""
    release: str = "development"
    live: str = "/nowhere"

    def migration(self, name, *operations, app="shop", depends=None, prelude="", **attributes):
        """Write a migration that follows the newest of its app, unless told otherwise."""
        folder = self.folder / app / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        for package in (folder.parent, folder):
            (package / "__init__.py").touch()
        last = max((file.stem for file in folder.glob("0*.py")), default=None)
        if depends is None:
            depends = [(app, last)] if last else []
        given = "".join(f"    {key} = {value!r}\n" for key, value in attributes.items())
        (folder / f"{name}.py").write_text(
            MIGRATION.format(
                depends=depends, operations=", ".join(operations), attributes=given, prelude=prelude
            )
        )

    def remove(self, name, app="shop"):
        (self.folder / app / "migrations" / f"{name}.py").unlink()

    def start(self, *words):
        (self.folder / "settings_of_test.py").write_text(
            SETTINGS.format(
                apps=self.apps, prelude=self.prelude, release=self.release, live=self.live
            )
        )
        (self.folder / "run.py").write_text(RUN)
        paths = [str(self.folder), str(SOURCE / "app"), str(SOURCE / "deploy")]
        return subprocess.Popen(
            [sys.executable, "-W", "error", "run.py", *words],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(paths),
                "PYTHONDONTWRITEBYTECODE": "1",
                "DJANGO_SETTINGS_MODULE": "settings_of_test",
                "DATABASE_URL": self.url,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words):
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return SimpleNamespace(code=process.returncode, out=out, err=err)

    def plan(self, *words):
        result = self.run("migration_plan", *words)
        assert result.code == 0, result.err
        facts = json.loads(result.out)
        if "early" not in facts:
            return facts
        return SimpleNamespace(
            early=[step["name"] for step in facts["early"]],
            late=[step["name"] for step in facts["late"]],
            ghosts=facts["ghosts"],
            refusals=facts["refusals"],
            kinds={(one["kind"], one["migration"]) for one in facts["refusals"]},
        )

    def apply(self, phase):
        result = self.run("migrate_phase", phase)
        assert result.code == 0, result.err
        return applied(result)

    def apply_or_none(self):
        result = self.run("migrate_phase", "early")
        return applied(result) if result.code == 0 else None

    def connect(self):
        return connect(self.url)

    def ask(self, sql):
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall()
        finally:
            connection.close()

    def recorded(self):
        rows = self.ask("SELECT app, name FROM django_migrations ORDER BY id")
        return [f"{app}.{name}" for app, name in rows]

    def columns(self, table):
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608  our own name
            return {column[0] for column in cursor.description}
        finally:
            connection.close()


def connect(url):
    facts = databases.from_url(url)
    if "sqlite3" in facts["ENGINE"]:
        return sqlite3.connect(facts["NAME"], timeout=20, isolation_level=None)
    host = parse_qs(urlsplit(url).query)["host"][0]
    connection = psycopg2.connect(host=host, user=facts["USER"], dbname=facts["NAME"])
    connection.autocommit = True
    return connection


def applied(result):
    """Return the names that a phase says it applied, in order."""
    return [line.split()[1] for line in result.out.splitlines() if line.startswith("applied ")]


@pytest.fixture
def database_url(tmp_path):
    """An empty database of the kind that this ring runs on."""
    if not ON_POSTGRESQL:
        yield f"sqlite:///{tmp_path / 'test.sqlite3'}"
        return
    name = f"phases_{uuid4().hex}"
    control(f"CREATE DATABASE {name}")
    yield urlsplit(URL)._replace(path=f"/{name}").geturl()
    control(f"DROP DATABASE {name} WITH (FORCE)")


def control(sql):
    connection = connect(URL)
    connection.cursor().execute(sql)
    connection.close()


@pytest.fixture
def project(tmp_path, database_url):
    """A shop that is live: one table, applied."""
    folder = tmp_path / "code"
    folder.mkdir()
    shop = Project(folder, database_url)
    shop.migration("0001_initial", CREATE_ORDER)
    return shop


@pytest.fixture
def shop(project):
    assert project.apply("early") == ["shop.0001_initial"]
    return project
