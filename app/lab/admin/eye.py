"""What the person of a request sees and may do, asked for once in each request."""

from functools import cached_property
from typing import Any, cast

from django.db import models
from django.http import HttpRequest

from accounts.models import User
from accounts.roles import Role, is_operator
from lab.models.visibility import roles_and_what_is_closed
from lab.permissions import Reach
from lab.queries.sight import Sight


class Eye(Sight):
    """Somebody's sight and reach; what was asked about a record is remembered."""

    def __init__(self, user: User) -> None:
        super().__init__(user)
        self._changes: dict[Any, bool] = {}

    @cached_property
    def _known(self) -> tuple[dict[int, str], list[int]]:
        return roles_and_what_is_closed(self.user)

    @cached_property
    def _answer(self) -> tuple[list[int], list[int]]:
        if is_operator(self.user):
            return super()._answer
        roles, closed = self._known
        return list(roles), closed

    @cached_property
    def reach(self) -> Reach:
        if is_operator(self.user):
            return Reach.of(self.user)
        return Reach(self.user, self._known[0])

    def may_change(self, record: models.Model) -> bool:
        key = (type(record), record.pk)
        if key not in self._changes:
            self._changes[key] = self.reach.may_change(record)
        return self._changes[key]

    @property
    def is_about_own(self) -> bool:
        """Say whether lists begin with one's own animals: those who look after all see all."""
        return not is_operator(self.user) and self.reach.highest == Role.EXPERIMENTER


def me(request: HttpRequest) -> User:
    return cast("User", request.user)


def eye_of(request: HttpRequest) -> Eye:
    eye: Eye | None = getattr(request, "eye", None)
    if eye is None or eye.user.pk != request.user.pk:
        eye = Eye(me(request))
        request.eye = eye  # type: ignore[attr-defined]
    return eye
