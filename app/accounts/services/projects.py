"""Projects and who belongs to them."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.timezone import now

from accounts import audit, queries
from accounts.errors import NameTaken, NotOfThisLab, RoleTooLow
from accounts.models import Lab, Project, ProjectMember, User
from accounts.roles import Role
from accounts.services import permission


@transaction.atomic
def create_project(*, lab: Lab, by: User, name: str, **fields: Any) -> Project:
    """Start a project; whoever starts it belongs to it."""
    permission.need_role(by, lab, Role.EXPERIMENTER)
    project = _save(Project(lab=lab, name=name, slug=_free_slug(lab, name), **fields))
    if lab.memberships.filter(user=by).exists():
        ProjectMember.objects.create(project=project, user=by)
    audit.record(action="project.created", user=by, on=project)
    return project


@transaction.atomic
def edit_project(*, project: Project, by: User, **fields: Any) -> Project:
    need_edit(project, by)
    changes = audit.between(Project.objects.get(pk=project.pk), fields)
    for name, value in fields.items():
        setattr(project, name, value)
    _save(project)
    if changes:
        audit.record(action="project.changed", user=by, on=project, changes=changes)
    return project


@transaction.atomic
def set_members(*, project: Project, by: User, members: Iterable[User]) -> None:
    """Let exactly these people of the lab belong to the project."""
    need_edit(project, by)
    wanted = {member.pk for member in members}
    if wanted - set(project.lab.memberships.values_list("user", flat=True)):
        raise NotOfThisLab
    before = _names(project)
    ProjectMember.objects.filter(project=project).exclude(user__in=wanted).delete()
    missing = wanted - set(project.memberships.values_list("user", flat=True))
    ProjectMember.objects.bulk_create(
        ProjectMember(project=project, user_id=pk) for pk in sorted(missing)
    )
    after = _names(project)
    if before != after:
        changes = {"members": [before, after]}
        audit.record(action="project.members-changed", user=by, on=project, changes=changes)


@transaction.atomic
def archive(*, project: Project, by: User, reason: str = "") -> None:
    """Put a project away: it is still seen and can no longer be worked in."""
    _set_archived(project, by, at=now(), action="project.archived", reason=reason)


@transaction.atomic
def restore(*, project: Project, by: User, reason: str = "") -> None:
    _set_archived(project, by, at=None, action="project.restored", reason=reason)


def _set_archived(project: Project, by: User, *, at: Any, action: str, reason: str) -> None:
    permission.need_role(by, project.lab, Role.MANAGER)
    changes = {"archived_at": [project.archived_at, at]}
    project.archived_at = at
    project.save(update_fields=["archived_at"])
    audit.record(action=action, user=by, on=project, changes=changes, reason=reason)


def need_edit(project: Project, by: User) -> None:
    if not queries.may_edit_project(by, project):
        raise RoleTooLow("You may look at this project but not change it.")


def _names(project: Project) -> list[str]:
    return list(queries.members_of(project).values_list("user__username", flat=True))


def _free_slug(lab: Lab, name: str) -> str:
    slug = slugify(name)[:50] or "project"
    taken = set(lab.projects.filter(slug__startswith=slug).values_list("slug", flat=True))
    choices = (slug if number == 1 else f"{slug}-{number}" for number in range(1, len(taken) + 2))
    return next(choice for choice in choices if choice not in taken)


def _save(project: Project) -> Project:
    try:
        with transaction.atomic():
            project.save()
    except IntegrityError:
        raise NameTaken("This lab has a project of this name.") from None
    return project
