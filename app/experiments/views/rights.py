"""What a participant has of their own: a copy of the consent, the way back, the way out."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import addresses
from experiments import identity_forms
from experiments.errors import LinkLeadsNowhere, NotConfirmed, NothingToWithdraw
from experiments.models import Sitting
from experiments.services import consents, papers, sittings
from runs import vault
from runs.models import Run
from runs.services import returning, withdrawals

CONFIRM, SCOPE, KEEP, WAY_BACK = "confirm", "scope", "keep", "way-back"
NOWHERE_TO = "Write the address that it is to go to."


def _sitting(key: str) -> Sitting:
    found = sittings.sitting_of(key)
    if found is None:
        raise LinkLeadsNowhere
    return found


def _facts(sitting: Sitting, key: str) -> dict[str, Any]:
    """Return what both forms of the copy tell."""
    return {
        "protocol": sitting.revision.read,
        "run": sitting.run,
        "copies": consents.copies(sitting.run),
        "is_mailed": vault.is_ready() and sitting.run.status != Run.Status.WITHDRAWN,
        "withdraw": papers.way_out(sitting.run, key),
        "address": papers.way_back(key),
    }


@never_cache
@require_safe
def about(request: HttpRequest, key: str) -> HttpResponse:
    """Show a participant what they agreed to, how to go on later, and how to withdraw."""
    return _about(request, _sitting(key), key, {"was_sent": "sent" in request.GET})


def _about(request: HttpRequest, sitting: Sitting, key: str, more: dict[str, Any]) -> HttpResponse:
    context = _facts(sitting, key) | {"run_key": key} | more
    status = 422 if "fault" in more else 200
    return render(request, "experiments/about.html", context, status=status)


@never_cache
@csrf_exempt  # the address is the secret, which no other site knows
@require_POST
def mail(request: HttpRequest, key: str) -> HttpResponse:
    """Mail the copy or the way back: to the address that is known, or to one that is given once."""
    sitting, text = _sitting(key), request.POST.get("address", "").strip()
    try:
        to = identity_forms.address(text) if text else ""
    except identity_forms.Refused as error:
        return _about(request, sitting, key, {"fault": str(error), "address_given": text})
    run, whom = sitting.run, to or str(sitting.run.pk)
    returning.count_attempt(kind="mail", run=run, address=whom, origin=_origin(request))
    send = papers.mail_way_back if WAY_BACK in request.POST else papers.mail_consent
    if not send(sitting=sitting, key=key, to=to):
        return _about(request, sitting, key, {"fault": NOWHERE_TO})
    back = reverse("experiments:about", args=[key])
    return redirect(f"{back}?{urlencode({'sent': '1', **_holder(request)})}")


def _origin(request: HttpRequest) -> str:
    return addresses.neighbourhood(addresses.of(request))


def _holder(request: HttpRequest) -> dict[str, str]:
    given = request.GET.get("holder", "")
    return {"holder": given} if given.isalnum() else {}


@never_cache
@require_safe
def consent_copy(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001
    """Send the copy of the consent as a text to keep."""
    text = render_to_string("experiments/consent.txt", _facts(_sitting(key), key))
    headers = {"Content-Disposition": 'attachment; filename="consent.txt"'}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@never_cache
@csrf_exempt  # the address is the secret, which no other site knows
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether somebody wants to withdraw, do it, and give a receipt."""
    run = withdrawals.by_token(token)
    if run is None:
        raise NothingToWithdraw
    done = withdrawals.of(run)
    if request.method == "POST":
        if done is None:
            _withdraw(request, run)
        return redirect("experiments:withdraw", token=token)
    context = {"run": run, "done": done, "runs": [] if done else withdrawals.runs_of(run)}
    return render(request, "experiments/withdraw.html", context)


def _withdraw(request: HttpRequest, run: Run) -> None:
    if request.POST.get(CONFIRM) != "1":
        raise NotConfirmed
    withdrawals.withdraw(
        run=run,
        everything=request.POST.get(SCOPE) != "this",
        keep_answers=request.POST.get(KEEP) == "1",
    )
