"""What our own client asks. No account and no cookie: the key in the address is believed.

The page of a task may be another site's, so that any site may ask, and send JSON as text.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from common import refusals
from common.errors import StudiumError
from factorial.queries import plans
from factorial.services import client
from runs import rows
from runs.errors import Unreadable

Answer: TypeAlias = Callable[..., dict[str, Any]]
MOST_ROWS = 500
LARGEST = 8 * 2**20  # bytes of a request, as many as the front lets through


def _open_to_all(response: HttpResponse) -> HttpResponse:
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Headers"] = "Content-Type, Accept"
    response["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    response["Access-Control-Max-Age"] = "86400"
    return response


def asked_by_anybody(method: str) -> Callable[[Answer], Callable[..., HttpResponse]]:
    """Answer with JSON to a client of any site, refusals too, which it could not read otherwise."""

    def decorated(view: Answer) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
            if request.method == "OPTIONS":
                return _open_to_all(HttpResponse(status=204))
            if request.method != method:
                return _open_to_all(_refused(refusals.NotThatWay()))
            try:
                return _open_to_all(JsonResponse(view(request, *args, **named)))
            except StudiumError as error:
                return _open_to_all(_refused(error))

        return never_cache(csrf_exempt(answered))

    return decorated


def _refused(error: StudiumError) -> HttpResponse:
    refusal = refusals.Refusal.of(error)
    response = JsonResponse(asdict(refusal), status=refusal.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def _sent(request: HttpRequest) -> dict[str, Any]:
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise refusals.TooLarge
    found = rows.read(body)
    if not isinstance(found, dict):
        raise Unreadable("Send an object.")
    return found


def _word(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name) or ""
    if not isinstance(value, str) or len(value) > 1000 or "\0" in value:  # noqa: PLR2004
        raise Unreadable(f"Send {name} as a short text.")
    return value


WORDS = ("key", "holder", "lab", "design", "link", "run", "participant")


@asked_by_anybody("POST")
def begin(request: HttpRequest) -> dict[str, Any]:
    sent = _sent(request)
    words = {name: _word(sent, name) for name in WORDS}
    place = client.begin(client.Wish(**words, take_over=sent.get("take_over") is True))
    return plans.standing(place.planned, place.run) | {
        "is_begun": place.is_begun,
        "next_event": place.next_event,
    }


@asked_by_anybody("GET")
def plan(_request: HttpRequest, key: str) -> dict[str, Any]:
    return plans.plan(client.by_key(key))


@asked_by_anybody("POST")
def take(request: HttpRequest, key: str) -> dict[str, Any]:
    """Store a batch; the outbox of tasks sends the same form."""
    sent = _sent(request)
    holder, happenings = rows.around(sent)
    trials = client.trials_of(sent.get("rows", []))
    if len(trials) > MOST_ROWS:
        raise Unreadable(f"Send at most {MOST_ROWS} rows at a time, not {len(trials)}.")
    return client.receive(key=key, holder=holder, rows=trials, happenings=happenings)


@asked_by_anybody("POST")
def end(request: HttpRequest, key: str) -> dict[str, Any]:
    planned = client.end(key=key, holder=_word(_sent(request), "holder"))
    return {"done": planned.done, "is_complete": True}


@require_safe
def file(_request: HttpRequest, name: str) -> HttpResponse:
    """Lead to a file of the client, whose own address changes with its content."""
    return _open_to_all(HttpResponseRedirect(static(f"factorial/{name}")))


@require_safe
def pointing(request: HttpRequest) -> HttpResponse:
    """Show the task of the example."""
    return render(request, "factorial/run/pointing.html")
