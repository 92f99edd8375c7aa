"""Take what a request still brings when it has been answered.

A refusal is often given before the body was read. When uWSGI then closes the connection, the front
may find it broken while it is still sending, and tell the visitor that the site is down instead of
handing on the refusal.
"""

from collections.abc import Callable, Iterable
from typing import Any

PIECE = 1024 * 1024
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def reading_to_the_end(application: Application) -> Application:
    """Return the application, with bodies read to their end; the front holds them whole already."""

    def answering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = application(environ, start_response)
        _read_to_the_end(environ)
        return answer

    return answering


def _read_to_the_end(environ: dict[str, Any]) -> None:
    if environ.get("CONTENT_LENGTH") in {None, "", "0"}:
        return
    try:
        while environ["wsgi.input"].read(PIECE):
            pass
    except OSError:
        return  # whoever sent it has gone
