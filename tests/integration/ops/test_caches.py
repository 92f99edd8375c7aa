"""The cache on real servers, and what happens when they go away in the middle."""

import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache, caches
from django.db import connections
from django.test import Client, override_settings
from tests.factories.accounts import PASSWORD

from common import caching, counters
from config import caches as cache_settings

SERVERS = {
    "redis": (
        "redis-server",
        ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port"],
        "redis://127.0.0.1:{}/0",
    ),
    "memcached": (
        "memcached",
        ["-u", "nobody", "-l", "127.0.0.1", "-m", "16", "-p"],
        "memcached://127.0.0.1:{}",
    ),
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One cache server of the test's own."""

    def __init__(self, kind, folder):
        self.program, self.words, url = SERVERS[kind]
        self.folder, self.port = folder, free_port()
        self.url = url.format(self.port)
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [self.program, *self.words, str(self.port)],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{self.program} does not listen")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


@pytest.fixture(
    params=[
        pytest.param("redis", marks=pytest.mark.redis),
        pytest.param("memcached", marks=pytest.mark.memcached),
    ]
)
def server(request, tmp_path):
    program = SERVERS[request.param][0]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed: sudo apt-get install -y {program}")
    made = Server(request.param, tmp_path)
    made.start()
    with override_settings(CACHES={"default": cache_settings.from_url(made.url)}):
        yield made
        caches.close_all()
    made.kill()


@pytest.fixture(autouse=True)
def forget_losses():
    caching._breakers.clear()


def test_values_come_back_and_are_shared(server):
    cache.set("a", {"b": [1, 2]}, 60)
    assert cache.get("a") == {"b": [1, 2]}
    assert cache.add("a", 1) is False
    assert cache.get_many(["a", "nothing"]) == {"a": {"b": [1, 2]}}
    cache.delete("a")
    assert cache.get("a", "gone") == "gone"


def test_a_lost_server_answers_as_if_nothing_were_cached(server):
    cache.set("a", 1)
    server.kill()
    assert cache.get("a", "default") == "default"
    assert cache.get_many(["a"]) == {}
    assert cache.set_many({"a": 1}) == ["a"]
    assert cache.get_or_set("a", lambda: 5) == 5
    assert "a" not in cache
    cache.set("a", 1)
    cache.delete("a")
    cache.clear()
    cache.close()


def test_a_lost_server_is_left_alone_for_a_while_and_then_used_again(server, monkeypatch):
    cache.set("a", 1)
    server.kill()
    cache.get("a")
    started = time.monotonic()
    for _ in range(200):
        cache.get("a")
    assert time.monotonic() - started < 1
    server.start()
    assert cache.get("a") is None
    for breaker in caching._breakers.values():
        breaker.__init__()  # as if the while were over
    cache.set("a", 2)
    assert cache.get("a") == 2


@pytest.mark.django_db
def test_losing_the_server_logs_nobody_out_and_signing_in_goes_on(server, alice):
    visitor = Client(raise_request_exception=False)
    visitor.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert visitor.get("/jobs/").status_code == 200
    server.kill()
    assert visitor.get("/jobs/").status_code == 200
    stranger = Client(raise_request_exception=False)
    stranger.get("/accounts/sign-in/")
    answer = stranger.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    assert stranger.get("/jobs/").status_code == 200


@pytest.mark.django_db
def test_a_counter_goes_on_in_the_database_when_the_server_is_lost(server):
    assert [counters.hit("sign-in", window_s=60, now=1000) for _ in range(3)] == [1, 2, 3]
    server.kill()
    assert [counters.hit("sign-in", window_s=60, now=1000) for _ in range(3)] == [1, 2, 3]


def test_a_counter_on_the_server_loses_no_hit(server):
    def one(_):
        try:
            return counters.hit("race", window_s=60, now=1000)
        finally:
            caches.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(200))) == list(range(1, 201))


def test_a_counter_in_the_database_loses_no_hit_between_processes(real_site):
    program = (
        "from common import counters;"
        "print(*(counters.hit('race', window_s=60, now=1000) for _ in range(40)))"
    )
    started = [real_site.start("shell", "--no-imports", "-c", program) for _ in range(4)]
    said = [process.communicate(timeout=60) for process in started]
    hits = [int(number) for out, _ in said for number in out.split()]
    assert sorted(hits) == list(range(1, 161)), said


@pytest.mark.django_db
def test_a_new_window_counts_from_one():
    assert counters.hit("a", window_s=60, now=59) == 1
    assert counters.hit("a", window_s=60, now=59.9) == 2
    assert counters.hit("a", window_s=60, now=60) == 1
    assert counters.left_s(60, now=59) == 1


@pytest.mark.django_db
def test_by_default_the_database_is_the_cache():
    cache.set("a", [1])
    assert cache.get("a") == [1]
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ops_cache")
        assert cursor.fetchone() == (1,)
