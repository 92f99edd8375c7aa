"""Around each request: where it came from, in whose time zone, and that its session is in use."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import addresses, audit
from accounts.services import sessions
from common import request_id


class PersonMiddleware:
    """Costs nothing without a session, one query with one (which the page needs anyway)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        origin = audit.Origin(request_id.current(), addresses.of(request))
        with audit.during(origin), timezone.override(_zone_of(request)):
            response = self.get_response(request)
            has_session = _has_session(request) and request.user.is_authenticated
            if has_session:
                sessions.note_seen(request=request)
            if has_session or audit.current().token:
                response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _has_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def _zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """Return the person's time zone; None keeps the site's."""
    name = getattr(request.user, "time_zone", "") if _has_session(request) else ""
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
