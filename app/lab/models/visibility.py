"""Who sees a record of the lab: members of its lab, unless it belongs to closed projects only."""

from collections.abc import Iterable, Iterator
from typing import Any, Self, TypeAlias, TypeVar, cast

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db import models

from accounts.models import Lab, Project
from accounts.roles import Role, is_operator
from lab.models.recorded import Recorded, RecordedQuerySet

Person: TypeAlias = AbstractBaseUser | AnonymousUser
Row = TypeVar("Row", bound=Recorded)
PROFILE = "projectprofile"  # what the records know a project by


def labs_and_what_is_closed(user: Person, role: Role) -> tuple[list[int], list[int]]:
    """Return the labs of ``user``, and the projects there that they do not see, by one question."""
    rows = _with_closed(user, Lab.objects.with_role(user, role))
    found = list(rows.values_list("pk", "for_members__pk", "is_open"))
    return list(dict.fromkeys(lab for lab, _, _ in found)), _closed(found)


def roles_and_what_is_closed(user: Person) -> tuple[dict[int, str], list[int]]:
    """Return what ``user`` is in each lab, and the projects there that they do not see, likewise.

    Operators are in no lab by being operators.
    """
    rows = _with_closed(user, Lab.objects.filter(memberships__user=user.pk))
    found = list(rows.values_list("pk", "for_members__pk", "is_open", "memberships__role"))
    return {lab: role for lab, _, _, role in found}, _closed(row[:3] for row in found)


def _with_closed(user: Person, labs: Any) -> Any:
    """Return labs, each with its projects that are for members only, and whether they are open."""
    for_members = models.FilteredRelation(
        "projects", condition=models.Q(projects__visibility=Project.Visibility.MEMBERS)
    )
    open_ = Project.objects.visible_to(user).filter(pk=models.OuterRef("for_members__pk"))
    return labs.annotate(for_members=for_members, is_open=models.Exists(open_))


def _closed(rows: Iterable[tuple[int, int | None, bool]]) -> list[int]:
    return [project for _, project, is_open in rows if project and not is_open]


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
        return self.exclude(self.hidden(closed))

    def hidden(self, closed: list[int]) -> models.Q:
        """Return what is so of a row that belongs to closed projects only."""
        found = models.Q()
        for path in (self.projects_path, *self.other_projects_paths):
            links = self._links(path)
            is_open = models.Exists(links.exclude(project__in=closed))
            found |= models.Q(models.Exists(links.filter(project__in=closed))) & ~models.Q(is_open)
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


def about_hidden(closed: list[int], *, besides: frozenset[str] = frozenset()) -> models.Q:
    """Return what is so of rows that hang on any record, when that one is of closed projects only.

    ``besides`` names the kinds that such rows do not hang on, or that would ask this again.
    """
    hidden = models.Q()
    for kind in _kinds_of_projects():
        if kind._meta.model_name not in besides:  # noqa: SLF001
            of_kind = ContentType.objects.get_for_model(kind)
            hidden |= models.Q(content_type=of_kind, object_id__in=_gone(kind, closed))
    return hidden


def _kinds_of_projects() -> Iterator[type[models.Model]]:
    """Yield the kinds of record that a project may hide from some members of a lab."""
    for kind in apps.get_app_config("lab").get_models():
        rows = kind._default_manager.all()  # noqa: SLF001
        if getattr(rows, "projects_path", "") or kind._meta.model_name == PROFILE:  # noqa: SLF001
            yield kind


def _gone(kind: type[models.Model], closed: list[int]) -> models.QuerySet[Any, Any]:
    rows: Any = kind._default_manager.all()  # noqa: SLF001
    if kind._meta.model_name == PROFILE:  # noqa: SLF001
        return rows.filter(project__in=closed).values("pk")  # type: ignore[no-any-return]
    return rows.filter(rows.hidden(closed)).values("pk")  # type: ignore[no-any-return]


def projects_of(kind: type[models.Model], keys: list[Any]) -> dict[Any, set[int]]:
    """Return the projects that records belong to, by every way there is."""
    rows: Any = kind._default_manager.filter(pk__in=keys)  # noqa: SLF001
    found: dict[Any, set[int]] = {key: set() for key in keys}
    if hasattr(kind, "content_object"):
        for key, about, owner in rows.values_list("pk", "content_type", "object_id"):
            if about:
                found[key] |= _of_any(ContentType.objects.get_for_id(about), owner)
    for path in _project_paths(kind, rows):
        for key, project in rows.exclude(**{path: None}).order_by().values_list("pk", path):
            found[key].add(project)
    return found


def _project_paths(kind: type[models.Model], rows: Any) -> list[str]:
    if kind._meta.model_name == PROFILE:  # noqa: SLF001
        return ["project"]
    paths = (getattr(rows, "projects_path", ""), *getattr(rows, "other_projects_paths", ()))
    return [path for path in paths if path and path != "content_object"]


def _of_any(about: ContentType, key: Any) -> set[int]:
    kind = about.model_class()
    return projects_of(kind, [key])[key] if kind else set()
