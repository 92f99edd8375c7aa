"""What every answer carries, and what the log says of it."""

import io
import json
import logging
import sys
import types

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse
from django.test import RequestFactory

from common.json_log import JsonFormatter
from common.process_title import ProcessTitleMiddleware
from common.request_id import RequestIdMiddleware


@pytest.mark.django_db
def test_a_page_may_load_from_this_site_alone(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    for loose in ("unsafe", "nonce", "http", "*"):
        assert loose not in policy


@pytest.mark.django_db
def test_every_answer_has_the_protective_headers(client):
    headers = client.get("/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("given", ["0123456789abcdef0123456789abcdef", "req-2026_00.01"])
def test_a_well_formed_request_id_of_the_proxy_is_kept(client, given):
    assert client.get("/health/", headers={"x-request-id": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    ["", "short", "x" * 65, "a b c d e f g", "<script>alert(1)</script>", "ab/cdefgh", "äöüäöüäöü"],
)
def test_any_other_request_id_is_replaced(client, given):
    made = client.get("/health/", headers={"x-request-id": given}).headers["X-Request-ID"]
    assert made != given
    assert len(made) == 32


def test_every_request_without_an_id_gets_one_of_its_own(client):
    ids = {client.get("/health/").headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5


def log_line(message, *arguments, **extra):
    """Write one line inside of a request, as the log of a site has it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("studium.test.line")
    logger.handlers = [handler]

    def view(request):
        logger.error(message, *arguments, **extra)
        return HttpResponse()

    request = RequestFactory().get(
        "/runs/7/?token=sentinel", headers={"x-request-id": "abcdef0123"}
    )
    RequestIdMiddleware(view)(request)
    return json.loads(stream.getvalue())


def test_a_line_of_the_log_is_one_json_object_with_its_request(settings):
    settings.RELEASE = "release-one"
    line = log_line("Lost %s", "something")
    assert line["message"] == "Lost something"
    assert line["request_id"] == "abcdef0123"
    assert line["request"] == "GET /runs/7/"
    assert line["release"] == "release-one"
    assert line["level"] == "error"


def test_a_line_of_the_log_keeps_no_secret(settings):
    settings.SECRET_VALUES = ["correct-horse"]
    line = json.dumps(log_line("%s of %s: correct-horse", "token=abc123", "ada@example.org"))
    for secret in ("correct-horse", "abc123", "ada@", "sentinel"):
        assert secret not in line


def test_a_message_over_several_lines_stays_one_line_of_the_log():
    assert log_line("one\ntwo")["message"] == "one\ntwo"


def test_the_process_title_shows_method_and_path_and_never_the_query(monkeypatch):
    titles = []
    server = types.ModuleType("uwsgi")
    server.setprocname = titles.append
    monkeypatch.setitem(sys.modules, "uwsgi", server)
    answer = ProcessTitleMiddleware(lambda _: HttpResponse())
    answer(RequestFactory().get("/runs/7/?token=sentinel"))
    assert titles == ["studium: GET /runs/7/", "studium: idle"]


def test_outside_of_uwsgi_there_is_no_process_title():
    with pytest.raises(MiddlewareNotUsed):
        ProcessTitleMiddleware(lambda _: HttpResponse())
