"""Values as clients send them, made what the design says they are.

A value that is not as declared is no reason to lose it: it is told apart as a misfit. Objects and
lists become dotted names (``nest.y.1``), as the clients of 2020 know them; nothing (null, empty
objects) disappears.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Literal

from factorial.values import TRUTHS, as_text, flattened

Kind = Literal["text", "integer", "number", "truth", "time", "data", "any"]
KINDS: Mapping[str, Kind] = {
    "integer": "integer", "int": "integer", "long": "integer", "short": "integer",
    "float": "number", "double": "number", "number": "number", "real": "number",
    "boolean": "truth", "bool": "truth",
    "unregistered": "any", "any": "any", "": "any",
}  # fmt: skip
FITS: Mapping[Kind, set[type]] = {
    "integer": {int, NoneType},
    "number": {int, float, NoneType},
    "text": {str, NoneType},
    "truth": {bool, NoneType},
    "any": {str, int, float, bool, NoneType},
}
WHOLE = re.compile(r"[+-]?[0-9]{1,19}(?:\.0*)?")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
LARGEST = 2**63
BARE = json.JSONDecoder(parse_constant=str)  # NaN and Infinity are words here, so they fit nowhere
Fit = tuple[Sequence[Any], dict[int, Any]]


def kind_of(declared: str) -> Kind:
    """Return what a design's word for a type stands for here; an unknown word is text."""
    return KINDS.get(declared.strip().lower(), "text")


def read(raw: str) -> Any:
    """Return what a stored text says; what cannot be read stays the text that it is."""
    try:
        return BARE.decode(raw)
    except (ValueError, RecursionError):
        return raw


def flat(value: Any) -> dict[str, Any]:
    """Return what is inside a value by dotted names; a bare value is called ``value``."""
    return flattened(value if isinstance(value, dict | list) else {"value": value})


def said(raw: str) -> dict[str, Any]:
    """Return the values of a stored object under their dotted names."""
    found = read(raw)
    is_flat = type(found) is dict and not (set(map(type, found.values())) & {dict, list, NoneType})
    return found if is_flat else flat(found)


def at_top(raw: str) -> dict[str, Any]:
    """Return the values of a stored object under its own keys; what is inside them stays there."""
    found = read(raw)
    return found if isinstance(found, dict) else {"value": found}


def number_of(value: Any, kind: Kind) -> float | int | None:
    """Return a number of the kind; None where the value is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _read_number(value.strip(), kind)
    if isinstance(value, int):
        return value if abs(value) < LARGEST else None
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    if kind == "number":
        return value
    return int(value) if value.is_integer() and abs(value) < LARGEST else None


def _read_number(text: str, kind: Kind) -> float | int | None:
    if kind == "integer":
        whole = int(text.partition(".")[0]) if WHOLE.fullmatch(text) else LARGEST
        return whole if abs(whole) < LARGEST else None
    found = float(text) if NUMBER.fullmatch(text) else math.inf
    return found if math.isfinite(found) else None


def one(value: Any, kind: Kind) -> Any:
    """Return a value as its kind; None where it does not fit."""
    if kind in {"integer", "number"}:
        return number_of(value, kind)
    if kind == "truth":
        return value if isinstance(value, bool) else TRUTHS.get(as_text(value).strip().lower())
    return as_text(value) if kind == "text" else value


def one_checked(value: Any, kind: Kind) -> Any:
    """Return what is no object as its kind; most values are of it already."""
    return value if type(value) in FITS[kind] and type(value) in {str, bool} else one(value, kind)


def fitted(values: Sequence[Any], kind: Kind, *, keep: bool) -> Fit:
    """Return a column's values as its kind, and those that do not fit by their places.

    ``keep`` leaves what does not fit where it is; otherwise nothing is there.
    """
    if set(map(type, values)) <= FITS[kind] and not (kind != "text" and _is_out_of_range(values)):
        return values, {}
    found = [None if value is None else one(value, kind) for value in values]
    misfits = {
        place: value
        for place, value in enumerate(values)
        if value is not None and found[place] is None
    }
    for place in misfits if keep else ():
        found[place] = misfits[place]
    return found, misfits


def _is_out_of_range(values: Sequence[Any]) -> bool:
    numbers = [value for value in values if value is not None and not isinstance(value, str)]
    return bool(numbers) and not (min(numbers) > -LARGEST and max(numbers) < LARGEST)
