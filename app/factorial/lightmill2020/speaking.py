"""How the protocol is spoken: which methods, what an answer looks like, what a refusal."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from common.errors import StudiumError
from factorial.lightmill2020.finding import Named
from factorial.lightmill2020.refusals import Refused, malformed, translated
from runs import rows

MOST_BYTES = 32 * 1024 * 1024
PREFIX = "/lightmill/2020/"
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "X-Requested-With, Content-Type",
}
View: TypeAlias = Callable[..., HttpResponse]


class CrossOriginMiddleware:
    """Let pages of any site read all that the protocol answers, errors of the site included.

    Nothing is given to a page that its visitor has by a cookie: browsers send none along then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        asks = request.method == "OPTIONS"
        response = HttpResponse() if asks else self.get_response(request)
        for name, value in CROSS_ORIGIN.items():
            response[name] = value
        return response


def speaks(*methods: str) -> Callable[[View], View]:
    """Answer these methods in JSON, refusals as well; the address's words come as `Named`."""

    def decorate(view: View) -> View:
        @csrf_exempt  # clients have no account: nothing is believed because of a cookie
        @never_cache
        @wraps(view)
        def answer(request: HttpRequest, *, lab: str = "", **words: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            named = Named(lab, words)
            try:
                return view(request, named)
            except Refused as error:
                return JsonResponse(error.body, status=error.status)
            except StudiumError as error:
                said = translated(error, words)
                return JsonResponse(said.body, status=said.status)

        return answer

    return decorate


def body_of(request: HttpRequest) -> bytes:
    """Return what was sent, up to a limit of its own: thousands of events are large."""
    found: bytes = request.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise Refused(413, "TooLarge", f"Send at most {MOST_BYTES // 2**20} MB at once.")
    return found


def json_of(request: HttpRequest) -> dict[str, Any]:
    """Return the object that was sent as JSON, whatever it was called, forms apart."""
    if request.content_type == "application/x-www-form-urlencoded":
        raise malformed("Send JSON, as application/json or text/plain, and no form.")
    found = rows.read(body_of(request))
    if not isinstance(found, dict):
        raise malformed("Send a JSON object.")
    return found
