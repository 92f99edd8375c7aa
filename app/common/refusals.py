"""Every refusal as the caller can read it: a page, a fragment for htmx, or JSON."""

import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from common import request_id
from common.context import site
from common.errors import Invalid, NotAllowed, NotThere, StudiumError

logger = logging.getLogger(__name__)

FIRST_REFUSAL = 400
NUL_REFUSED = "cannot contain NUL"  # psycopg2 says so of texts that came in a form
PATIENCE_S = 30  # how long to leave a silent database alone


class Unreadable(StudiumError):
    title = "The request could not be read"
    message = "Your browser or program sent something that this site does not understand."
    remedy = "Reload the page and try again. If you followed a link, it may be incomplete."


class NotThatWay(StudiumError):
    status = 405
    title = "This address works another way"
    message = "It was called with a method that it does not answer."
    remedy = "Go back and use the buttons of the page."


class TooLarge(StudiumError):
    status = 413
    title = "This is too large"
    message = "What you sent is larger than this page accepts. Nothing was kept."
    remedy = "Send a smaller file, or send it in parts."


class DatabaseSilent(StudiumError):
    status = 503
    title = "The database does not answer"
    message = "The site is running, but its database is busy or away. Nothing was changed."
    remedy = "Wait half a minute and reload the page. The people who run the site can see this too."


class FormTooOld(NotAllowed):
    title = "This form is too old to be sent"
    message = (
        "For your safety each form works only in the browser and sign-in it was made for. "
        "Nothing was changed."
    )
    remedy = "Go back, reload the page and send it again. Cookies must be allowed for this site."


ERRORS_BY_STATUS: dict[int, type[StudiumError]] = {
    400: Unreadable,
    403: NotAllowed,
    404: NotThere,
    405: NotThatWay,
    413: TooLarge,
    422: Invalid,
}


@dataclass(frozen=True)
class Refusal:
    """A refusal in words, for a page or a program."""

    status: int
    title: str
    detail: str
    remedy: str
    request_id: str
    code: str = ""

    @classmethod
    def of(cls, error: StudiumError) -> "Refusal":
        said = (error.status, error.title, error.message, error.remedy)
        return cls(*said, request_id.current(), _code(error))


def _code(error: StudiumError) -> str:
    """Return what programs know a refusal by: ``held-elsewhere`` for ``HeldElsewhere``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller asked for JSON and not for a page, or sent JSON and does not say."""
    accepted = request.headers.get("Accept", "")
    asked = accepted if accepted.strip("*/ ") else request.content_type or ""
    return "json" in asked and "html" not in asked


def answer(request: HttpRequest, error: StudiumError) -> HttpResponse:
    """Return the refusal in the form that the caller asked for."""
    refusal = Refusal.of(error)
    response = _written(request, refusal)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def _written(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(asdict(refusal), status=refusal.status)
    context = {"refusal": refusal, "reason_phrase": HTTPStatus(refusal.status).phrase}
    if _is_fragment(request):
        content = render_to_string("errors/_refusal.html", context)
    elif refusal.status == DatabaseSilent.status:  # the frame of a page would ask the database
        content = render_to_string("errors/unavailable.html", context | {"site": site()})
    else:
        content = render_to_string("errors/refusal.html", context, request)
    return HttpResponse(content, status=refusal.status)


def _is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked; by the headers, since a middleware before its own may refuse."""
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers


def _has_nul(request: HttpRequest) -> bool:
    """Whether the address holds what no database text can hold, and no person types."""
    return "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")


def translated(error: Exception) -> StudiumError | None:
    """Return the refusal that an exception stands for; None for a bug."""
    if isinstance(error, StudiumError):
        return error
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if type(error) is ValueError and NUL_REFUSED in str(error):
        return Unreadable()
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("The database does not answer", exc_info=error)
        return DatabaseSilent(retry_after=PATIENCE_S)
    return None


class RefusalMiddleware:
    """Turn the errors that views raise, and answers without words, into something to read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _has_nul(request):
            return answer(request, Unreadable())
        response = self.get_response(request)
        if response.status_code < FIRST_REFUSAL or response.streaming or response.content:
            return response
        return self._with_words(request, response)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = translated(error)
        return answer(request, refusal) if refusal else None

    def _with_words(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        error = ERRORS_BY_STATUS.get(response.status_code)
        if error is None or request.method == "HEAD":
            return response
        spoken = answer(request, error())
        for header in ("Allow", "WWW-Authenticate", "Retry-After"):
            if header in response:
                spoken[header] = response[header]
        return spoken
