"""Smoke tests: a real server that answers well passes; each fault of it is seen."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reach import outside

COMMIT = "c" * 40
PAGE = '<link rel="stylesheet" href="/static/site.0a1b.css"><form></form>'
HEADERS = dict.fromkeys(outside.ALWAYS, "given")


class Site(BaseHTTPRequestHandler):
    """Answers as a healthy site does, but for what the test has changed."""

    answers = {
        "GET /health/": (200, {}, "{}"),
        "GET /health/ready/": (200, {}, json.dumps({"commit": COMMIT})),
        "GET /accounts/sign-in/": (200, HEADERS, PAGE),
        "GET /static/site.0a1b.css": (200, {"Cache-Control": "max-age=1, immutable"}, "a {}"),
        "POST /accounts/sign-in/": (403, {}, ""),
    }

    def do_GET(self):
        changed = self.server.changed | {}
        usual = self.answers.get(f"{self.command} {self.path}", (404, HEADERS, ""))
        status, headers, body = changed.get(f"{self.command} {self.path}", usual)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET  # noqa: N815  the name that the base class looks for

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.changed = {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _reach(socket_enabled):
    """Let these tests reach the server on this machine."""


def faults(site, commit=COMMIT):
    return outside.run(f"http://127.0.0.1:{site.server_port}", commit)


def test_a_site_that_answers_well_has_no_fault(site, capsys):
    assert faults(site) == []
    assert capsys.readouterr().out.count("✓") == len(outside.QUESTIONS)


@pytest.mark.parametrize(
    ("what", "answer", "claim"),
    [
        ("GET /health/", (502, {}, ""), "it answers at /health/"),
        ("GET /health/ready/", (503, {}, ""), "it is ready"),
        ("GET /health/ready/", (200, {}, "<html>"), "it is ready"),
        ("GET /accounts/sign-in/", (500, HEADERS, PAGE), "its sign-in page"),
        ("GET /accounts/sign-in/", (200, {}, PAGE), "its sign-in page"),
        ("GET /accounts/sign-in/", (200, HEADERS, "<form>"), "a style sheet"),
        ("GET /static/site.0a1b.css", (404, {}, ""), "a style sheet"),
        ("GET /static/site.0a1b.css", (200, {}, "a {}"), "a style sheet"),
        ("GET /nothing-here-by-this-name/", (200, HEADERS, ""), "a page that is not there"),
        ("GET /nothing-here-by-this-name/", (404, {}, ""), "a page that is not there"),
        ("POST /accounts/sign-in/", (200, {}, ""), "a form without its token"),
    ],
)
def test_each_fault_is_seen_and_named(site, what, answer, claim):
    site.changed[what] = answer
    found = faults(site)
    assert len(found) == 1, found
    assert found[0].startswith(claim)


def test_another_commit_than_the_pipeline_s_is_a_fault(site):
    assert "its pipeline says " + "d" * 40 in faults(site, "d" * 40)[0]


def test_a_site_that_cannot_be_reached_is_all_faults_and_no_traceback(site):
    closed = outside.run("http://127.0.0.1:9", COMMIT)
    assert len(closed) == len(outside.QUESTIONS)
    assert "refused" in closed[0]


def test_a_certificate_that_nobody_vouches_for_is_a_fault(site):
    found = outside.run(f"https://127.0.0.1:{site.server_port}", COMMIT)
    assert len(found) == len(outside.QUESTIONS) + len(outside.OF_TLS)
