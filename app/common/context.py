"""What every page knows: the site, the person's areas and projects, the chosen theme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from common import areas, switch

THEMES = {"light": "Light", "dark": "Dark", "system": "Automatic"}
THEME_COOKIE = "studium_theme"


def theme_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "system"


def site() -> dict[str, str | bool]:
    return {
        "name": settings.SITE_NAME,
        "environment": settings.ENVIRONMENT,
        "release": settings.RELEASE,
        "commit": settings.COMMIT,
        "in_clear": settings.TRAVELS_IN_CLEAR,
    }


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Return the surroundings of a page; what costs queries is looked up when it is shown."""
    return {
        "site": site(),
        "theme": theme_of(request),
        "themes": THEMES,
        "areas": SimpleLazyObject(lambda: areas.entries(request)),
        "project_switch": SimpleLazyObject(lambda: switch.of(request)),
    }
