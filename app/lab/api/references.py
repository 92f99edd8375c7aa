"""Related records in a body: named by id, found among those that the person sees, all at once."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Lab, Project, User
from lab.models import Line, Litter, Subject
from lab.models.actions import Action

Rows = models.QuerySet[Any]
LONGEST_KEY = 255
# What a reader calls a record of the kind, beside its id.
NAMES: dict[type[models.Model], str] = {Subject: "nickname", Line: "nickname"}


def seen(model: type[models.Model], user: Any) -> Rows:
    """Return the rows of a kind that ``user`` sees; a site's short lists are everybody's."""
    rows = model._default_manager.all()  # noqa: SLF001
    visible_to = getattr(rows, "visible_to", None)
    return visible_to(user) if visible_to else rows


@dataclass(frozen=True)
class Target:
    """A kind of record that others refer to, and the column that names one."""

    model: type[models.Model]
    by: str = "pk"
    related: tuple[str, ...] = ()

    @property
    def is_by_id(self) -> bool:
        return self.by == "pk"

    @property
    def name_path(self) -> str:
        """Return the column that people know it by, or nothing."""
        if not self.is_by_id:
            return ""
        known = {one.name for one in self.model._meta.concrete_fields}  # noqa: SLF001
        wishes = (NAMES.get(self.model, ""), "name", "nickname", "cage_name")
        return "" if issubclass(self.model, Action) else next((w for w in wishes if w in known), "")

    def key(self, value: Any) -> Any:
        """Return what a reference looks like, cleaned.

        Raises
        ------
        ValueError
            It cannot be one.
        """
        if not isinstance(value, str) or not value or len(value) > LONGEST_KEY or "\0" in value:
            raise ValueError(value)
        if self.is_by_id:
            return uuid.UUID(value)
        return value.lower() if self.model is User else value

    def of(self, record: models.Model) -> Any:
        """Return what names a record."""
        found: Any = record
        for step in self.by.split("__"):
            found = getattr(found, step)
        return found

    @property
    def words(self) -> str:
        """Return how one is named, for descriptions and refusals."""
        what = self.model._meta.verbose_name  # noqa: SLF001
        return {"slug": "short name", "username": "user name"}.get(self.by) or (
            f"id of a {what}" if self.is_by_id else "name"
        )


TARGETS = {
    Lab: Target(Lab, "slug"),
    User: Target(User, "username"),
    Project: Target(Project, "profile__path_name", ("lab", "profile")),
    Litter: Target(Litter, related=("line__lab",)),
}


def target_of(model: type[models.Model]) -> Target:
    """Return how records of a kind are referred to: by id, with the lab that they belong to."""
    if model in TARGETS:
        return TARGETS[model]
    columns = {one.name for one in model._meta.concrete_fields}  # noqa: SLF001
    related = tuple(name for name in ("lab", "subject", "line") if name in columns)
    return Target(model, related=related)


@dataclass
class Found:
    """What was looked up for one request, so that each kind is asked for once."""

    user: Any
    rows: dict[tuple[Target, Any], Any] = field(default_factory=dict)

    def want(self, target: Target, values: Iterable[Any]) -> None:
        """Look up all that is not known yet, in one question."""
        keys = {key for value in values if (key := _readable(target, value)) is not None}
        missing = {key for key in keys if (target, key) not in self.rows}
        if not missing:
            return
        rows = seen(target.model, self.user).filter(**{f"{target.by}__in": missing})
        there = {target.of(row): row for row in rows.select_related(*target.related)}
        self.rows |= {(target, key): there.get(key) for key in missing}

    def one(self, target: Target, value: Any) -> Any:
        self.want(target, [value])
        return self.rows.get((target, target.key(value)))

    def want_all(self, shape: serializers.BaseSerializer[Any], bodies: Iterable[Any]) -> None:
        """Look up whatever the bodies refer to: one question for each kind."""
        fields = getattr(shape, "fields", {})
        given = [body for body in bodies if isinstance(body, Mapping)]
        wanted: dict[Target, list[Any]] = {}
        for name, one in fields.items():
            child = getattr(one, "child_relation", one)
            if isinstance(child, Reference) and not one.read_only:
                wanted.setdefault(child.target, []).extend(_named(given, name))
        for target, values in wanted.items():
            self.want(target, values)


def _named(bodies: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    found: list[Any] = []
    for body in bodies:
        value = body.get(name)
        found.extend(value if isinstance(value, list) else [value])
    return found


def _readable(target: Target, value: Any) -> Any:
    try:
        return target.key(value)
    except ValueError:
        return None


@extend_schema_field(OpenApiTypes.STR)
class Reference(serializers.RelatedField[Any, Any, Any]):
    """A related record, by its id, or by the name that the whole site knows it by."""

    default_error_messages = {
        "no_key": "Write the {words}, not {value!r}.",
        "unseen": "There is no {kind} {value!r} that you can see.",
    }

    def __init__(self, target: Target, **kwargs: Any) -> None:
        self.target = target
        super().__init__(**kwargs)

    def get_queryset(self) -> Any:
        return self.target.model._default_manager.none()  # noqa: SLF001  `Found` looks it up

    def use_pk_only_optimization(self) -> bool:
        return self.target.is_by_id

    def to_representation(self, value: Any) -> str:
        return str(value.pk if self.target.is_by_id else self.target.of(value))

    def to_internal_value(self, data: Any) -> Any:
        found: Found = self.context["found"]
        try:
            record = found.one(self.target, data)
        except ValueError:
            self.fail("no_key", words=self.target.words, value=str(data)[:40])
        if record is None:
            kind = self.target.model._meta.verbose_name  # noqa: SLF001
            self.fail("unseen", kind=kind, value=str(data)[:40])
        return record
