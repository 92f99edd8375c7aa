"""The home page, the search, the theme, and the page of all components."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from common import home as homes
from common import search as searching
from common.context import THEME_COOKIE, THEMES
from common.errors import NotThere
from common.samples import SampleForm, samples

YEAR_S = 365 * 86400
GREETINGS = [
    (4, "Good evening"),
    (12, "Good morning"),
    (18, "Good afternoon"),
    (24, "Good evening"),
]


def greeting(hour: int) -> str:
    """Return what one says at this hour of the lab's day."""
    return next(words for until, words in GREETINGS if hour < until)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "common/welcome.html")
    context = {"greeting": greeting(timezone.localtime().hour), "home": homes.of(request)}
    return render(request, "common/home.html", context)


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:80]
    context = {
        "search_text": text,
        "too_short": 0 < len(text) < searching.SHORTEST,
        "groups": searching.find(request.user, text),
    }
    return render(request, "common/search.html", context)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen colours in the browser, signed in or not."""
    place = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(place, {request.get_host()}, request.is_secure())
    response = HttpResponseRedirect(place if local else "/")
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=YEAR_S, samesite="Lax", secure=request.is_secure()
        )
    return response


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Show every component: for operators, and for everybody where nothing is real."""
    if settings.ENVIRONMENT == "production" and not request.user.is_staff:
        raise NotThere
    return render(request, "common/components.html", samples() | {"form": SampleForm()})
