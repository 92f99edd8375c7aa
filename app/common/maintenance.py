"""Close the site, or only its uploads, by a file: at once and without a reload.

The pipeline writes the file; each request looks at it. Health pages, static files, the sign-in and
signed-in staff go on, so that operators can watch and look; and so does the probe of a new
release, which has to be proved while visitors are kept out.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import get_template
from django.urls import reverse

from common.context import site
from common.refusals import wants_json

RETRY_AFTER_S = 120
PROBE = "STUDIUM_PROBE"  # the pipeline writes it beside a request; a header would begin with HTTP_
MODES = {"on", "no-upload"}
WAIT = "The site is being looked after and will be back shortly. Nothing that was saved is lost."
NO_UPLOAD = (
    "Files cannot be uploaded just now, because the site is being looked after; everything else "
    "works. Please keep the file and try again later."
)


@dataclass(frozen=True)
class Maintenance:
    """What the file says."""

    mode: str
    message: str
    since: str = ""
    who: str = ""

    @property
    def began(self) -> datetime | None:
        try:
            found = datetime.fromisoformat(self.since)
        except ValueError:
            return None
        return found if found.tzinfo else None


def current() -> Maintenance | None:
    """Return what is switched on; None when nothing is. An unreadable file closes the site."""
    try:
        content = Path(settings.MAINTENANCE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        facts = json.loads(content)
        mode = facts["mode"] if facts["mode"] in MODES else "on"
        texts = {name: str(facts.get(name) or "") for name in ("message", "since", "who")}
    except (ValueError, KeyError, TypeError):
        return Maintenance("on", "")
    return Maintenance(mode, **texts)


class MaintenanceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = current()
        if now is None or PROBE in request.META or _goes_on(request.path):
            return self.get_response(request)
        if now.mode == "no-upload":
            refused = request.content_type == "multipart/form-data"
            return _answer(request, now, NO_UPLOAD) if refused else self.get_response(request)
        return self.get_response(request) if _is_staff(request) else _answer(request, now, WAIT)


def _goes_on(path: str) -> bool:
    open_paths = ("/health/", settings.STATIC_URL, reverse(settings.LOGIN_URL))
    return path.startswith(open_paths)


def _is_staff(request: HttpRequest) -> bool:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    try:
        return bool(request.user.is_active and request.user.is_staff)
    except DatabaseError:  # the database itself may be what is being looked after
        return False


def _answer(request: HttpRequest, now: Maintenance, default: str) -> HttpResponse:
    message = now.message or default
    if _wants_json(request):
        response: HttpResponse = JsonResponse({"detail": message}, status=503)
    else:
        response = HttpResponse(_page(now, message), status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(now: Maintenance, message: str) -> str:
    """Render without the request: its person and areas would ask the database."""
    titles = {"on": "Studium is being looked after", "no-upload": "No uploads just now"}
    minutes = RETRY_AFTER_S // 60
    context = {"title": titles[now.mode], "message": message, "minutes": minutes, "site": site()}
    return get_template("maintenance.html").render(context)


def _wants_json(request: HttpRequest) -> bool:
    return "/api/" in request.path or wants_json(request)
