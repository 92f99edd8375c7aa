"""What a participant sees. The key in the address opens the run; no account, no cookie is needed.

A post is believed because of the key and the visit in its address, neither of which another site
can know, so these views need no token against forged requests; and a browser that blocks cookies
can take part.
"""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.keys import new_link
from common.errors import StudiumError
from experiments.errors import LinkLeadsNowhere, ScriptFailed, StillDeciding
from experiments.models import Sitting
from experiments.services import entries, handing_back, moves, sittings, unfinished
from experiments.views.steps import KINDS
from experiments.views.steps.kind import Again, Shown
from experiments.views.steps.shown_stimulus import presented
from experiments.views.uploads import need_fitting
from runs.models import Run
from runs.services import leases, runs
from runs.services.runs import Begun

BROWSER, RUN, HOLDER, PRESS = "studium_browser", "studium_run", "holder", "press"
A_YEAR_S, A_MONTH_S = 365 * 24 * 60 * 60, 30 * 24 * 60 * 60
# Stricter than elsewhere; a kind of step, or the way back to a recruiter, adds what it needs.
POLICY = {"img-src": ["'self'"], "manifest-src": ["'none'"]}
OVER: dict[str, str] = {
    Run.Status.DECLINED: "declined",
    Run.Status.WITHDRAWN: "withdrawn",
    Run.Status.TIMED_OUT: "timed_out",
}
LONGEST_HOLDER = 64
SHOWN_FOR, LONGEST_SHOWN = "shown_ms", 11  # digits: three years
LONGEST_PARAMETER, MOST_PARAMETERS = 255, 30
OFFER, LONGEST_TICKET = "unfinished", 500


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link leads to. Looking uses nothing up; the button begins a run."""
    comer = entries.Comer(_parameters(request), request.COOKIES.get(RUN, ""))
    if request.method == "POST":
        press = request.POST.get(PRESS, "")[:LONGEST_PARAMETER]
        begun = entries.enter(token=token, comer=comer, press=press)
        return _remembered(request, redirect("experiments:page", key=begun.key), begun)
    door = entries.look(token=token, comer=comer)
    context = {
        "protocol": entries.revision_of(door).read,
        "press": new_link(),
        "door": door,
        "mine": entries.begun_here(door, comer.kept),
    }
    return render(request, "experiments/welcome.html", context)


def _remembered(request: HttpRequest, response: HttpResponse, begun: Begun) -> HttpResponse:
    """Let the browser keep the key of its run, for this link alone and where the link says so."""
    if entries.stays_in_browser(begun.run):
        response.set_cookie(RUN, begun.key, max_age=A_MONTH_S, path=request.path, httponly=True,
                            samesite="Lax", secure=request.is_secure())  # fmt: skip
    return response


def _parameters(request: HttpRequest) -> dict[str, str]:
    """Return what a recruiter added to the link's address."""
    pairs = list(request.GET.dict().items())[:MOST_PARAMETERS]
    return {_short(name): _short(value) for name, value in pairs}


def _short(text: object) -> str:
    return str(text)[:LONGEST_PARAMETER].replace("\0", "")


@never_cache
@require_safe
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Show where the run is."""
    sitting = _sitting(key)
    run, holder = sitting.run, _holder(request)
    if run.is_open and not run.is_held_by(holder, now()):
        return _render(request, sitting, holder, "elsewhere", status=409)
    if run.status in OVER:
        return _last(request, sitting, holder, OVER[run.status])
    try:
        visit = moves.settle(sitting)
    except (ScriptFailed, StillDeciding) as error:
        return _stuck(request, sitting, holder, error)
    step = moves.step_of(sitting)
    if visit is None or step is None:
        return _last(request, sitting, holder, "end", step=step)
    return _step(Shown(request, sittings.Turn(sitting, visit, holder), step))


def _began(request: HttpRequest) -> datetime | None:
    """Return when the page began before the participant, by how long it says it was shown."""
    text = request.POST.get(SHOWN_FOR, "")
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_SHOWN):
        return None
    return now() - timedelta(milliseconds=int(text))


def _sent(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what a form sent, so that a button can send it again."""
    return [(name, each) for name, values in request.POST.lists() for each in values]


def _stuck(
    request: HttpRequest,
    sitting: Sitting,
    holder: str,
    error: StudiumError,
    sent: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    """Say that the next page is not there yet, and how to ask for it again."""
    is_soon = isinstance(error, StillDeciding)
    response = _render(
        request, sitting, holder, "stuck", status=error.status, error=error, sent=sent,
        is_soon=is_soon and sent is None,
    )  # fmt: skip
    response["Retry-After"] = str(error.retry_after)
    return response


def _last(
    request: HttpRequest, sitting: Sitting, holder: str, name: str, **more: Any
) -> HttpResponse:
    """Show a last page, and the way back to whoever sent the participant."""
    given = handing_back.offered(sitting.run)
    response = _render(request, sitting, holder, name, given=given, **more)
    if given and given.form:
        response._csp_update = {"form-action": [given.form]}  # type: ignore[attr-defined]  # noqa: SLF001  django-csp's own way
    return response


@never_cache
@csrf_exempt
@require_POST
def submit(request: HttpRequest, key: str, visit: uuid.UUID) -> HttpResponse:
    """Take what a step sent, wherever the run is by now; then show where it is."""
    sitting = _sitting(key)
    seen = runs.visit_of(key, str(visit))
    step = sittings.step_at_visit(sitting, seen)
    need_fitting(request, sitting.revision.read.items_of(step.page))
    turn = sittings.Turn(sitting, seen, _holder(request), _began(request))
    shown = Shown(request, turn, step)
    try:
        again = KINDS[shown.step.kind].take(shown)
    except (ScriptFailed, StillDeciding) as error:
        return _stuck(request, sitting, turn.holder, error, sent=_sent(request))
    if again and not again.offer:
        return _step(shown, again)
    return _on(request, key, offer=again.offer if again else "")


@never_cache
@csrf_exempt
@require_POST
def go_back(request: HttpRequest, key: str) -> HttpResponse:
    """Go on with a run that was begun before, which who has signed in was offered."""
    run, ticket = _sitting(key).run, request.POST.get(OFFER, "")[:LONGEST_TICKET]
    return _on(request, unfinished.go_back(ticket=ticket, run=run, holder=_holder(request)))


@never_cache
@csrf_exempt
@require_POST
def take_over(request: HttpRequest, key: str) -> HttpResponse:
    """Go on here with a run that another browser holds."""
    leases.take_over(run=_sitting(key).run, holder=_holder(request), at=now())
    return _on(request, key)


def _on(request: HttpRequest, key: str, offer: str = "") -> HttpResponse:
    """Go on. Where no cookie came, the address carries what the browser is known by."""
    address = reverse("experiments:page", args=[key])
    told = {} if BROWSER in request.COOKIES else {HOLDER: _holder(request)}
    told |= {OFFER: offer} if offer else {}
    return redirect(f"{address}?{urlencode(told)}" if told else address)


def _sitting(key: str) -> Sitting:
    found = sittings.sitting_of(key)
    if found is None:
        raise LinkLeadsNowhere
    return found


def _holder(request: HttpRequest) -> str:
    """Return what this browser is known by: its cookie, or what the page itself carries."""
    places = (request.POST, request.COOKIES, request.GET)
    names = (HOLDER, BROWSER, HOLDER)
    sent = (place.get(name, "") for place, name in zip(places, names, strict=True))
    known = str(next(filter(None, sent), ""))[:LONGEST_HOLDER]
    return known if known.isascii() and known.isalnum() else secrets.token_hex(16)


def _step(shown: Shown, again: Again | None = None) -> HttpResponse:
    kind, sitting = KINDS[shown.step.kind], shown.turn.sitting
    context: dict[str, Any] = {
        "visit": shown.turn.visit,
        "step": shown.step,
        "stimulus": presented(shown),
        "page": sitting.revision.read.pages.get(shown.step.page),
        "leave_label": sittings.leave_label(sitting),
        "unfinished": _offered(shown.request, sitting),
    }
    context |= again.context if again else kind.show(shown)
    status = again.status if again else 200
    response = _render(
        shown.request, sitting, shown.turn.holder, f"steps/{kind.template}", status, **context
    )
    response._csp_update = {**kind.policy, **context.get("policy", {})}  # type: ignore[attr-defined]  # noqa: SLF001
    return response


def _offered(request: HttpRequest, sitting: Sitting) -> Any:
    ticket = request.GET.get(OFFER, "")[:LONGEST_TICKET]
    return unfinished.offered(ticket=ticket, run=sitting.run) if ticket else None


def _render(
    request: HttpRequest, sitting: Sitting, holder: str, name: str, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "key": request.resolver_match.kwargs["key"] if request.resolver_match else "",
        "sitting": sitting,
        "protocol": sitting.revision.read,
        "percent": round(sitting.progress * 100),
        "holder": holder,
    } | more
    response = render(request, f"experiments/{name}.html", context, status=status)
    response._csp_replace = POLICY  # type: ignore[attr-defined]  # noqa: SLF001
    response.set_cookie(BROWSER, holder, max_age=A_YEAR_S, path="/run/", httponly=True,
                        samesite="Lax", secure=request.is_secure())  # fmt: skip
    return response
