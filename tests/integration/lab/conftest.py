"""An animal of Alder's, and ways to speak to the surface for ONE."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from tests.factories import lab as make

from accounts.services import tokens


@pytest.fixture
def animal(alder, alice):
    return make.subject(alder, alice)


class Program:
    """A program with somebody's token."""

    def __init__(self, person):
        _token, secret = tokens.create_token(user=person, name="test", scope="write")
        self.secret = secret
        self.client = Client(headers={"Authorization": f"Token {secret}"})

    def get(self, path, /, **query):
        return self.client.get(f"/alyx/{path}", query)

    def post(self, path, /, **data):
        return self.client.post(f"/alyx/{path}", data, content_type="application/json")

    def patch(self, path, /, **data):
        return self.client.patch(f"/alyx/{path}", data, content_type="application/json")

    def delete(self, path):
        return self.client.delete(f"/alyx/{path}")


@pytest.fixture
def program():
    return Program


@pytest.fixture
def at_once(transactional_db, tmp_path):
    """Return what lets many do the same at the same moment, each with a connection of its own.

    Threads lock each other out of SQLite's database in memory; they get a copy of it in a file.
    """
    kept, settings = connections["default"], connections["default"].settings_dict
    before = settings["NAME"]

    def run(count: int, act: Callable) -> list:
        ready = Barrier(count)
        if kept.vendor == "sqlite" and settings["NAME"] == before:
            with kept.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(tmp_path / "copy.sqlite3")])
            settings["NAME"] = str(tmp_path / "copy.sqlite3")
            del connections["default"]
            connections["default"].ensure_connection()  # one gives it its log, then all may come

        def one(number):
            ready.wait()
            try:
                return act(number)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(count) as people:
            return list(people.map(one, range(count)))

    yield run
    if settings["NAME"] != before:
        connections["default"].close()
        settings["NAME"] = before
        connections["default"] = kept
