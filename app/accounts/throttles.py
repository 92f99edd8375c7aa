"""How often: the same counters for sign-in and for the API, shared by every process."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import addresses
from accounts.errors import TooManyAttempts
from accounts.models import ApiToken
from common import counters


@dataclass(frozen=True)
class Limit:
    """At most ``hits`` of one kind by one party in each window."""

    name: str
    hits: int
    window_s: int

    def wait_s(self, party: str) -> int:
        """Count an attempt; return 0 when it is within the limit, else how long to wait."""
        if counters.hit(f"{self.name}:{party}", window_s=self.window_s) <= self.hits:
            return 0
        return counters.left_s(self.window_s)

    def need(self, party: str) -> None:
        wait = self.wait_s(party)
        if wait:
            raise TooManyAttempts(wait)


def limit(name: str) -> Limit:
    hits, window_s = settings.LIMITS[name]
    return Limit(name, hits, window_s)


class ApiThrottle(BaseThrottle):
    """Counts by token, by person, or by address for strangers."""

    wait_s = 0

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        name, party = self._party(request)
        self.wait_s = limit(name).wait_s(party)
        return not self.wait_s

    def wait(self) -> float:
        return float(self.wait_s)

    def _party(self, request: Request) -> tuple[str, str]:
        if isinstance(request.auth, ApiToken):
            return "api-known", f"token {request.auth.pk}"
        if request.user.is_authenticated:
            return "api-known", f"user {request.user.pk}"
        return "api-stranger", addresses.neighbourhood(addresses.of(request))
