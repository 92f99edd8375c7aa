"""A design that was kept: what it is worth, what it looks like, and its files."""

import mimetypes
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.errors import NotThere
from planning.pictures import designs as pictures
from planning.queries import designs as asked
from planning.queries import kept_designs
from planning.services import designs

if TYPE_CHECKING:
    from accounts.models import User

TYPES = {".mat": "application/octet-stream", ".toml": "application/toml", ".1D": "text/plain",
         ".par": "text/plain", ".tsv": "text/tab-separated-values"}  # fmt: skip


@require_safe
@login_required
@never_cache
def design(request: HttpRequest, design: UUID) -> HttpResponse:
    found = asked.visible_design(request.user, design)
    context: dict[str, Any] = {
        "design": found,
        "plan": found.plan,
        "may_change": asked.may_change(request.user, found.plan),
    }
    whole = kept_designs.whole(found)
    if whole.refusal:
        return render(request, "planning/designs/design.html", context | {"why": whole.refusal})
    context |= {
        "whole": whole,
        "scores": whole.scores,
        "inflations": list(zip(pictures.columns(whole.told), whole.scores.inflation, strict=True)),
        "charts": pictures.all_of(whole.told, whole.order, whole.waits, whole.scores),
        "files": list(kept_designs.files(found, whole)),
        "rows": kept_designs.rows(whole),
        "standing": kept_designs.standing(whole),
    }
    return render(request, "planning/designs/design.html", context)


@require_safe
@login_required
@never_cache
def file(request: HttpRequest, design: UUID, path: str) -> HttpResponse:
    """Send one file of a design."""
    found = asked.visible_design(request.user, design)
    content = kept_designs.files(found, kept_designs.usable(found)).get(path)
    if content is None:
        raise NotThere
    name = path.rpartition("/")[2]
    return _sent(content, name)


@require_safe
@login_required
@never_cache
def archive(request: HttpRequest, design: UUID) -> HttpResponse:
    """Send all files of a design as one ZIP."""
    found = asked.visible_design(request.user, design)
    return _sent(kept_designs.packed(found, kept_designs.usable(found)), "design.zip")


def _sent(content: bytes, name: str) -> HttpResponse:
    ending = f".{name.rpartition('.')[2]}"
    kind = TYPES.get(ending) or mimetypes.guess_type(name)[0] or "text/plain"
    is_text = kind.startswith("text/") or kind in {"application/json", "application/toml"}
    answer = HttpResponse(content, content_type=f"{kind}; charset=utf-8" if is_text else kind)
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_"
                    for each in name)  # fmt: skip
    answer["Content-Disposition"] = f'attachment; filename="{plain}"'
    return answer


@login_required
@require_POST
def rename(request: HttpRequest, design: UUID) -> HttpResponse:
    found = asked.visible_design(request.user, design)
    label = request.POST.get("label", "").strip()[:200]
    if label:
        designs.rename(design=found, label=label, by=cast("User", request.user))
        messages.success(request, "The design has its new name.")
    return redirect("planning:task-design", found.pk)


@login_required
@require_POST
def delete(request: HttpRequest, design: UUID) -> HttpResponse:
    found = asked.visible_design(request.user, design)
    designs.delete(design=found, by=cast("User", request.user))
    messages.success(request, f"{found} is deleted.")
    return redirect("planning:plan", found.plan_id)
