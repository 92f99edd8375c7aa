"""The format as JSON Schema, for editors: found out by asking the readers themselves.

Each reader reads a document that answers what a sound one would, and notes what it was asked. So
the schema knows every field that the readers know. What depends on several fields at once, and
which names lead somewhere, only the readers say.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from experiments.definition import banks, protocol, steps
from experiments.definition.items import read_item, read_scale
from experiments.definition.pages import read_page
from experiments.definition.reading import NAME, Place
from experiments.errors import NotAProtocol

Found = TypeVar("Found")
Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
A_NAME = f"^{NAME.pattern}$"
SOUND = {"code": 1, "at": 0}  # without these a reader would stop
WITH_AGE = {"registration": {"identity": [{"name": "birth-date"}]}}
CODE = {"type": ["integer", "string"], "maxLength": 40}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


@dataclass(frozen=True)
class Noting(Place):
    """A place that notes what it is asked for."""

    noted: Schema = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)
    closed: list[bool] = field(default_factory=list)

    def _note(self, name: str, schema: Schema, *, is_needed: bool = False) -> None:
        if not is_needed and "type" in schema:
            schema = schema | {"type": [schema["type"], "null"]}
        if is_needed:
            self.needed.add(name)
        if self.noted.get(name) in (None, {}):
            self.noted[name] = schema

    def _found(self, name: str, default: Any) -> Any:
        found = self.words.get(name)
        return default if found is None else found

    def has(self, name: str) -> bool:
        self._note(name, {})
        return self.words.get(name) is not None

    def take(self, name: str, default: Any = None) -> Any:
        self._note(name, {})
        return self._found(name, default)

    def text(self, name: str, default: str | None = None, *, longest: int = 100_000) -> str:
        schema = {"type": "string", "maxLength": longest}
        self._note(name, schema, is_needed=default is None)
        return str(self._found(name, "x.y" if default is None else default))

    def word(self, name: str, default: str | None = None) -> str:
        self._note(name, {"type": "string", "pattern": A_NAME}, is_needed=default is None)
        return str(self._found(name, default or "x"))

    def one_of(self, name: str, known: Mapping[str, Any] | tuple[str, ...], default: str) -> str:
        is_needed = default not in known
        self._note(name, {"enum": [*known, *([] if is_needed else [None])]}, is_needed=is_needed)
        return str(self._found(name, next(iter(known)) if is_needed else default))

    def truth(self, name: str, *, default: bool = False) -> bool:
        self._note(name, {"type": "boolean"})
        return default

    def number(self, name: str, default: float | None = None) -> float | None:
        self._note(name, {"type": "number"})
        found: float | None = self._found(name, default)
        return found

    def whole(self, name: str, *, least: int = 0, most: int = 1_000_000) -> int | None:
        self._note(name, {"type": "integer", "minimum": least, "maximum": most})
        return most

    def names(self, name: str) -> tuple[str, ...]:
        self._note(name, {"type": "array", "items": {"type": "string"}})
        return ()

    def each(self, name: str, read: Callable[[Place], Found]) -> tuple[Found, ...]:
        self._note(name, {"type": "array", "items": noted_by(read, **SOUND)})
        return tuple(read(Noting(words)) for words in self.words.get(name, ()))

    def table(self, name: str, read: Callable[[str, Place], Found]) -> dict[str, Found]:
        inner = noted_by(lambda place: read("x", place))
        names = {"pattern": A_NAME}
        self._note(name, {"type": "object", "propertyNames": names, "additionalProperties": inner})
        return {}

    def part(self, name: str) -> Place | None:
        inner = Noting({})
        self._note(name, {})
        self.noted[name] = inner  # what it is asked for is noted later
        return inner

    def done(self) -> None:
        self.closed.append(True)

    @property
    def schema(self) -> Schema:
        properties = {name: _shown(found) for name, found in sorted(self.noted.items())}
        closed: Schema = {"additionalProperties": False} if self.closed else {}
        needed: Schema = {"required": sorted(self.needed)} if self.needed else {}
        return {"type": "object", "properties": properties, **needed, **closed}


def _shown(found: Any) -> Schema:
    if isinstance(found, Noting):
        return found.schema | {"type": ["object", "null"]}
    return dict(found)


def noted_by(read: Callable[[Place], Any], **words: Any) -> Schema:
    """Return what a reader asks for, if the fields that are named have these values."""
    place = Noting(words)
    with suppress(NotAProtocol):  # what is asked for was asked for by then
        read(place)
    return place.schema


def with_(schema: Schema, **changed: Schema) -> Schema:
    """Return a schema with other properties in the place of those that were noted."""
    return schema | {"properties": schema["properties"] | changed}


def schema() -> Schema:
    """Return the JSON Schema of a protocol's file."""
    read: Callable[[Place], Any] = protocol._read  # noqa: SLF001  of this very package
    whole = with_(
        noted_by(read, format=protocol.FORMAT),
        format={"const": protocol.FORMAT},
        flow={"type": "array", "items": _ref("part"), "minItems": 1},
        items=_table("item"), pages=_table("page"), scales=_table("scale"), banks=_table("pinned"),
        report=_ref("function"), afterwards=_ref("function"), scripts={"type": "object"},
    )  # fmt: skip
    return {
        "$schema": DRAFT,
        "title": "A protocol of Studium",
        **whole,
        "required": ["format", "name", "title", "flow"],
        "$defs": _definitions(),
    }


def _table(name: str) -> Schema:
    names = {"pattern": A_NAME}
    return {"type": "object", "propertyNames": names, "additionalProperties": _ref(name)}


def _definitions() -> Schema:
    scale = noted_by(lambda place: read_scale("x", place))
    option = with_(scale["properties"]["options"]["items"], code=CODE)
    return {
        "option": option | {"required": ["code", "label"]},
        "scale": with_(
            scale,
            options={"type": "array", "items": _ref("option")},
        ),
        "item": with_(
            noted_by(lambda place: read_item("x", place, {})),
            scale={"anyOf": [{"type": ["string", "null"]}, _ref("scale")]},
        ),
        "page": noted_by(lambda place: read_page("x", place)),
        "bank": with_(
            noted_by(banks._read, format=banks.FORMAT),  # noqa: SLF001  of this very package
            format={"const": banks.FORMAT},
            items=_table("item"), pages=_table("page"), scales=_table("scale"),
        ),
        "pinned": with_(
            noted_by(lambda place: banks.read_pinned("x", place)),
            revision={"type": "integer"}, words=_ref("bank"),
        ),
        "function": noted_by(steps.read_hook) | {"type": ["object", "null"]},
        "condition": _condition(),
        "block": _block(),
        "step": _step(),
        "part": {"if": {"required": ["steps"]}, "then": _ref("block"), "else": _ref("step")},
    }  # fmt: skip


def _condition() -> Schema:
    several = {"type": "array", "items": _ref("condition")}
    test, call = (noted_by(read)["properties"] for read in (steps.read_condition, steps.read_hook))
    return {
        "type": ["object", "null"],
        "properties": test | call | dict.fromkeys(("all", "any", "none"), several),
        "anyOf": [{"required": [name]} for name in ("item", "call", "all", "any", "none")],
        "additionalProperties": False,
    }  # fmt: skip


def _block() -> Schema:
    block = noted_by(lambda place: steps._read_block(place, 0))  # noqa: SLF001  of this very package
    parts = {"type": "array", "items": _ref("part"), "minItems": 1}
    return with_(block, steps=parts, **{"if": _ref("condition")}) | {"required": ["name", "steps"]}


def _step() -> Schema:
    """Return the schema of a step; what it may have depends on its kind."""
    by_kind = {
        kind: noted_by(steps.read_part, kind=kind, **WITH_AGE.get(kind, {}))["properties"]
        for kind in steps.KINDS
    }
    properties: Schema = {}
    for found in by_kind.values():
        properties = found | properties
    hooks = {"draw": _ref("function"), "record": _ref("function"), "if": _ref("condition")}
    rules = [
        {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
         "then": {"propertyNames": {"enum": sorted(found)}}}
        for kind, found in by_kind.items()
    ]  # fmt: skip
    return {
        "type": "object",
        "properties": dict(sorted((properties | hooks).items())),
        "required": ["name"],
        "additionalProperties": False,
        "allOf": rules,
    }
