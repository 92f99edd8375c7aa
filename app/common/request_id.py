"""One id per request, the same in the answer, the log, the error report and on the 500 page."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")  # as the proxy in front has it

_current: ContextVar[str] = ContextVar("request_id", default="")
_place: ContextVar[str] = ContextVar("request_place", default="")


def current() -> str:
    """Return the id of the request that this thread answers, or nothing outside of one."""
    return _current.get()


def place() -> str:
    """Return the method and path of the request that this thread answers, without its query."""
    return _place.get()


class RequestIdMiddleware:
    """Keep the proxy's id when it is well-formed, else make one; the outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request_id = given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        ids = _current.set(request_id)
        places = _place.set(f"{request.method} {request.path}")
        try:
            response = self.get_response(request)
        finally:
            _current.reset(ids)
            _place.reset(places)
        response.headers[HEADER] = request_id
        return response
