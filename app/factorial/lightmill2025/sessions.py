"""``/lightmill/sessions``: who speaks, as a host or as a participant."""

from typing import Any

from django.http import HttpResponse

from accounts import addresses, throttles
from factorial.lightmill2025 import documents
from factorial.lightmill2025.shapes import SESSION
from factorial.lightmill2025.wire import COOKIE, Call, Route, endpoint, keep_cookie, reply
from factorial.log_errors import NoSuchSession, SessionExists, WrongCredentials
from factorial.models import Host, LogRun, Session
from factorial.queries import log_runs
from factorial.services import log_hosts, log_sessions

INCLUDE = ("runs", "runs.experiment", "runs.lastLogs")


def _begin(call: Call) -> HttpResponse:
    role = call.body["data"]["attributes"]["role"]
    host = _host(call) if role == Session.Role.HOST else None
    if call.found:
        raise SessionExists
    session, key = log_sessions.begin(role=role, host=host)
    answer = reply(
        {"data": documents.session(session, [])}, 201, location=call.address("session", "current")
    )
    keep_cookie(call, answer, key)
    return answer


def _host(call: Call) -> Host:
    """Return the host whose credentials came; guesses are counted by where they come from."""
    address = addresses.of(call.request)
    given = log_hosts.credentials_of(call.request.headers.get("Authorization", ""))
    host = log_hosts.host_of(given, address=address)
    if host is None:
        if given:
            throttles.limit("lightmill-host").need(addresses.neighbourhood(address))
        raise WrongCredentials
    return host


def _current(call: Call) -> Session:
    if call.id != "current" or call.found is None:
        raise NoSuchSession(f"Session {call.id} not found")
    return call.found


def _show(call: Call) -> HttpResponse:
    session, include = _current(call), call.query.get("include", [])
    own = list(LogRun.objects.filter(session=session).select_related("design").order_by("pk"))
    document: dict[str, Any] = {"data": documents.session(session, own)}
    if include:
        document["included"] = documents.beside(
            log_runs.facts_of(own),
            runs="runs" in include,
            experiments="runs.experiment" in include,
            last="runs.lastLogs" in include,
        )
    return reply(document)


def _end(call: Call) -> HttpResponse:
    log_sessions.end(session=_current(call))
    answer = reply({"data": None})
    answer.delete_cookie(COOKIE)
    return answer


many = endpoint(post=Route(_begin, SESSION, needs_session=False))
one = endpoint(
    get=Route(_show, needs_session=False, query={"include": INCLUDE}),
    delete=Route(_end, needs_session=False),
)
