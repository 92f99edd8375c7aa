"""Who sees a record of the lab: members of its lab, unless it belongs to closed projects only."""

from typing import Any, Self, TypeAlias, TypeVar, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import Lab, Project
from accounts.roles import Role, is_operator
from lab.models.recorded import Recorded, RecordedQuerySet

Person: TypeAlias = AbstractBaseUser | AnonymousUser
Row = TypeVar("Row", bound=Recorded)


def labs_and_what_is_closed(user: Person, role: Role) -> tuple[list[int], list[int]]:
    """Return the labs of ``user``, and the projects there that they do not see, by one question."""
    for_members = models.FilteredRelation(
        "projects", condition=models.Q(projects__visibility=Project.Visibility.MEMBERS)
    )
    open_ = Project.objects.visible_to(user).filter(pk=models.OuterRef("for_members__pk"))
    rows = (
        Lab.objects.with_role(user, role)
        .annotate(for_members=for_members, is_open=models.Exists(open_))
        .values_list("pk", "for_members__pk", "is_open")
    )
    found = list(rows)
    labs = list(dict.fromkeys(lab for lab, _, _ in found))
    return labs, [project for _, project, is_open in found if project and not is_open]


class OfLabQuerySet(RecordedQuerySet[Row]):
    """Rows that lead to a lab, and perhaps to projects, by the paths named here."""

    lab_path = "lab"
    projects_path = ""  # empty: rows of this kind belong to no project
    other_projects_paths: tuple[str, ...] = ()  # where there are several ways to an animal

    def visible_to(self, user: Person) -> Self:
        return self.with_role(user, Role.VIEWER)

    def with_role(self, user: Person, role: Role) -> Self:
        """Return the rows that ``user`` sees, in the labs in which they have at least ``role``."""
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        labs, closed = labs_and_what_is_closed(user, role)
        return self.within(labs, closed)

    def within(self, labs: list[int], closed: list[int]) -> Self:
        """Return the rows of some labs, without what belongs to closed projects only."""
        mine = self.filter(**{f"{self.lab_path}__in": labs})
        return mine.without(closed) if self.projects_path and closed else mine

    def without(self, closed: list[int]) -> Self:
        """Leave out what belongs to closed projects only, by one of the ways to a project."""
        found = self
        for path in (self.projects_path, *self.other_projects_paths):
            links = self._links(path)
            found = found.exclude(
                models.Q(models.Exists(links.filter(project__in=closed)))
                & ~models.Q(models.Exists(links.exclude(project__in=closed)))
            )
        return found

    def _links(self, path: str) -> models.QuerySet[Any]:
        """Return the links to projects of the row that an outer query is at."""
        owner, _, name = path.rpartition("__")
        model: type[models.Model] = self.model
        for step in filter(None, owner.split("__")):
            model = cast("type[models.Model]", model._meta.get_field(step).related_model)  # noqa: SLF001
        field = cast("models.ManyToManyField[Any, Any]", model._meta.get_field(name))  # noqa: SLF001
        through = cast("Any", field.remote_field.through)
        column = field.m2m_field_name()
        outer = f"{owner}__pk" if owner else "pk"
        links: models.QuerySet[Any] = through.objects.filter(**{column: models.OuterRef(outer)})
        return links
