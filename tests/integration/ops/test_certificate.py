"""The certificate that visitors are shown: when it ends, and who is told in time."""

import socket
import ssl
import subprocess
import threading
from datetime import timedelta
from socketserver import StreamRequestHandler, TCPServer

import pytest
from django.core.cache import cache
from django.utils.timezone import now

from ops import certificate, health

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db]


def make(folder, days, kind="ec"):
    key = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "chain.pem"]
    words = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        *key,
        *files,
        "-subj",
        "/CN=lab.example",
    ]
    subprocess.run([*words, "-days", str(days)], check=True, capture_output=True)


@pytest.fixture
def front(tmp_path, settings):
    """Show a certificate that ends in so many days to whoever asks."""
    cache.clear()
    running = []

    def show(days, kind="ec"):
        make(tmp_path, days, kind)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
        server = TCPServer(("127.0.0.1", 0), StreamRequestHandler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        settings.SITE_URL = f"https://localhost:{server.server_address[1]}"

    yield show
    for server in running:
        server.shutdown()
        server.server_close()
    cache.clear()


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("days", [90, 36500])
def test_its_end_is_read_whatever_its_form(front, days, kind):
    front(days, kind)
    left = certificate.ends() - now()
    assert abs(left - timedelta(days=days)) < timedelta(minutes=5)


@pytest.mark.parametrize(("days", "is_well"), [(90, True), (15, True), (13, False)])
def test_there_is_an_alarm_two_weeks_before_it_ends(front, days, is_well):
    front(days)
    check = health.shown_certificate()
    assert check.ok is is_well
    assert f"in {days - 1} days" in check.detail
    assert not check.fatal


def test_it_is_not_asked_again_for_each_page(front):
    front(90)
    first = certificate.ends()
    front(20)
    cache.set("ops.certificate.localhost", None)
    assert certificate.ends() != first
    assert certificate.ends() == certificate.ends()


def test_a_front_that_does_not_answer_is_no_alarm_of_this_kind(settings):
    settings.SITE_URL = "https://localhost:1"
    check = health.shown_certificate()
    assert check.ok
    assert check.detail == "not seen from this host: ConnectionRefusedError"


def test_who_could_not_be_reached_is_not_waited_for_again(settings, monkeypatch):
    settings.SITE_URL = "https://localhost:1"
    before = health.shown_certificate()
    monkeypatch.setattr(certificate, "_shown_by", lambda *_: pytest.fail("asked again"))
    assert health.shown_certificate() == before


@pytest.mark.parametrize(("in_clear", "detail"), [(True, "travel in clear"), (False, "none is")])
def test_a_site_without_one_says_what_that_means(settings, in_clear, detail):
    settings.SITE_URL, settings.TRAVELS_IN_CLEAR = "http://lab.example", in_clear
    assert detail in health.shown_certificate().detail


def test_a_resolver_that_never_answers_keeps_nobody_waiting(front, monkeypatch):
    front(90)
    over = threading.Event()
    monkeypatch.setattr(certificate, "LIMIT_S", 0.1)

    def no_answer(*_, **__):
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", no_answer)
    try:
        check = health.shown_certificate()
        assert not over.is_set()
    finally:
        over.set()
    assert "TimeoutError" in check.detail
