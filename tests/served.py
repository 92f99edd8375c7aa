"""A site of the tests' own, in a process that can be killed, on a database that keeps.

``python -m tests.served PORT`` is that process: Django with its static files, a thread for each
request. Tests fill and read its database by programs that run beside it.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

SOURCE = Path(__file__).resolve().parents[1]
STARTS_IN_S = 120
PROLOGUE = "import django, json, sys\ndjango.setup()\n"


class Served:
    """One site on one port of this machine; ``kill`` and ``start`` it as often as you like."""

    def __init__(self, folder: Path, database: str) -> None:
        paths = os.pathsep.join(map(str, (SOURCE / "app", SOURCE / "deploy", SOURCE)))
        self.environment = os.environ | {
            "DATABASE_URL": database,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "PYTHONPATH": paths,
            "STUDIUM_STATE": str(folder),
        }
        self.log = folder / "served.log"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._restarting: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.run([str(SOURCE / "app" / "manage.py"), "migrate", "-v0", "--skip-checks"])
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._restarting:
            self._restarting.join()
        self.kill(signal.SIGTERM)

    def run(self, words: list[str]) -> str:
        done = subprocess.run([sys.executable, *words], env=self.environment, check=True,
                              stdout=subprocess.PIPE, text=True, cwd=SOURCE)  # fmt: skip
        return done.stdout

    def ask(self, program: str, *words: str) -> Any:
        """Run a program beside the site; return what its last line says as JSON."""
        return json.loads(self.run(["-c", PROLOGUE + program, *words]).splitlines()[-1])

    def start(self) -> None:
        """Start, as soon as whatever the one before has left behind gives the port free."""
        limit = time.monotonic() + STARTS_IN_S
        self._process = self._begun()
        while not answers(self.port):
            if self._process.poll() is not None:
                time.sleep(0.5)
                self._process = self._begun()
            if time.monotonic() > limit:
                raise RuntimeError(f"The site did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def _begun(self) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "-m", "tests.served", str(self.port)]
        with self.log.open("a") as log:
            return subprocess.Popen(words, env=self.environment, cwd=SOURCE, stdout=log, stderr=log)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the site in the middle of whatever it does."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def restart_soon(self) -> None:
        """Kill the site while it answers, and start it again."""

        def restart() -> None:
            time.sleep(0.05)
            self.kill()
            self.start()

        self._restarting = threading.Thread(target=restart)
        self._restarting.start()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    """Say whether a site answers; a port alone may be held by what a killed one left behind."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        connection.request("GET", "/static/mark.svg")
        return connection.getresponse().status == http.client.OK
    return False


@contextmanager
def served(folder: Path, database: str = "") -> Iterator[Served]:
    """Serve a new site from ``folder``; without a database it has a file there."""
    with Served(folder, database or f"sqlite:///{folder / 'site.sqlite3'}") as site:
        yield site


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, and leave no connection to the database behind in it."""
        from django.db import connections  # noqa: PLC0415  the settings are known by now

        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *words: object) -> None:  # noqa: A002  its name above
        """Say nothing: what fails is logged by the site."""


def main(port: int) -> None:
    import django  # noqa: PLC0415  the settings are known by now
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415

    django.setup()
    from config.static_files import OpenStaticFiles  # noqa: PLC0415  the settings are read by now

    server = Server(("127.0.0.1", port), Quiet)
    server.set_app(OpenStaticFiles(WSGIHandler()))
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
