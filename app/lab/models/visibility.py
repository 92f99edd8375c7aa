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


class OfLabQuerySet(RecordedQuerySet[Row]):
    """Rows that lead to a lab, and perhaps to projects, by the paths named here."""

    lab_path = "lab"
    projects_path = ""  # empty: rows of this kind belong to no project

    def visible_to(self, user: Person) -> Self:
        return self.with_role(user, Role.VIEWER)

    def with_role(self, user: Person, role: Role) -> Self:
        """Return the rows that ``user`` sees, in the labs in which they have at least ``role``."""
        if not user.is_active:
            return self.none()
        if is_operator(cast("Any", user)):
            return self
        labs = list(Lab.objects.with_role(user, role).values_list("pk", flat=True))
        return self.filter(**{f"{self.lab_path}__in": labs}).open_to(user, labs)

    def open_to(self, user: Person, labs: list[int]) -> Self:
        """Leave out what belongs to projects, none of which ``user`` sees."""
        if not self.projects_path:
            return self
        open_ = Project.objects.visible_to(user)
        closed = list(
            Project.objects.filter(lab__in=labs, visibility=Project.Visibility.MEMBERS)
            .exclude(pk__in=open_.values("pk"))
            .values_list("pk", flat=True)
        )
        if not closed:
            return self
        return self.exclude(self._belongs_to(closed) & ~self._belongs_to_another_than(closed))

    def _belongs_to(self, projects: list[int]) -> models.Q:
        return models.Q(models.Exists(self._links().filter(project__in=projects)))

    def _belongs_to_another_than(self, projects: list[int]) -> models.Q:
        return models.Q(models.Exists(self._links().exclude(project__in=projects)))

    def _links(self) -> models.QuerySet[Any]:
        """Return the links to projects of the row that an outer query is at."""
        owner, _, name = self.projects_path.rpartition("__")
        model: type[models.Model] = self.model
        for step in filter(None, owner.split("__")):
            model = cast("type[models.Model]", model._meta.get_field(step).related_model)  # noqa: SLF001
        field = cast("models.ManyToManyField[Any, Any]", model._meta.get_field(name))  # noqa: SLF001
        through = cast("Any", field.remote_field.through)
        column = field.m2m_field_name()
        outer = f"{owner}__pk" if owner else "pk"
        links: models.QuerySet[Any] = through.objects.filter(**{column: models.OuterRef(outer)})
        return links
