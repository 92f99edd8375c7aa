"""What a participant has of their own: a copy of the consent, the way back, the way out."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from experiments.errors import LinkLeadsNowhere, NotConfirmed, NothingToWithdraw
from experiments.models import Sitting
from experiments.services import consents, papers, sittings
from runs.models import Run
from runs.services import withdrawals

CONFIRM, SCOPE, KEEP = "confirm", "scope", "keep"


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
        "withdraw": papers.way_out(key),
        "address": papers.way_back(key),
    }


@never_cache
@require_safe
def about(request: HttpRequest, key: str) -> HttpResponse:
    """Show a participant what they agreed to, how to go on later, and how to withdraw."""
    return render(request, "experiments/about.html", _facts(_sitting(key), key) | {"run_key": key})


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
    if request.method == "POST" and not withdrawals.of(run):
        _withdraw(request, run)
        return redirect("experiments:withdraw", token=token)
    done = withdrawals.of(run)
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
