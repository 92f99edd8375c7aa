"""Bringing a protocol in by its file, or by a form of another page that carries the file along."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common.errors import NotThere
from experiments.bringing_forms import BringForm
from experiments.definition.advice import advice
from experiments.models import Link, Protocol
from experiments.services import links, protocols

if TYPE_CHECKING:
    from accounts.models import User

A_DAY = timedelta(days=1)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def bring(request: HttpRequest) -> HttpResponse:
    """Ask for a protocol, and keep it; one that is sent with ``publish`` can be run at once."""
    is_sent = request.method == "POST"
    form = BringForm(request.POST if is_sent else None, request.FILES or None, by=request.user)
    if is_sent and form.is_valid():
        return redirect("experiments:protocol", _brought(request, form).pk)
    status = 422 if is_sent else 200
    return render(request, "experiments/bring.html", {"form": form}, status=status)


@transaction.atomic
def _brought(request: HttpRequest, form: BringForm) -> Protocol:
    """Keep what was sent; where it cannot be frozen, the draft that was there stays."""
    data, by = form.cleaned_data, cast("User", request.user)
    kept = protocols.write(project=data["project"], by=by, words=data["protocol"])
    said = "It is a draft: freeze and publish it when it is as it shall be."
    if data["publish"]:
        protocols.publish(revision=protocols.freeze(protocol=kept, by=by), by=by)
        said = "It is published, and can be tried."
    looks = " ".join(advice(form.read))
    messages.success(request, f"{kept.title} was brought in. {said} {looks}".strip())
    return kept


@require_POST
@login_required
@never_cache
def attempt(request: HttpRequest, protocol: UUID) -> HttpResponse:
    """Lead to what is published, as a pilot."""
    found = Protocol.objects.visible_to(request.user).filter(pk=protocol).first()
    if found is None:
        raise NotThere
    by = cast("User", request.user)
    window = {"label": "Tried out", "closes_at": now() + A_DAY}
    made = links.make(protocol=found, by=by, kind=Link.Kind.PREVIEW, **window)
    return redirect("experiments:welcome", made.token)


@require_http_methods(["GET", "HEAD"])
@login_required
@never_cache
def draft(request: HttpRequest, protocol: UUID) -> HttpResponse:
    """Send the draft as the file that can be brought in again."""
    found = Protocol.objects.visible_to(request.user).filter(pk=protocol).first()
    if found is None:
        raise NotThere
    text = json.dumps(found.draft, indent=1, ensure_ascii=False)
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.name}.json"'
    return answer
