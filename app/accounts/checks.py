"""Settings of sign-in that would be wrong quietly are refused loudly."""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004

HEADER = re.compile(r"REMOTE_ADDR|HTTP_[A-Z0-9_]+")
FIRST = "axes.backends.AxesStandaloneBackend"


@register(Tags.security)
def address_header(**_: Any) -> list[CheckMessage]:
    """accounts.E001: where the client's address is read from."""
    if HEADER.fullmatch(settings.ADDRESS_HEADER):
        return []
    return [
        Error(
            f"STUDIUM_ADDRESS_HEADER is {settings.ADDRESS_HEADER!r}.",
            hint="Write REMOTE_ADDR, or the header that your own proxy sets and overwrites, "
            "such as HTTP_X_REAL_IP.",
            id="accounts.E001",
        )
    ]


@register(Tags.security)
def lock_out(**_: Any) -> list[CheckMessage]:
    """accounts.E002 and E003: failed attempts are counted before passwords are compared."""
    found: list[CheckMessage] = []
    if [*settings.AUTHENTICATION_BACKENDS][:1] != [FIRST]:
        found.append(
            Error(
                "AUTHENTICATION_BACKENDS does not begin with the one that locks out.",
                hint=f"Put {FIRST} first.",
                id="accounts.E002",
            )
        )
    if not isinstance(settings.AXES_COOLOFF_TIME, timedelta) or settings.AXES_FAILURE_LIMIT < 1:
        found.append(
            Error(
                "A lock-out would never end, or begin with the first attempt.",
                hint="AXES_COOLOFF_TIME is a timedelta and AXES_FAILURE_LIMIT at least 1.",
                id="accounts.E003",
            )
        )
    return found


@register(Tags.security)
def no_password_in_the_api(**_: Any) -> list[CheckMessage]:
    """accounts.E004: an API that takes passwords would bypass the second step."""
    classes = settings.REST_FRAMEWORK.get("DEFAULT_AUTHENTICATION_CLASSES")
    if classes and not any("BasicAuthentication" in name for name in classes):
        return []
    return [
        Error(
            "The API would accept user name and password, without lock-out or second step.",
            hint="Set REST_FRAMEWORK['DEFAULT_AUTHENTICATION_CLASSES'] to "
            "accounts.authentication.TokenAuthentication and SessionAuthentication.",
            id="accounts.E004",
        )
    ]


@register(Tags.security, deploy=True)
def links_lead_here(**_: Any) -> list[CheckMessage]:
    """accounts.W005: links in letters are made of SITE_URL."""
    if re.fullmatch(r"https?://[^/\s]+/?", settings.SITE_URL):
        return []
    return [
        Warning(
            f"STUDIUM_URL is {settings.SITE_URL!r}; links in letters would lead nowhere.",
            hint="Write the address of the site, such as https://lab.example.org.",
            id="accounts.W005",
        )
    ]
