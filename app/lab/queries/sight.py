"""What one person sees of every kind of record, with the questions about the person asked once."""

from functools import cached_property
from typing import Any

from django.db import models

from accounts.models import Lab, Project, User
from accounts.roles import Role, is_operator
from lab import models as records
from lab.models.visibility import OfLabQuerySet, labs_and_what_is_closed

# Kinds that are seen by whoever sees what they hang on.
HANG_ON: dict[type[models.Model], str] = {
    records.SubjectName: "subject",
    records.Cull: "subject",
    records.ZygosityRule: "line",
    records.GrowthPoint: "lab",
    records.LabProfile: "lab",
    records.Affiliation: "lab",
    records.ProjectProfile: "project",
    records.PersonProfile: "user",
    records.Download: "dataset",
}


class Sight:
    """One person's sight: `of` a kind returns the rows that they see."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def _answer(self) -> tuple[list[int], list[int]]:
        return labs_and_what_is_closed(self.user, Role.VIEWER)

    @property
    def labs(self) -> list[int]:
        return self._answer[0]

    @property
    def closed(self) -> list[int]:
        return self._answer[1]

    def of(self, kind: type[models.Model]) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = kind._default_manager.all()  # noqa: SLF001
        if not self.user.is_active:
            return rows.none()
        if is_operator(self.user):
            return rows
        if isinstance(rows, OfLabQuerySet) and not has_own_rule(rows):
            return rows.within(self.labs, self.closed)
        return self._other(kind, rows)

    def _other(self, kind: type[models.Model], rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if kind is Lab:
            return rows.filter(pk__in=self.labs)
        if hasattr(rows, "visible_to"):
            return rows.visible_to(self.user)  # type: ignore[no-any-return]
        if kind in {Project, User}:
            return kind._default_manager.visible_to(self.user)  # noqa: SLF001
        if path := HANG_ON.get(kind):
            owner = kind._meta.get_field(path).related_model  # noqa: SLF001
            return rows.filter(**{f"{path}__in": self.of(owner).values("pk")})  # type: ignore[arg-type]
        return rows  # a list that the site shares


def has_own_rule(rows: Any) -> bool:
    """Say whether a kind is seen by more than its lab and its projects."""
    return type(rows).visible_to is not OfLabQuerySet.visible_to


def may_be_hidden(kind: Any) -> bool:
    """Say whether a project closes records of the kind, or the kind is the project itself."""
    rows = kind._default_manager.all()  # noqa: SLF001
    return kind is Project or bool(getattr(rows, "projects_path", ""))
