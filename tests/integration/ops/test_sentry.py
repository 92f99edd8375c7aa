"""What leaves the site for a Sentry server: asked of the raw bytes that a server received."""

import gzip
import os
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
SENTINELS = [
    "sentinel-query",
    "sentinel-cookie",
    "sentinel-header",
    "sentinel-body",
    "sentinel-local",
    "sentinel-secret",
    "sentinel-person",
    "sentinel-source",
]
PROGRAM = textwrap.dedent("""
    import io, logging, sys
    import django
    from django.conf import settings
    django.setup()
    from django.core.wsgi import get_wsgi_application
    from django.urls import path

    def boom(request):
        secret = "sentinel-local"
        word = request.GET["token"] + request.POST["answer"]  # sentinel-source
        raise RuntimeError(f"no luck for sentinel-person@example.org with {settings.SECRET_KEY}")

    urlpatterns = [path("boom/", boom)]
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["common.request_id.RequestIdMiddleware"]
    body = b"answer=sentinel-body"
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/boom/", "QUERY_STRING": "token=sentinel-query",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)),
        "HTTP_COOKIE": "sessionid=sentinel-cookie", "HTTP_X_REQUEST_ID": "0123456789abcdef",
        "HTTP_AUTHORIZATION": "Bearer sentinel-header", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http",
    }
    started = []
    list(get_wsgi_application()(environ, lambda status, headers: started.append(status)))
    assert started == ["500 Internal Server Error"], started
    logging.getLogger("ops.cron").error("mail to sentinel-person@example.org failed")
    import sentry_sdk
    sentry_sdk.flush(5)
""")


@pytest.fixture
def sink():
    """A server that keeps what it is sent."""
    received = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            received.append(gzip.decompress(body) if zipped else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, received
    server.shutdown()
    server.server_close()


def run(tmp_path, **variables):
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{PROJECT / 'app'}:{PROJECT / 'deploy'}",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "STUDIUM_STATE": str(tmp_path),
        "STUDIUM_RELEASE": "20260102T100000000000Z-feedfeedfeed",
        "STUDIUM_ENVIRONMENT": "staging",
        "STUDIUM_SECRET_KEY": "sentinel-secret-0123456789",
    }
    (tmp_path / "program.py").write_text(PROGRAM)
    return subprocess.run(
        [sys.executable, str(tmp_path / "program.py")],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_error_arrives_with_release_and_request_id_and_without_personal_data(sink, tmp_path):
    port, received = sink
    done = run(tmp_path, SENTRY_DSN=f"http://pub@127.0.0.1:{port}/1")
    assert done.returncode == 0, done.stderr
    sent = b"\n".join(received).decode()
    for fact in ("RuntimeError", "feedfeedfeed", '"environment":"staging"', "0123456789abcdef"):
        assert fact in sent
    assert "http://127.0.0.1/boom/" in sent
    assert [sentinel for sentinel in SENTINELS if sentinel in sent] == []


def test_the_log_of_the_same_error_holds_none_of_it_either(sink, tmp_path):
    done = run(tmp_path)
    assert "RuntimeError" in done.stderr
    leaks = [word for word in SENTINELS if word in done.stderr and word != "sentinel-source"]
    assert leaks == []
    kept = "".join(file.read_text() for file in (tmp_path / "errors").glob("*.json"))
    assert "RuntimeError" in kept
    assert [word for word in SENTINELS if word in kept and word != "sentinel-source"] == []


def test_without_a_dsn_nothing_is_sent(sink, tmp_path):
    _, received = sink
    assert run(tmp_path).returncode == 0
    assert received == []
