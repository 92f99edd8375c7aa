"""A proxy between a browser and a site that loses, repeats and dies, as networks do.

Of twenty requests of a method two never reach the site, two are done and their replies lost, one
is done twice at once; in which order is shuffled, so that every fate comes up for certain.
"""

import http.client
import itertools
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

FATES = ["lost before"] * 2 + ["lost after"] * 2 + ["twice"] + ["well"] * 15
LIMIT_S = 60
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def shuffled(seed: str) -> Iterator[str]:
    """Yield fates for ever, in each twenty as often as `FATES` says."""
    dice = random.Random(seed)  # noqa: S311  a test that repeats itself
    while True:
        yield from dice.sample(FATES, len(FATES))


class Chaos(ThreadingHTTPServer):
    """``met`` counts what became of the requests of each method."""

    daemon_threads = True

    def __init__(self, port: int, *, seed: int = 0, fates: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = port
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.met: Counter[tuple[str, str]] = Counter()
        self.troubles: list[str] = []
        self._decks = {method: shuffled(f"{seed} {method}") for method in ("GET", "POST")}
        self._well = not fates
        self._dead_until = 0.0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def die(self, seconds: float) -> None:
        """Answer nobody for a while."""
        self._dead_until = time.monotonic() + seconds

    @property
    def is_dead(self) -> bool:
        return time.monotonic() < self._dead_until

    def fate_of(self, method: str) -> str:
        with self._lock:
            fate = "well" if self._well or method not in self._decks else next(self._decks[method])
            fate = "dead" if self.is_dead else fate
            self.met[method, fate] += 1
        return fate

    def pass_on(self, asked: Asked) -> Answered | None:
        """Ask the site; None when it does not answer, or the fate is that it should not."""
        fate = self.fate_of(asked.method)
        if fate in {"dead", "lost before"}:
            return None
        if fate == "twice":
            twin = threading.Thread(target=self._ask, args=(asked,))
            twin.start()
        answered = self._ask(asked)
        if fate == "twice":
            twin.join()
        return None if fate == "lost after" else answered

    def _ask(self, asked: Asked) -> Answered | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=LIMIT_S)
        try:
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            answer = connection.getresponse()
            found = Answered(answer.status, answer.getheaders(), answer.read())
        except (OSError, http.client.HTTPException):
            return None  # the site was killed
        finally:
            connection.close()
        if found.status >= 400:
            self.troubles.append(f"{found.status} {asked.method} {asked.path}")
        return found


class Handler(BaseHTTPRequestHandler):
    """One request on one connection, so that a loss is seen as one."""

    protocol_version = "HTTP/1.1"
    server: Chaos

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, self.path, dict(self.headers.items()), body)
        self.close_connection = True
        answered = self.server.pass_on(asked)
        if answered is None:
            self._hang_up()
        else:
            self._say(answered)

    do_POST = do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815  their names above

    def _say(self, answered: Answered) -> None:
        self.send_response_only(answered.status)
        kept = (pair for pair in answered.headers if pair[0].lower() not in HOP)
        length = ("Content-Length", str(len(answered.body)))
        for name, value in itertools.chain(kept, [length, ("Connection", "close")]):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answered.body)

    def _hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def handle(self) -> None:
        with suppress(OSError):  # the browser has gone, or was hung up on
            super().handle()

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002  its name above
        """Say nothing; `Chaos.met` counts."""
