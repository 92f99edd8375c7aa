"""A specification written as TOML: what `specification.read` gives back is the same again."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from fmriplan.design.goal import Realities
from fmriplan.design.specification import GAPS, Specification
from fmriplan.errors import NotAnOption

ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
TABLES = ("gaps", "rest", "response", "conditions", "contrasts")
MODELS = {kind: name for name, kind in GAPS.items()}


def write(told: Specification) -> str:
    """Return a specification as TOML, without what is as it is by default."""
    experiment = told.experiment
    facts = {name: value for name, value in _told(experiment) if name not in TABLES}
    parts = [_table("", facts), _table("[gaps]", _gaps(experiment.gaps))]
    if experiment.rest:
        parts.append(_table("[rest]", dict(_told(experiment.rest))))
    if response := dict(_told(experiment.response)):
        parts.append(_table("[response]", response))
    parts += [_table("[[conditions]]", dict(_told(each))) for each in experiment.conditions]
    parts += [_table("[[contrasts]]", each) for each in _contrasts(told)]
    parts.append(_table("[goal]", dict(_told(told.goal, all_of_it=True))))
    if rules := dict(_told(told.rules)):
        parts.append(_table("[rules]", rules))
    if told.realities:
        parts.append(_table("[realities]", _realities(told.realities)))
    return "\n".join(part for part in parts if part)


def _told(made: Any, *, all_of_it: bool = False) -> Iterator[tuple[str, Any]]:
    """Return the names and values of a dataclass that are not what they are by default."""
    for each in fields(made):
        default = each.default
        if default is MISSING and each.default_factory is not MISSING:
            default = each.default_factory()
        value = getattr(made, each.name)
        if value is not None and (all_of_it or value != default):
            yield each.name, value


def _gaps(gaps: Any) -> dict[str, Any]:
    if type(gaps) not in MODELS:
        raise NotAnOption("Waits of this kind have no name in a specification.")
    return {"model": MODELS[type(gaps)], **dict(_told(gaps, all_of_it=True))}


def _realities(told: Realities) -> dict[str, Any]:
    return {"worst": told.worst, **({"each": told.each} if told.each else {})}


def _contrasts(told: Specification) -> Iterator[dict[str, Any]]:
    for row in told.experiment.contrasts:
        names = told.experiment.columns
        yield {name: weight for name, weight in zip(names, row, strict=True) if weight}


def _table(head: str, values: Mapping[str, Any]) -> str:
    lines = [head] if head else []
    lines += [f"{_key(name)} = {_value(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n" if lines else ""


def _key(name: str) -> str:
    is_bare = bool(name) and all(
        each.isascii() and (each.isalnum() or each in "-_") for each in name
    )
    return name if is_bare else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{"".join(_escaped(each) for each in value)}"'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if is_dataclass(value):
        inside = ", ".join(f"{_key(name)} = {_value(one)}" for name, one in _told(value))
        return f"{{{inside}}}"
    ordered = sorted(value) if isinstance(value, frozenset) else value
    return f"[{', '.join(_value(each) for each in ordered)}]"


def _escaped(each: str) -> str:
    if each in ESCAPED:
        return ESCAPED[each]
    return f"\\u{ord(each):04x}" if ord(each) < 32 or ord(each) == 127 else each  # noqa: PLR2004
