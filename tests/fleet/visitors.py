"""People who use a site while something happens to it, and count what came back."""

import ctypes
import hashlib
import http.client
import json
import os
import re
import select
import socket
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.fleet import fleet
from tests.fleet.machines import CONTROLLER


class Visitor(threading.Thread):
    """Asks one host ten times a second until told to stop."""

    def __init__(self, host, path="/accounts/sign-in/"):
        super().__init__(daemon=True)
        self.host, self.path, self.answers, self.over = host, path, Counter(), threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            self.answers[fleet.ask(self.host, self.path, check=False).status] += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


# --- many at once ------------------------------------------------------------------------------
NEW_NETWORK = 0x40000000  # CLONE_NEWNET: of this thread alone
PATIENCE_S = 30
CONNECT_S = 3
PEOPLE_HERE = ("vera", "wim")
PASSWORD = "a crowd of one and a half"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
STATIC = re.compile(r'href="(/static/[^"]+\.css)"')


@dataclass(frozen=True)
class Failure:
    """One request that went wrong, and when: seconds since the crowd came."""

    at_s: float
    who: str
    path: str
    what: str


class Line(http.client.HTTPSConnection):
    """A connection to a host by its name, over TLS, from inside the controller's network."""

    def __init__(self, host, trust):
        name = fleet.domain(host.name)
        super().__init__(name, timeout=PATIENCE_S, context=trust)
        self.name, self.address, self.trust = name, host.address, trust

    def connect(self):
        plain = socket.create_connection((self.address, 443), CONNECT_S)
        plain.settimeout(PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.trust.wrap_socket(plain, server_hostname=self.name)

    def was_closed(self):
        """Say whether the other side has ended this idle connection."""
        return bool(self.sock and select.select([self.sock], [], [], 0)[0])

    def fetch(self, method, path, body=None, headers=None):
        self.request(method, path, body, headers or {})
        answer = self.getresponse()
        return answer, answer.read()


class Guest(threading.Thread):
    """One visitor of a crowd. A subclass says what it asks for."""

    pause_s = 0.1
    keeps = True  # its connection

    def __init__(self, crowd):
        super().__init__(daemon=True)
        self.crowd, self.line = crowd, None
        self.answers, self.seconds, self.reconnected = 0, [], 0
        self.seen = []  # what it was told, for the tests

    @property
    def kind(self):
        return type(self).__name__.lower()

    def run(self):
        enter_network()
        while not self.crowd.over.is_set():
            try:
                self.visit()
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.fail(self.kind, f"{type(error).__name__}: {error}")
            self.crowd.over.wait(self.pause_s)
        self.hang_up()

    def fail(self, path, what):
        at_s = round(self.crowd.now_s, 2)
        self.crowd.failures.append(Failure(at_s, self.kind, path, str(what)[:300]))
        self.hang_up()

    def hang_up(self):
        if self.line:
            self.line.close()
        self.line = None

    def ask(self, path, method="GET", body=None, headers=None, good=(200,)):
        """Return the body of a good answer; note how long it took."""
        began = time.monotonic()
        answer, content = self._fetch(method, path, body, headers)
        self.seconds.append(time.monotonic() - began)
        if answer.status not in good:
            raise AssertionError(f"{method} {path}: {answer.status} {content[:200]!r}")
        self.answers += 1
        if not self.keeps or answer.will_close:
            self.hang_up()
        return answer, content

    def _fetch(self, method, path, body, headers):
        """As a browser does: an idle connection that the server has closed is opened anew."""
        if self.line and self.line.was_closed():
            self.hang_up()
            self.reconnected += 1
        is_used = self.line is not None
        try:
            self.line = self.line or Line(self.crowd.host, self.crowd.trust)
            return self.line.fetch(method, path, body, headers)
        except (ConnectionError, http.client.BadStatusLine):
            self.hang_up()
            if not is_used or method != "GET":
                raise
            self.reconnected += 1
            self.line = Line(self.crowd.host, self.crowd.trust)
            return self.line.fetch(method, path, body, headers)

    def visit(self):
        raise NotImplementedError


class Reader(Guest):
    """Keeps its connection, and asks for pages, the release, and a file of a page seen before."""

    def visit(self):
        for path in ("/accounts/sign-in/", self.crowd.file, "/health/"):
            self.ask(path)
        told = json.loads(self.ask("/bench/release/")[1])
        if told["release"] not in self.seen[-1:]:
            self.seen.append(told["release"])


class Newcomer(Reader):
    """Comes by a connection of its own for each request."""

    keeps, pause_s = False, 0.2


class Waiter(Guest):
    """Always has a slow request in flight, which ends on the release where it began."""

    pause_s, takes_s = 0.0, 3

    def visit(self):
        self.ask(f"/bench/slow/?s={self.takes_s}")


class Writer(Guest):
    """Writes a row with each request and remembers how many were acknowledged."""

    def visit(self):
        self.seen.append(json.loads(self.ask("/bench/notes/", "POST", b"")[1])["id"])


class Uploader(Guest):
    """Sends a body of some size; it arrives whole."""

    pause_s, body = 0.5, bytes(range(256)) * 1024

    def visit(self):
        told = json.loads(self.ask("/bench/echo/upload/", "POST", self.body)[1])
        assert told["sha256"] == hashlib.sha256(self.body).hexdigest(), told


class Person(Guest):
    """Signs in as a browser does, sees a page of its own, and leaves."""

    pause_s = 5.0  # the site counts attempts

    def visit(self):
        name = PEOPLE_HERE[self.answers % len(PEOPLE_HERE)]
        crumbs, page = self._open("/accounts/sign-in/", {})
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": _token(page)}
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | self._known(crumbs)
        answer, _ = self.ask(
            "/accounts/sign-in/", "POST", urlencode(form).encode(), headers, good=(302,)
        )
        crumbs |= _crumbs(answer)
        self._open("/", crumbs)
        self.hang_up()

    def _open(self, path, crumbs):
        answer, content = self.ask(path, headers=self._known(crumbs))
        return crumbs | _crumbs(answer), content.decode()

    def _known(self, crumbs):
        given = "; ".join(f"{name}={value}" for name, value in crumbs.items())
        return {"Cookie": given, "Referer": f"https://{fleet.domain(self.crowd.host.name)}/"}


class Crowd:
    """Comes with all kinds of visitors, stays while something happens, and tells what they met."""

    kinds = (Reader, Reader, Newcomer, Waiter, Writer, Uploader, Person)

    def __init__(self, host, *kinds):
        self.host, self.over, self.failures = host, threading.Event(), []
        self.kinds = kinds or self.kinds
        self.trust = ssl.create_default_context(cafile=str(fleet.authority()))
        self.file = STATIC.search(fleet.ask(host, "/accounts/sign-in/").body)[1]
        self.began = time.monotonic()
        self.guests = [kind(self) for kind in self.kinds]

    def __enter__(self):
        for guest in self.guests:
            guest.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for guest in self.guests:
            guest.join()

    @property
    def now_s(self):
        return time.monotonic() - self.began

    def of(self, kind):
        return [guest for guest in self.guests if type(guest) is kind]

    @property
    def written(self):
        """The rows that somebody was told are written."""
        return [row for guest in self.of(Writer) for row in guest.seen]

    def assert_content(self):
        """Nobody met a fault, nobody lost a connection, and each kind was there."""
        assert self.failures == []
        assert {guest.kind: guest.reconnected for guest in self.guests if guest.reconnected} == {}
        assert [guest.kind for guest in self.guests if not guest.answers] == []

    def report(self):
        """Return one line per kind: how many answers, and how long they took (not asserted)."""
        lines = [f"{len(self.failures)} failures {self.failures[:5]}"]
        for kind in dict.fromkeys(self.kinds):
            took = sorted(second for guest in self.of(kind) for second in guest.seconds)
            if took:
                half, most, worst = took[len(took) // 2], took[len(took) * 95 // 100], took[-1]
                lines.append(
                    f"{kind.__name__.lower():9} {len(took):5} answers, half within {half:.3f} s, "
                    f"95 % within {most:.3f} s, the slowest {worst:.3f} s"
                )
        return "\n".join(lines)


def _token(page):
    return TOKEN.search(page)[1]


def _crumbs(answer):
    """Return the cookies that an answer sets."""
    given = answer.headers.get_all("Set-Cookie") or []
    return dict(line.partition(";")[0].split("=", 1) for line in given)


def enter_network():
    """Let this thread, and it alone, open its connections where the hosts can be reached."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/run/netns/{CONTROLLER}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(descriptor)
