"""Which address a request came from, and which addresses count as one."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_HOME = 64  # one household or lab owns at least this much of IPv6


def of(request: HttpRequest) -> str | None:
    """Return the client's address as the trusted proxy names it, or None when it is no address.

    uWSGI hands over REMOTE_ADDR itself. Of a forwarded list only the last entry counts: it is the
    one that our own proxy wrote; whatever is before it the client may have made up.
    """
    given = str(request.META.get(settings.ADDRESS_HEADER, "")).rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        return None


def neighbourhood(address: str | None) -> str:
    """Return what limits are counted by: an IPv4 address, or the network of an IPv6 one."""
    if address is None:
        return "unknown"
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{IPV6_HOME}", strict=False))


def name_tried(request: HttpRequest, credentials: dict[str, str] | None = None) -> str:
    """Return the account that an attempt to sign in is counted for, in one spelling."""
    given = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(given).lower()[:255]
