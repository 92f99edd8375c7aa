"""From a request to a call, and from what comes of it to an answer: the frame of every address."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from common.errors import StudiumError
from common.refusals import translated
from factorial.lightmill2025.shapes import Shape
from factorial.log_errors import (
    BadBody,
    BadQuery,
    BodyTooLarge,
    NotThisMediaType,
    NotThisMethod,
    ProtocolRefusal,
    SessionRequired,
    SeveralRefusals,
)
from factorial.models import Session
from factorial.services import log_sessions

MEDIA_TYPE = "application/vnd.api+json"
COOKIE = "lightmill-session-id"
COOKIE_LASTS_S = 400 * 24 * 3600  # the longest that browsers keep any
LARGEST_BODY = 8 * 2**20  # as much as the front takes
ALWAYS = ("HEAD", "OPTIONS")


@dataclass
class Call:
    """One request of the protocol, read and checked."""

    request: HttpRequest
    id: str = ""
    body: Any = None
    query: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.request.COOKIES.get(COOKIE, "")

    @cached_property
    def found(self) -> Session | None:
        return log_sessions.of_key(self.key)

    @property
    def session(self) -> Session:
        if self.found is None:
            raise SessionRequired
        return self.found

    def address(self, name: str, pk: object) -> str:
        """Return the full address of something, below wherever the protocol is mounted."""
        return self.request.build_absolute_uri(
            reverse(f"factorial:lightmill-2025:{name}", args=[pk])
        )


@dataclass(frozen=True)
class Route:
    """What one method of an address does, and what it needs for that."""

    act: Callable[[Call], HttpResponseBase]
    shape: Shape | None = None
    needs_session: bool = True
    query: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


def endpoint(**routes: Route) -> Callable[..., HttpResponseBase]:
    """Return the view of one address; the names of the arguments are methods, in small letters."""
    by_method = {method.upper(): route for method, route in routes.items()}

    @csrf_exempt  # no other site can send this media type without being asked first (CORS)
    def view(request: HttpRequest, id: str = "") -> HttpResponseBase:  # noqa: A002  the address's
        try:
            answer = _answer(request, by_method, id)
        except Exception as error:
            refusal = translated(error)
            if refusal is None:
                raise
            answer = refused(refusal)
            if isinstance(refusal, NotThisMethod):
                answer.headers["Allow"] = ", ".join(sorted(by_method))
        return _for_browsers(request, answer)

    return view


def _answer(request: HttpRequest, routes: Mapping[str, Route], pk: str) -> HttpResponseBase:
    method = "GET" if request.method == "HEAD" and "GET" in routes else request.method or ""
    if method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": ", ".join(sorted((*routes, *ALWAYS)))})
    if method not in routes:
        raise NotThisMethod(f"{method} method not allowed")
    route, call = routes[method], Call(request, pk)
    try:
        _read(call, route)
    except ProtocolRefusal:
        if route.needs_session:
            call.session  # noqa: B018  that there is none is said before all else
        raise
    if route.needs_session and not route.shape:
        call.session  # noqa: B018  the same; who writes finds out on the way
    answer = route.act(call)
    return _head_of(answer) if request.method == "HEAD" else answer


def _head_of(answer: HttpResponseBase) -> HttpResponse:
    """Return the answer without its body; what would be streamed is not even asked for."""
    return HttpResponse(status=answer.status_code, headers=dict(answer.items()))


def _read(call: Call, route: Route) -> None:
    if route.shape:
        _need_media_type(call.request)
        call.body = _json(_bytes(call.request))
        _tell_all([BadBody(words, source={"pointer": at}) for at, words in
                   route.shape.faults(call.body, "")])  # fmt: skip
    call.query = dict(call.request.GET.lists())
    _tell_all(list(_faults_of_query(call.query, route.query)))


def _tell_all(found: list[ProtocolRefusal]) -> None:
    if found:
        raise SeveralRefusals(found[:20])


def _faults_of_query(
    given: Mapping[str, list[str]], known: Mapping[str, tuple[str, ...] | None]
) -> Iterable[ProtocolRefusal]:
    for name, values in given.items():
        source = {"parameter": name}
        if name not in known:
            yield BadQuery(f"Unknown query parameter '{name}'", source=source)
            continue
        options = known[name]
        if options and any(value not in options for value in values):
            words = f"must be equal to one of the allowed values: {', '.join(options)}"
            yield BadQuery(words, source=source)


def _need_media_type(request: HttpRequest) -> None:
    """Take the media type with no parameter but ``profile`` and ``ext``, as JSON:API asks."""
    given = request.headers.get("Content-Type", "")
    kind, *parameters = (part.strip().lower() for part in given.split(";"))
    if kind != MEDIA_TYPE or any(not one.startswith(("profile=", "ext=")) for one in parameters):
        raise NotThisMediaType(f"unsupported media type {given or 'undefined'}")


def _bytes(request: HttpRequest) -> bytes:
    """Read the body from its stream: Django's own limit for forms is smaller than ours."""
    content = request.read(LARGEST_BODY + 1)
    if len(content) > LARGEST_BODY:
        raise BodyTooLarge(f"the body is larger than {LARGEST_BODY // 2**20} MB; send less at once")
    return content


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise BadBody(f"must be JSON: {str(error)[:200]}", source={"pointer": ""}) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def reply(document: Any, status: int = 200, *, location: str = "") -> HttpResponse:
    content = json.dumps(document, separators=(",", ":"))
    answer = HttpResponse(content, status=status, content_type=MEDIA_TYPE)
    if location:
        answer["Location"] = location
    return answer


def refused(refusal: StudiumError) -> HttpResponse:
    parts = refusal.parts if isinstance(refusal, SeveralRefusals) else [refusal]
    answer = reply({"errors": [told(part) for part in parts]}, refusal.status)
    if refusal.retry_after is not None:
        answer["Retry-After"] = str(refusal.retry_after)
    return answer


def told(refusal: StudiumError) -> dict[str, Any]:
    """Return a refusal as the protocol tells it; ``status`` is a phrase there, not a number."""
    phrase = HTTPStatus(refusal.status).phrase
    error = {"status": phrase, "code": getattr(refusal, "code", phrase.upper().replace(" ", "_"))}
    error["detail"] = refusal.message.encode(errors="replace").decode()
    source = getattr(refusal, "source", None)
    return {**error, "source": dict(source)} if source else dict(error)


def _for_browsers(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """Let pages of the origins that the settings name read the answer, with their cookie."""
    answer.headers.setdefault("Cache-Control", "private, no-store")
    if not settings.LIGHTMILL_ORIGINS:
        return answer
    patch_vary_headers(answer, ["Origin"])
    origin = request.headers.get("Origin", "")
    if origin not in settings.LIGHTMILL_ORIGINS:
        return answer
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Allow-Credentials"] = "true"
    answer.headers["Access-Control-Expose-Headers"] = "Location"
    if request.method == "OPTIONS":
        answer.headers["Access-Control-Allow-Methods"] = answer.headers.get("Allow", "")
        answer.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization, Accept"
        answer.headers["Access-Control-Max-Age"] = "600"
    return answer


def keep_cookie(call: Call, answer: HttpResponse, key: str) -> None:
    """Hand out the session's key. It goes over plain HTTP too, as a lab's own network needs it.

    A page of a configured origin is of another site, where browsers want ``SameSite=None``, and
    take that over HTTPS alone.
    """
    secure = call.request.is_secure()
    elsewhere = secure and call.request.headers.get("Origin", "") in settings.LIGHTMILL_ORIGINS
    answer.set_cookie(
        COOKIE,
        key,
        max_age=COOKIE_LASTS_S,
        httponly=True,
        secure=secure,
        samesite="None" if elsewhere else "Lax",
    )
