"""Projects: list, page, making, changing, archiving."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import queries
from accounts.forms import ProjectForm
from accounts.models import Lab, Project
from accounts.roles import Role
from accounts.services import permission, projects
from accounts.tables import PROJECTS
from accounts.views.shared import lab_of, me, project_of
from common import lists


@login_required
@require_GET
def project_list(request: HttpRequest) -> HttpResponse:
    """List projects, filtered by chips: ?lab=alder, ?state=archived."""
    labs = queries.labs_of(me(request))
    chosen = next((lab for lab in labs if lab.slug == request.GET.get("lab")), None)
    wish = lists.wish_of(request, PROJECTS.without("lab") if chosen else PROJECTS)
    context = {
        "list": lists.page(_asked_for(request), wish),
        "states": [wish.chip("Current", state=""), wish.chip("Archived", state="archived")],
        "labs": [wish.chip("All labs", lab=""), *(_lab_chip(wish, lab) for lab in labs)],
        "lab": chosen,
        "standing": queries.standing(me(request), chosen) if chosen else None,
    }
    return render(request, "accounts/projects.html", context)


def _lab_chip(wish: lists.Wish, lab: Lab) -> lists.Chip:
    return wish.chip(lab.name, lab=lab.slug)


@login_required
@require_GET
def project_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Send every project that fits the filters, in the order of the list."""
    return lists.as_csv(_asked_for(request), lists.wish_of(request, PROJECTS), name="projects")


def _asked_for(request: HttpRequest) -> QuerySet[Project]:
    return queries.projects_asked_for(me(request), request.GET)


@login_required
@require_GET
def project(request: HttpRequest, lab: str, slug: str) -> HttpResponse:
    shown = project_of(request, lab, slug)
    context = queries.project_page(me(request), shown)
    return render(request, "accounts/project.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def project_create(request: HttpRequest, lab: str) -> HttpResponse:
    standing = lab_of(request, lab)
    permission.need_role(me(request), standing.lab, Role.EXPERIMENTER)
    form = ProjectForm(standing.lab, request.POST or None)
    if form.is_valid():
        members = form.cleaned_data.pop("members")
        made = projects.create_project(lab=standing.lab, by=me(request), **form.cleaned_data)
        projects.set_members(project=made, by=me(request), members={*members, *made.members.all()})
        messages.success(request, f"{made} is there.")
        return redirect(made.url)
    return render(request, "accounts/project_create.html", {"form": form, "lab": standing.lab})


@login_required
@require_http_methods(["GET", "POST"])
def project_edit(request: HttpRequest, lab: str, slug: str) -> HttpResponse:
    shown = project_of(request, lab, slug)
    projects.need_edit(shown, me(request))
    stored = Project.objects.select_related("lab").get(pk=shown.pk)
    form = ProjectForm(shown.lab, request.POST or None, instance=stored)
    if form.is_valid():
        members = form.cleaned_data.pop("members")
        projects.edit_project(project=stored, by=me(request), **form.cleaned_data)
        projects.set_members(project=stored, by=me(request), members=members)
        messages.success(request, "The project was saved.")
        return redirect(stored.url)
    return render(request, "accounts/project_edit.html", {"form": form, "project": shown})


@login_required
@require_POST
def project_archive(request: HttpRequest, lab: str, slug: str) -> HttpResponse:
    """Put a project away, or take it out again."""
    shown = project_of(request, lab, slug)
    change = projects.restore if shown.archived_at else projects.archive
    change(project=shown, by=me(request), reason=request.POST.get("reason", "")[:500])
    state = "archived" if shown.archived_at else "current again"
    messages.success(request, f"{shown} is {state}.")
    return redirect(shown.url)
