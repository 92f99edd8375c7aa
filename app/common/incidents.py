"""Pages for what Django itself refuses, and for our own mistakes."""

import logging
import sys

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import get_template

from common import refusals, request_id
from common.context import site
from common.errors import NotAllowed, NotThere

logger = logging.getLogger(__name__)

LAST_RESORT = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>Something went wrong · Studium</title><h1>Something went wrong on our side</h1>
<p>It was recorded. Go back, look whether what you sent was saved, and try again. If it happens
again, tell the people who run this site{number}.</p></html>"""


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    large = isinstance(exception, RequestDataTooBig)
    return refusals.answer(request, refusals.TooLarge() if large else refusals.Unreadable())


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer PermissionDenied; its own words are shown when it has some."""
    return refusals.answer(request, NotAllowed(str(exception)))


def not_there(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return refusals.answer(request, NotThere())


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    logger.warning("A form was refused: %s", reason)
    return refusals.answer(request, refusals.FormTooOld())


def broken(request: HttpRequest) -> HttpResponse:
    """Answer a bug. Needs no database, no session, no context, and at worst no template.

    What a middleware raised comes here too, past the one that translates.
    """
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return refusals.answer(request, refusals.DatabaseSilent(retry_after=refusals.PATIENCE_S))
    number = request_id.current()
    if refusals.wants_json(request):
        return JsonResponse(_record(number), status=500)
    return HttpResponse(_page(number), status=500)


def _record(number: str) -> dict[str, object]:
    return {
        "status": 500,
        "title": "Something went wrong on our side",
        "detail": "It was recorded.",
        "remedy": "Try again; if it happens again, report the request id.",
        "request_id": number,
    }


def _page(number: str) -> str:
    try:
        return get_template("500.html").render({"request_id": number, "site": site()})
    except Exception:  # whatever is broken, the person gets an answer
        logger.exception("The page for errors could not be rendered")
        return LAST_RESORT.format(number=f" and mention {number}" if number else "")
