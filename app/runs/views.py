"""The participants of a project: who took part, what is kept of them, and their rights."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Project, User
from runs.forms import EraseForm, FindForm, HandOutForm, ReadForm
from runs.models import Participant
from runs.queries import participants as queries
from runs.services import handing_out, identities, withdrawals

LONGEST_SEARCH = 32


def _me(request: HttpRequest) -> User:
    return cast("User", request.user)


def _project(request: HttpRequest, lab: str, slug: str) -> Project:
    visible = Project.objects.visible_to(request.user).select_related("lab")
    return get_object_or_404(visible, lab__slug=lab, slug=slug)


def _participant(request: HttpRequest, lab: str, slug: str, pseudonym: str) -> Participant:
    rows = Participant.objects.filter(project=_project(request, lab, slug))
    found: Participant = get_object_or_404(
        rows.select_related("project__lab"), pseudonym=pseudonym.upper()
    )
    return found


@login_required
@require_safe
def participant_list(request: HttpRequest, lab: str, slug: str) -> HttpResponse:
    """List the newest participants, or those whose pseudonym begins as was asked."""
    project = _project(request, lab, slug)
    begins = request.GET.get("q", "").strip()[:LONGEST_SEARCH].replace("\0", "")
    context = {
        "project": project,
        "begins": begins,
        "participants": queries.newest(project, begins),
        "most": queries.SHOWN,
        "find": FindForm() if identities.may_identify(project, _me(request)) else None,
    }
    return render(request, "runs/participants.html", context)


@login_required
@require_POST
def find(request: HttpRequest, lab: str, slug: str) -> HttpResponse:
    """Lead to the participant who has an address: somebody wrote and wants to be erased."""
    project, form = _project(request, lab, slug), FindForm(request.POST)
    identities.need_identify(project, _me(request))
    if not form.is_valid():
        messages.error(request, "Write an e-mail address and a reason.")
        return redirect("participants:list", lab=lab, slug=slug)
    found = identities.find(project=project, by=_me(request), **form.cleaned_data)
    if found is None:
        messages.error(request, "Nobody in this project has this address.")
        return redirect("participants:list", lab=lab, slug=slug)
    return redirect("participants:participant", lab=lab, slug=slug, pseudonym=found.pseudonym)


@login_required
@never_cache
@require_safe
def participant(request: HttpRequest, lab: str, slug: str, pseudonym: str) -> HttpResponse:
    return _page(request, _participant(request, lab, slug, pseudonym))


def _page(request: HttpRequest, person: Participant, **more: Any) -> HttpResponse:
    by, project = _me(request), person.project
    may_identify = identities.may_identify(project, by)
    is_editable = Project.objects.editable_by(by).filter(pk=project.pk).exists()
    erases = withdrawals.may_erase(person, by) and not person.withdrawn_at
    context = queries.page(person, by) | {
        "person": person,
        "project": project,
        "read": ReadForm() if may_identify else None,
        "hand_out": HandOutForm(may_identify=may_identify) if is_editable else None,
        "erase": erases and EraseForm(pseudonym=person.pseudonym),
    }
    status = 422 if "fault" in more else 200
    return render(request, "runs/participant.html", context | more, status=status)


FAULT = "A reason is needed. Nothing was done."


@login_required
@never_cache
@require_POST
def read(request: HttpRequest, lab: str, slug: str, pseudonym: str) -> HttpResponse:
    """Show who a participant is, once, to somebody to whom it was permitted."""
    person, form = _participant(request, lab, slug, pseudonym), ReadForm(request.POST)
    identities.need_identify(person.project, _me(request))
    if not form.is_valid():
        return _page(request, person, fault=FAULT)
    who = identities.reveal(participant=person, by=_me(request), **form.cleaned_data)
    return _page(request, person, who=sorted(who.items()), was_read=True)


@login_required
@never_cache
@require_POST
def hand_out(request: HttpRequest, lab: str, slug: str, pseudonym: str) -> HttpResponse:
    """Send all that is kept of a participant as one file."""
    person = _participant(request, lab, slug, pseudonym)
    may_identify = identities.may_identify(person.project, _me(request))
    form = HandOutForm(request.POST, may_identify=may_identify)
    if not form.is_valid():
        return _page(request, person, fault=FAULT)
    text = handing_out.hand_out(participant=person, by=_me(request), **form.cleaned_data)
    name = f'attachment; filename="{person.pseudonym}.json"'
    return HttpResponse(text, content_type="application/json",
                        headers={"Content-Disposition": name})  # fmt: skip


@login_required
@require_POST
def erase(request: HttpRequest, lab: str, slug: str, pseudonym: str) -> HttpResponse:
    person = _participant(request, lab, slug, pseudonym)
    withdrawals.need_may_erase(person, _me(request))
    form = EraseForm(request.POST, pseudonym=person.pseudonym)
    if not form.is_valid():
        return _page(request, person, fault=FAULT, erase=form)
    form.cleaned_data.pop("words")
    made = withdrawals.erase(participant=person, by=_me(request), **form.cleaned_data)
    messages.success(request, f"{person} was erased. The receipt is {made.receipt}.")
    return redirect("participants:participant", lab=lab, slug=slug, pseudonym=person.pseudonym)
