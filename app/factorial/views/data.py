"""The page of what was recorded of a design as a whole: backed up, and deleted for good."""

import re
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from factorial.models import Design
from factorial.queries import designs as asked
from factorial.queries import recorded as counted
from factorial.services import backup, clearing
from runs.errors import NoReason


@require_safe
@login_required
@never_cache
def recorded(request: HttpRequest, design: int) -> HttpResponse:
    """Say how much there is of a design, and what would go."""
    found = asked.visible(request.user, design)
    context = {
        "design": found,
        "recorded": counted.recorded(found),
        "may_change": asked.may_change(request.user, found),
        "may_clear": counted.may_clear(request.user, found),
    }
    return render(request, "factorial/data.html", context)


@require_POST
@login_required
@never_cache
def back_up(request: HttpRequest, design: int) -> HttpResponseBase:
    """Send a design and all that was recorded of it as one file, while it is read."""
    found = asked.visible(request.user, design)
    packed = backup.pack(design=found, by=_me(request), typed=_typed(request))
    answer = StreamingHttpResponse(packed.chunks, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{_name(found)}"'
    return answer


@require_POST
@login_required
def purge(request: HttpRequest, design: int) -> HttpResponse:
    found = asked.visible(request.user, design)
    count = clearing.purge_pilots(design=found, **_said(request))
    messages.success(request, f"{count} pilot run{'s'[: count != 1]} of {found} deleted.")
    return redirect("factorial:data", design)


@require_POST
@login_required
def clear(request: HttpRequest, design: int) -> HttpResponse:
    found = asked.visible(request.user, design)
    said = _said(request)
    if not said["reason"].strip():
        raise NoReason
    count = clearing.clear(design=found, **said)
    messages.success(request, f"{count} run{'s'[: count != 1]} of {found} deleted.")
    return redirect("factorial:data", design)


def _said(request: HttpRequest) -> dict[str, Any]:
    seen = request.POST.get("seen", "")
    return {
        "by": _me(request),
        "typed": _typed(request),
        "seen": int(seen) if re.fullmatch(r"[0-9]{1,9}", seen) else None,
        "reason": request.POST.get("reason", "").replace("\0", "")[:2000],
    }


def _typed(request: HttpRequest) -> str:
    return request.POST.get("typed", "")


def _me(request: HttpRequest) -> Any:
    return request.user


def _name(design: Design) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", design.code)
    return f"{plain}-{now():%Y-%m-%d}.zip"
