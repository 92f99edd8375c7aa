"""Recipes as JSON, there and back; what does not fit is named by its field."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar

from touchstone.design import Factor, Measure, Value
from touchstone.errors import DesignError
from touchstone.recipe import Level, Practice, Recipe, Timing

T = TypeVar("T")
LARGEST_WHOLE = 2**63
PARTS: Mapping[str, type] = {
    "factors": Factor,
    "values": Value,
    "levels": Level,
    "measures": Measure,
    "practice": Practice,
}
KINDS = {"str": "text", "int": "a whole number", "bool": "true or false", "float": "a number"}


def to_json(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as plain data; `from_json` gives the same recipe back."""
    return {one.name: _plain(getattr(recipe, one.name)) for one in fields(recipe)}


def _plain(thing: Any) -> Any:
    if is_dataclass(thing):
        return {one.name: _plain(getattr(thing, one.name)) for one in fields(thing)}
    return [_plain(one) for one in thing] if isinstance(thing, tuple) else thing


def from_json(data: object) -> Recipe:
    """Return the recipe; refuse what is missing, unknown or of another kind by its field."""
    return _made(Recipe, data, "")


def _made(kind: type[T], data: object, where: str) -> T:
    if not isinstance(data, dict):
        raise DesignError("An object is wanted here.", field=where or "recipe")
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    for name in data:
        if name not in known:
            raise DesignError("There is no such field; take it out.", field=f"{where}{name}"[:200])
    for name, one in known.items():
        is_needed = one.default is MISSING and one.default_factory is MISSING
        if is_needed and name not in data:
            raise DesignError("This is missing.", field=f"{where}{name}")
    return kind(**{name: _part(known[name], said, f"{where}{name}") for name, said in data.items()})


def _part(one: "Field[Any]", said: object, where: str) -> object:
    if one.name == "timing":
        return _made(Timing, said, f"{where}.")
    if one.name == "fixed":
        return tuple(map(tuple, _each(said, where, _pair)))
    written = str(one.type)
    if written.startswith("tuple[str"):
        return tuple(_each(said, where, _text))
    if one.name in PARTS and "tuple" in written:
        part = PARTS[one.name]
        return tuple(_each(said, where, lambda item, place: _made(part, item, f"{place}.")))
    return _simple(getattr(one.type, "__name__", written), said, where)


def _each(said: object, where: str, made: Callable[[Any, str], Any]) -> list[Any]:
    if not isinstance(said, list):
        raise DesignError("A list is wanted here.", field=where)
    return [made(item, f"{where}[{place}]") for place, item in enumerate(said)]


def _text(said: object, where: str) -> str:
    return str(_simple("str", said, where))


def _pair(said: object, where: str) -> list[str]:
    pair = [_text(item, where) for item in said] if isinstance(said, list) else []
    if len(pair) != len(("factor", "value")):
        raise DesignError("A factor and its value are wanted here.", field=where)
    return pair


def _simple(kind: str, said: object, where: str) -> object:
    fits = {
        "str": isinstance(said, str),
        "bool": isinstance(said, bool),
        "int": type(said) is int and abs(said) < LARGEST_WHOLE,
        "float": type(said) in {int, float},
    }
    if not fits[kind]:
        raise DesignError(f"Give {KINDS[kind]}.", field=where)
    return said
