"""Show in ``ps`` what each uWSGI worker answers, to tell a stuck one from a busy one."""

import importlib
from collections.abc import Callable
from types import ModuleType

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from common.redaction import redact

LONGEST = 80


def _uwsgi() -> ModuleType | None:
    """Return the module that exists inside of uWSGI alone."""
    try:
        return importlib.import_module("uwsgi")
    except ImportError:
        return None


class ProcessTitleMiddleware:
    """Put method and path (never the query, which may hold secrets) into the process's title."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        server = _uwsgi()
        if server is None:
            raise MiddlewareNotUsed
        self.get_response, self.server = get_response, server

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self._say(f"{request.method} {redact(request.path)}")
        try:
            return self.get_response(request)
        finally:
            self._say("idle")

    def _say(self, doing: str) -> None:
        printable = "".join(letter if letter.isprintable() else "?" for letter in doing)
        self.server.setprocname(f"studium: {printable[:LONGEST]}")
