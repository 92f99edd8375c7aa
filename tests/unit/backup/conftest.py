"""Stores with sets in them, and a gate to one, without a database or ssh."""

import json
import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from backup import files, manifests, pulling
from backup.facts import Facts
from backup.gate import Gate
from backup.pulling import Line, Source
from backup.retention import Thinning
from backup.store import Store


def stamp(age_h=0.0):
    return (datetime.now(UTC) - timedelta(hours=age_h)).strftime(manifests.STAMP)


def add(store, identity, *, dump=b"rows", uploads=(b"photo",), site="staging", recipient=""):
    """Put a finished set into a store."""
    store.prepare()
    objects = {}
    for content in uploads:
        draft = store.objects / ".1.sealed"
        draft.write_bytes(content)
        found = files.digest(draft)
        store.add_object(draft, found)
        objects[found.sha256] = found.size
    with store.new_set(identity) as folder:
        (folder / "database.dump").write_bytes(dump)
        found = files.digest(folder / "database.dump")
        facts = {
            "id": identity,
            "site": site,
            "commit": "0" * 40,
            "recipient": recipient,
            "tables": {"public.lab": 3},
            "files": {"database.dump": {"sha256": found.sha256, "size": found.size}},
            "objects": objects,
            "uploads": {"files": len(objects), "size": sum(objects.values())},
            "proof": {},
        }
        files.write_json(folder / manifests.NAME, manifests.signed(facts))
    return identity


@pytest.fixture
def facts(tmp_path):
    """The host of a site."""
    (tmp_path / "state").mkdir()
    return Facts(folder=tmp_path / "here", report=tmp_path / "state" / "report.json")


@pytest.fixture
def here(facts):
    store = Store(facts.folder)
    store.prepare()
    return store


@pytest.fixture
def there(tmp_path):
    store = Store(tmp_path / "there")
    store.prepare()
    return store


@pytest.fixture
def source(there, tmp_path, monkeypatch):
    """The same site as the host that keeps copies knows it."""
    monkeypatch.setattr(pulling, "STATES", tmp_path / "state")
    return Source("staging", "10.0.0.1", there.folder, Thinning(14, 8, 12), 36, takes_plain=True)


@pytest.fixture
def reached(facts, monkeypatch):
    """The gate is reached by pipes here; on hosts ssh is between them."""

    @contextmanager
    def calling(_):
        with conversation(facts) as line:
            yield line

    monkeypatch.setattr(pulling, "calling", calling)


@contextmanager
def conversation(facts):
    asked, ask = os.pipe()
    answer, answered = os.pipe()

    def serve():
        with os.fdopen(asked, "rb") as lines, os.fdopen(answered, "wb") as out:
            Gate(facts, "store", out).serve(lines)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with os.fdopen(ask, "wb") as into, os.fdopen(answer, "rb") as out:
            yield Line(into, out)
    finally:
        thread.join()


def state(source):
    return json.loads(source.state.read_text())
