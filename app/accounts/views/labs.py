"""Labs, their people and their settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import queries, tables
from accounts.forms import AddForm, InviteForm, LabForm, ReasonForm, RoleForm
from accounts.models import Lab
from accounts.roles import Role, is_operator
from accounts.services import labs, links, people, permission, second_factor
from accounts.views.shared import lab_of, me, membership_of
from common import lists

FIRST_PROJECTS = 10  # the page of all projects has the others


@login_required
@require_GET
def lab_list(request: HttpRequest) -> HttpResponse:
    user = me(request)
    wish = lists.Wish(tables.PROJECTS, reverse("accounts:projects"), QueryDict())
    context = {
        "labs": queries.labs_of(user),
        "list": lists.page(queries.projects_of(user), wish, size=FIRST_PROJECTS),
        "is_operator": is_operator(user),
        "reads_history": queries.reads_history(user),
    }
    return render(request, "accounts/labs.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def lab_create(request: HttpRequest) -> HttpResponse:
    permission.need_operator(me(request))
    form = LabForm(request.POST or None)
    if form.is_valid():
        lab = labs.create_lab(by=me(request), **form.cleaned_data)
        messages.success(request, f"The lab {lab} is open. Now invite its people.")
        return redirect(lab.url)
    return render(request, "accounts/lab_create.html", {"form": form})


@login_required
@require_GET
def lab_people(request: HttpRequest, lab: str) -> HttpResponse:
    standing = lab_of(request, lab)
    wish = lists.wish_of(request, tables.people(leads=standing.leads))
    roles = queries.roles_in(standing.lab)
    everybody = sum(count for _, count in roles)
    context = {
        "standing": standing,
        "lab": standing.lab,
        "list": lists.page(queries.people_asked_for(standing.lab, request.GET), wish),
        "roles": [
            wish.chip("Everybody", everybody, role=""),
            *(wish.chip(role, count, role=role) for role, count in roles),
        ],
    }
    return render(request, "accounts/lab.html", context)


@login_required
@require_GET
def lab_people_csv(request: HttpRequest, lab: str) -> StreamingHttpResponse:
    """Send everybody of the lab who fits the filters, in the order of the list."""
    standing = lab_of(request, lab)
    wish = lists.wish_of(request, tables.people(leads=standing.leads))
    found = queries.people_asked_for(standing.lab, request.GET)
    return lists.as_csv(found, wish, name=f"people-{standing.lab.slug}")


@login_required
@require_http_methods(["GET", "POST"])
def lab_settings(request: HttpRequest, lab: str) -> HttpResponse:
    standing = lab_of(request, lab)
    permission.need_role(me(request), standing.lab, Role.ADMIN)
    form = LabForm(request.POST or None, instance=Lab.objects.get(pk=standing.lab.pk))
    if form.is_valid():
        labs.edit_lab(lab=form.instance, by=me(request), **form.cleaned_data)
        messages.success(request, "The lab's settings were saved.")
        return redirect("accounts:lab-settings", form.instance.slug)
    return render(request, "accounts/lab_settings.html", {"form": form, "lab": standing.lab})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def person_invite(request: HttpRequest, lab: str) -> HttpResponse:
    standing = lab_of(request, lab)
    permission.need_role(me(request), standing.lab, Role.MANAGER)
    form = InviteForm(standing.grantable, request.POST or None)
    if form.is_valid():
        person, link = people.invite(lab=standing.lab, by=me(request), **form.cleaned_data)
        facts = {"lab": standing.lab, "person": person, "link": link}
        return render(request, "accounts/link_made.html", facts)
    return render(request, "accounts/person_invite.html", {"form": form, "lab": standing.lab})


@login_required
@require_http_methods(["GET", "POST"])
def person_add(request: HttpRequest, lab: str) -> HttpResponse:
    standing = lab_of(request, lab)
    permission.need_role(me(request), standing.lab, Role.MANAGER)
    form = AddForm(standing.grantable, request.POST or None)
    if form.is_valid():
        person, role = form.cleaned_data["username"], form.cleaned_data["role"]
        people.add(lab=standing.lab, by=me(request), person=person, role=role)
        messages.success(request, f"{person} belongs to {standing.lab} now.")
        return redirect(standing.lab.url)
    return render(request, "accounts/person_add.html", {"form": form, "lab": standing.lab})


@login_required
@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, lab: str, username: str) -> HttpResponse:
    """Show somebody of a lab; whoever leads it changes their role here."""
    standing = lab_of(request, lab)
    membership = membership_of(standing, username)
    roles = standing.grantable if membership.role in standing.grantable else []
    form = RoleForm(roles, request.POST or None, initial={"role": membership.role})
    if request.method == "POST" and form.is_valid():
        people.change_role(membership=membership, by=me(request), **form.cleaned_data)
        messages.success(
            request, f"The role of {membership.user} is {membership.get_role_display()} now."
        )
        return redirect(membership.url)
    context = queries.person_page(me(request), membership) | {"form": form if roles else None}
    return render(request, "accounts/person.html", context | {"standing": standing})


@login_required
@require_POST
def person_remove(request: HttpRequest, lab: str, username: str) -> HttpResponse:
    membership = membership_of(lab_of(request, lab), username)
    people.remove(
        membership=membership, by=me(request), reason=request.POST.get("reason", "")[:500]
    )
    messages.success(request, f"{membership.user} no longer belongs to {membership.lab}.")
    still_there = membership.user != me(request)
    return redirect(membership.lab.url if still_there else reverse("accounts:labs"))


@login_required
@require_POST
def person_activate(request: HttpRequest, lab: str, username: str) -> HttpResponse:
    """Close an account, or open it again."""
    membership = membership_of(lab_of(request, lab), username)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    change = people.deactivate if membership.user.is_active else people.reactivate
    change(person=membership.user, by=me(request), reason=reason)
    state = "open again" if membership.user.is_active else "closed"
    messages.success(request, f"The account of {membership.user} is {state}.")
    return redirect(membership.url)


@login_required
@require_POST
def person_unlock(request: HttpRequest, lab: str, username: str) -> HttpResponse:
    membership = membership_of(lab_of(request, lab), username)
    people.unlock(person=membership.user, by=me(request))
    messages.success(request, f"{membership.user} may try to sign in again.")
    return redirect(membership.url)


@never_cache
@login_required
@require_POST
def person_link(request: HttpRequest, lab: str, username: str) -> HttpResponse:
    membership = membership_of(lab_of(request, lab), username)
    link = links.renew_welcome(person=membership.user, by=me(request))
    facts = {"lab": membership.lab, "person": membership.user, "link": link}
    return render(request, "accounts/link_made.html", facts)


@login_required
@require_POST
def person_second_factor_off(request: HttpRequest, lab: str, username: str) -> HttpResponse:
    membership = membership_of(lab_of(request, lab), username)
    reason = request.POST.get("reason", "")[:500]
    second_factor.turn_off(user=membership.user, by=me(request), reason=reason)
    messages.success(request, f"{membership.user} signs in with the password alone now.")
    return redirect(membership.url)
