"""What an endpoint is, said once: a kind of record, its fields, its order and its services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_framework import serializers

from lab.api.fields import Column
from lab.api.filters import Filter
from lab.models import Recorded
from lab.services import records

Values = Mapping[str, Any]
Create = Callable[..., Any]  # (*, by, values, reason) → record
Change = Callable[..., Any]  # (*, record, by, values, reason) → record
Delete = Callable[..., None]  # (*, record, by, reason)


def _create(kind: type[Recorded]) -> Create:
    def create(**given: Any) -> Any:
        return records.create(kind=kind, **given)

    return create


def _create_many(kind: type[Recorded]) -> Callable[..., list[Any]]:
    def create_many(**given: Any) -> list[Any]:
        return records.create_many(kind=kind, **given)

    return create_many


@dataclass(frozen=True, eq=False)
class Resource:
    """One kind of record under one address; a service that is None is not offered."""

    name: str
    model: type[Recorded]
    fields: tuple[str, ...]
    read_only: tuple[str, ...] = ()
    computed: Mapping[str, serializers.Field[Any, Any, Any, Any]] = field(default_factory=dict)
    extra: Mapping[str, serializers.Field[Any, Any, Any, Any]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()  # filled in by the service when they are not sent
    filters: tuple[Filter, ...] = ()
    order: tuple[str, ...] = ("id",)  # the first is the usual one
    related: tuple[str, ...] = ()
    prefetch: tuple[Any, ...] = ()
    create: Create | None = None
    create_many: Callable[..., list[Any]] | None = None
    change: Change | None = records.change
    change_many: Callable[..., list[Any]] | None = None
    delete: Delete | None = records.delete
    example: Values = field(default_factory=dict)
    about: str = ""
    is_created: bool = True

    @property
    def one(self) -> str:
        return str(self.model._meta.verbose_name)  # noqa: SLF001

    @property
    def many(self) -> str:
        return str(self.model._meta.verbose_name_plural)  # noqa: SLF001

    @property
    def creator(self) -> Create | None:
        if not self.is_created:
            return None
        return self.create or _create(self.model)

    @property
    def changer_of_many(self) -> Callable[..., list[Any]] | None:
        """Return what changes many with few questions: without rules of their own, any can."""
        return self.change_many or (records.change_many if self.change is records.change else None)

    def column(self, name: str) -> Column:
        found: Column = self.model._meta.get_field(name)  # type: ignore[assignment]  # noqa: SLF001
        return found

    @property
    def creator_of_many(self) -> Callable[..., list[Any]] | None:
        """Return what makes many with few questions: without rules of their own, any can."""
        if self.create_many or self.create or not self.is_created:
            return self.create_many
        return _create_many(self.model)


Methods = dict[str, Any]


def methods_of(resource: Resource) -> tuple[Methods, Methods]:
    """Return what a list and a detail answer: method to action."""
    many: Methods = {"get": "listed"}
    one: Methods = {"get": "retrieve"}
    if resource.creator:
        many["post"] = "create"
    if resource.change:
        many["patch"], one["patch"] = "change_many", "update"
    if resource.delete:
        many["delete"], one["delete"] = "delete_many", "destroy"
    return many, one


def taking(word: str, service: Callable[..., Any]) -> Callable[..., Any]:
    """Return a service that takes its record as ``record``, whatever it calls it itself."""

    def call(*, record: Any, **given: Any) -> Any:
        return service(**{word: record}, **given)

    return call


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())
