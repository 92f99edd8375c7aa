"""The pages on which people of a project watch groups, begin them, end them, and take notes."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from common.errors import NotThere
from experiments.models import Group
from experiments.queries import consoles
from experiments.queries.groups import groups_of, is_due
from experiments.services.groups import console, meetings


def _group(request: HttpRequest, group: uuid.UUID) -> Group:
    found: Group | None = groups_of(request.user).filter(pk=group).first()
    if found is None:
        raise NotThere
    return found


@require_safe
@login_required
def groups(request: HttpRequest) -> HttpResponse:
    return render(
        request, "experiments/console/groups.html", {"groups": consoles.latest(request.user)}
    )


@require_safe
@login_required
@never_cache
def group(request: HttpRequest, group: uuid.UUID) -> HttpResponse:
    return render(request, "experiments/console/group.html", _context(request, group))


@require_safe
@login_required
@never_cache
def state(request: HttpRequest, group: uuid.UUID) -> HttpResponse:
    """Show what moves on the page of a group."""
    return render(request, "experiments/console/_state.html", _context(request, group))


def _context(request: HttpRequest, key: uuid.UUID) -> dict[str, Any]:
    found = _group(request, key)
    at = now()
    if is_due(found, at) and meetings.settle(group=found, at=at):
        found = _group(request, key)  # nobody may be left who would notice that time is over
    steps = list(consoles.meetings_of(found))
    return {
        "group": found,
        "members": consoles.seen_in(found, at),
        "meetings": steps,
        "waits": any(each.opened_at is None and each.here for each in steps),
        "may_change": Group.objects.editable_by(request.user).filter(pk=found.pk).exists(),
    }


@require_POST
@login_required
def begin(request: HttpRequest, group: uuid.UUID) -> HttpResponse:
    console.begin(group=_group(request, group), by=_me(request))
    return _back(request, group, "The group has begun.")


@require_POST
@login_required
def go_on(request: HttpRequest, group: uuid.UUID) -> HttpResponse:
    console.go_on(group=_group(request, group), by=_me(request))
    return _back(request, group, "Those who are there go on.")


@require_POST
@login_required
def abort(request: HttpRequest, group: uuid.UUID) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    console.abort(group=_group(request, group), by=_me(request), reason=reason[:200])
    return _back(request, group, "The group has ended. What its members did is kept.")


@require_POST
@login_required
def notes(request: HttpRequest, group: uuid.UUID) -> HttpResponse:
    sent = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in ("before", "notes")}
    console.annotate(group=_group(request, group), by=_me(request), **sent)
    return _back(request, group, "The notes are saved.")


def _me(request: HttpRequest) -> Any:
    return request.user


def _back(request: HttpRequest, group: uuid.UUID, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect("experiments:group", group=group)
