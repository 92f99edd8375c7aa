"""What the benchmark's web server loads: the site's own application, which says what it cost."""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection

site = get_wsgi_application()
settings.LIMITS |= {"api-known": (10**9, 60)}  # counted as ever, but never too many


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the site does, with the queries and milliseconds in the answer's head."""
    began, busy, queries = time.perf_counter(), time.process_time(), 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        own_ms = (time.perf_counter() - began) * 1000
        cpu_ms = (time.process_time() - busy) * 1000
        cost = [("X-Queries", str(queries)), ("X-Own-Ms", f"{own_ms:.2f}"),
                ("X-Cpu-Ms", f"{cpu_ms:.2f}")]  # fmt: skip
        return start_response(status, headers + cost, *more)

    with connection.execute_wrapper(count):
        return site(environ, start)
