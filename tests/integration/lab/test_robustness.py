"""A server that is killed in the middle, and eight programs that say the same at once.

The server is a process of its own with a database of its own, of the kind that the tests run on.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connections
from tests.factories import accounts as people
from tests.factories import lab as make

from accounts.services import tokens
from lab import models, recording

ROOT = Path(__file__).resolve().parents[3]
TEN = [f"alf/probe{number:02d}/spikes.times.npy" for number in range(10)]
ALL_AT_ONCE = 8


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


def url_of(name):
    settings = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        return f"sqlite:///{name}"
    place = settings["HOST"] or settings["OPTIONS"]["host"]
    return f"postgresql://{settings['USER']}@/{name}?host={place}"


def say(statement):
    with connected_to("postgres"), connections["default"].cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def database(folder):
    """Make an empty database, and take it away in the end."""
    name = f"robust_{uuid.uuid4().hex[:12]}"
    if connections["default"].vendor == "sqlite":
        yield str(folder / name)
        return
    say(f"CREATE DATABASE {name}")
    try:
        yield name
    finally:
        say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def filled():
    """Make a lab with a person, a session for each test, and what its files need."""
    lab = people.lab("Alder")
    alice = people.person("alice", lab=lab, role="experimenter")
    animal = make.subject(lab, alice)
    for number in range(1, 10):
        make.session(animal, alice, number=number)
    share = make.made(models.Repository, name="share", folder="/nowhere", is_personal=False)
    with recording.by(None):
        lab.profile.repositories.add(share)
    make.made(models.DataFormat, name="npy", file_extension=".npy")
    make.made(models.DatasetType, name="spikes.times")
    return tokens.create_token(user=alice, name="test", scope="write")[1]


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("robust")
    with django_db_blocker.unblock(), database(folder) as name:
        url = url_of(name)
        with connected_to(name):
            call_command("migrate", verbosity=0)
            secret = filled()
        yield SimpleNamespace(name=name, url=url, secret=secret, folder=folder)


@contextmanager
def server(site, *stop):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": site.url,
        "PYTHONPATH": f"{ROOT / 'app'}:{ROOT / 'deploy'}", "STUDIUM_STATE": str(site.folder),
    }  # fmt: skip
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), *stop]
    with (site.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        _wait(process, port)
        yield port, process
    finally:
        process.kill()
        process.wait(10)


def _wait(process, port):
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("the server does not listen")


def post(site, port, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Token {site.secret}", "Content-Type": "application/json"}
    with contextlib.closing(connection):
        connection.request("POST", f"/alyx/{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def call(number, **more):
    path = f"KS001/2026-03-02/{number:03d}"
    hashes = [f"{each:032d}" for each in range(len(TEN))]
    return {"path": path, "filenames": TEN, "hashes": hashes, "name": "share"} | more


@pytest.fixture
def counted(site, django_db_blocker):
    """Count, in the server's own database, what there is of a session."""

    def count(number):
        with django_db_blocker.unblock(), connected_to(site.name):
            datasets = models.Dataset.objects.filter(session__number=number)
            records = models.FileRecord.objects.filter(dataset__session__number=number)
            return datasets.count(), records.count(), datasets.filter(is_online=True).count()

    return count


@pytest.mark.parametrize(
    ("number", "statement"),
    [
        (1, 'INSERT INTO "lab_dataset"'),
        (2, 'INSERT INTO "lab_filerecord"'),
        (3, 'UPDATE "lab_dataset"'),
        (4, 'INSERT INTO "accounts_auditentry"'),
    ],
)
def test_a_server_that_is_killed_in_the_middle_leaves_no_file_and_then_takes_all(
    site, counted, number, statement
):
    flag = site.folder / f"stopped-{number}"
    with server(site, str(flag), statement) as (port, process), ThreadPoolExecutor(1) as program:
        asked = program.submit(post, site, port, "register-file", call(number))
        for _ in range(600):
            if flag.exists() or asked.done():
                break
            time.sleep(0.1)
        assert flag.exists(), asked.result()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        with pytest.raises((OSError, http.client.HTTPException)):
            asked.result()
    assert counted(number) == (0, 0, 0)
    with server(site) as (port, _):
        status, made = post(site, port, "register-file", call(number))
    assert (status, len(made)) == (201, 10)
    assert counted(number) == (10, 10, 10)


def at_once(work):
    with ThreadPoolExecutor(ALL_AT_ONCE) as programs:
        return [each.result() for each in [programs.submit(work) for _ in range(ALL_AT_ONCE)]]


def test_eight_programs_that_register_the_same_leave_one_set(site, counted):
    with server(site) as (port, _):
        answers = at_once(lambda: post(site, port, "register-file", call(5)))
    assert {status for status, _ in answers} == {201}
    assert len({tuple(row["id"] for row in made) for _, made in answers}) == 1
    assert counted(5) == (10, 10, 10)


def test_eight_programs_that_enter_the_same_session_leave_one(site, django_db_blocker):
    body = {"subject": "KS001", "start_time": "2026-04-01T10:00:00", "number": 1,
            "users": ["alice"], "task_protocol": "choice"}  # fmt: skip
    with server(site) as (port, _):
        answers = at_once(lambda: post(site, port, "sessions", body))
    assert {status for status, _ in answers} <= {200, 201}
    assert len({made["id"] for _, made in answers}) == 1
    with django_db_blocker.unblock(), connected_to(site.name):
        assert models.Session.objects.filter(day="2026-04-01").count() == 1
