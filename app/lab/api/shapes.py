"""The shape of a resource's records, made from its declaration."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

from django.db import models
from rest_framework import serializers

from lab.api.fields import AwareTime, Day, Finite, FreeData, Label, is_labelled
from lab.api.references import Reference, target_of
from lab.api.resource import Resource


class Shape(serializers.ModelSerializer[Any]):
    """A record with references, aware times and labels; what is unique, the database decides."""

    serializer_field_mapping: ClassVar = serializers.ModelSerializer.serializer_field_mapping | {
        models.DateTimeField: AwareTime,
        models.DateField: Day,
        models.FloatField: Finite,
        models.JSONField: FreeData,
    }

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[Any, dict[str, Any]]:
        kind, words = super().build_standard_field(field_name, model_field)
        validators = words.get("validators", [])
        words["validators"] = [one for one in validators if not _asks_the_database(one)]
        if is_labelled(model_field):
            kind, words = Label, {k: v for k, v in words.items() if k in LABEL_WORDS}
            words["choices"] = model_field.choices
        if kind in {AwareTime, FreeData, Label}:
            words = {k: v for k, v in words.items() if k in LABEL_WORDS}
        return kind, words

    def build_relational_field(
        self, field_name: str, relation_info: Any
    ) -> tuple[Any, dict[str, Any]]:
        _kind, words = super().build_relational_field(field_name, relation_info)
        kept = {name: words[name] for name in REFERENCE_WORDS & set(words)}
        if kept.get("read_only"):
            kept.pop("required", None)
        return Reference, {**kept, "target": target_of(relation_info.related_model)}

    def get_uniqueness_extra_kwargs(
        self,
        field_names: Any,  # noqa: ARG002  the base's signature
        declared_fields: Any,  # noqa: ARG002
        extra_kwargs: Any,
    ) -> tuple[Any, dict[str, Any]]:
        return extra_kwargs, {}

    def get_unique_together_validators(self) -> list[Any]:
        return []

    def get_unique_for_date_validators(self) -> list[Any]:
        return []

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._know_every(data)
        return super().to_internal_value(data)

    def _know_every(self, data: Mapping[str, Any]) -> None:
        wrong = {}
        for name in data:
            if name not in self.fields:
                known = ", ".join(self._writable_names())
                wrong[str(name)[:60]] = [f"There is no such field. There are: {known}."]
            elif self.fields[name].read_only:
                wrong[name] = ["It follows from other things and cannot be set."]
        if wrong:
            raise serializers.ValidationError(wrong)

    def _writable_names(self) -> Iterator[str]:
        return (name for name, one in self.fields.items() if not one.read_only)


LABEL_WORDS = {"required", "allow_null", "read_only", "help_text", "choices", "label"}
REFERENCE_WORDS = {"many", "required", "allow_null", "allow_empty", "read_only", "help_text"}


def _asks_the_database(validator: Any) -> bool:
    return hasattr(validator, "queryset")


@cache
def shape_of(resource: Resource) -> type[Shape]:
    """Return the serializer of a resource's records."""
    declared = {**dict(resource.extra), **dict(resource.computed), **_names(resource)}
    names = ["id", *_ordered(resource, declared)]
    needed = {name: {"required": False} for name in resource.optional}
    meta = type("Meta", (), {
        "model": resource.model, "fields": names,
        "read_only_fields": ["id", *resource.read_only], "extra_kwargs": needed,
    })  # fmt: skip
    title = "".join(word.title() for word in resource.one.split())
    return type(title, (Shape,), {**declared, "Meta": meta, "__doc__": resource.about})


def _ordered(resource: Resource, declared: Mapping[str, Any]) -> list[str]:
    """Return the fields, each name of a related record right behind its id."""
    found: list[str] = []
    for name in resource.fields:
        found.extend([name, *([f"{name}_name"] if f"{name}_name" in declared else [])])
    return [*found, *(name for name in declared if name not in found)]


def _names(resource: Resource) -> dict[str, Any]:
    return {
        f"{name}_name": serializers.CharField(source=f"{name}.{path}", read_only=True)
        for name, path in named(resource).items()
    }


def named(resource: Resource) -> dict[str, str]:
    """Return the references whose record has a name to be told beside its id."""
    found: dict[str, str] = {}
    for name in resource.fields:
        column = resource.column(name)
        if column.is_relation and not column.many_to_many and column.related_model:
            path = target_of(column.related_model).name_path
            found |= {name: path} if path else {}
    return found
