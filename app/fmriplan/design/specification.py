"""An experiment as a person writes it: a TOML file, each mistake in it named by its place."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from fmriplan.design.experiment import Condition, Experiment, Part, Rest, columns_of
from fmriplan.design.gaps import Exponential, Fixed, Gaps, Uniform
from fmriplan.design.goal import Goal, Realities, Reality, usual_realities
from fmriplan.design.orders import Rules
from fmriplan.design.response import NAMED, Response
from fmriplan.errors import NotAnOption

GAPS: dict[str, type[Any]] = {"fixed": Fixed, "uniform": Uniform, "exponential": Exponential}
TABLES = {"goal", "rules", "gaps", "rest", "response", "conditions", "contrasts", "realities"}
PAIR, TRIPLE = [str, str], [str, str, float]


@dataclass(frozen=True)
class Specification:
    """An experiment, what its design is for, the rules it keeps, and what it shall stand."""

    experiment: Experiment
    goal: Goal
    rules: Rules
    realities: Realities | None = None


def read(content: bytes | str) -> Specification:
    """Return what a specification says.

    Raises
    ------
    NotAnOption
        It is no TOML, or something in it is missing, unknown or out of range.
    """
    try:
        told = tomllib.loads(content if isinstance(content, str) else content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotAnOption(f"The specification is no TOML: {error}.") from None
    plain = {name: value for name, value in told.items() if name not in TABLES}
    conditions = tuple(
        _condition(one, f"conditions {number}")
        for number, one in enumerate(_list(told, "conditions"), 1)
    )
    facts = {
        **plain,
        "conditions": conditions,
        "contrasts": _contrasts(told, list(columns_of(conditions))),
        "gaps": _gaps(_table(told, "gaps")),
        **({"rest": _made(Rest, told["rest"], "rest")} if "rest" in told else {}),
        "response": _response(told.get("response", {}), "response"),
    }
    experiment = _made(Experiment, facts, "the specification")
    goal = _made(Goal, told.get("goal", {}), "goal")
    rules = _rules(told.get("rules", {}))
    return Specification(experiment, goal, rules, _realities(told.get("realities"), experiment))


def _condition(told: Any, place: str) -> Condition:
    if not isinstance(told, Mapping) or "parts" not in told:
        plain: Condition = _made(Condition, told, place)
        return plain
    parts = tuple(
        _made(Part, one, f"{place}: parts {number}")
        for number, one in enumerate(_list(told, "parts"), 1)
    )
    made: Condition = _made(Condition, {**told, "parts": parts}, place)
    return made


def _response(told: Any, place: str) -> Response:
    """Return a response by its kind, by its numbers, or by a kind with some numbers of its own."""
    if not isinstance(told, Mapping):
        raise NotAnOption(f"{place} is a table of names and values.")
    kind = told.get("kind", "canonical")
    if not isinstance(kind, str) or kind not in NAMED:
        raise NotAnOption(f"{place}: kind is one of {', '.join(NAMED)}.")
    numbers = {name: value for name, value in told.items() if name != "kind"}
    _made(Response, numbers, place)  # names its mistakes
    return replace(NAMED[kind], **numbers)


def _realities(told: Any, experiment: Experiment) -> Realities | None:
    if told is None:
        return None
    if not isinstance(told, Mapping) or set(told) - {"worst", "each"}:
        raise NotAnOption("realities is a table of worst (true or false) and each (tables).")
    worst = told.get("worst", False)
    _need_kind(bool, worst, "realities: worst")
    if "each" not in told:
        return usual_realities(experiment, worst=worst)
    each = tuple(
        _reality(one, f"realities {number}") for number, one in enumerate(_list(told, "each"), 1)
    )
    return Realities(each, worst)


def _reality(told: Any, place: str) -> Reality:
    if not isinstance(told, Mapping) or "response" not in told:
        plain: Reality = _made(Reality, told, place)
        return plain
    shape = _response(told["response"], f"{place}: response")
    made: Reality = _made(Reality, {**told, "response": shape}, place)
    return made


def _made(kind: type[Any], told: Any, place: str) -> Any:
    """Return a dataclass from a table, whose names and kinds of values are checked."""
    if not isinstance(told, Mapping):
        raise NotAnOption(f"{place} is a table of names and values.")
    known = {each.name: each for each in fields(kind)}
    if unknown := sorted(set(told) - set(known)):
        raise NotAnOption(f"{place}: there is no {unknown[0]!r}; there are {', '.join(known)}.")
    needed = [
        name
        for name, each in known.items()
        if each.default is MISSING and each.default_factory is MISSING and name not in told
    ]
    if needed:
        raise NotAnOption(f"{place}: {needed[0]} is missing.")
    for name, value in told.items():
        _need_kind(known[name].type, value, f"{place}: {name}")
    return kind(**told)


def _need_kind(kind: Any, value: Any, place: str) -> None:
    said = getattr(kind, "__name__", str(kind))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if "float" in said and "tuple" not in said and not is_number:
        raise NotAnOption(f"{place} is a number.")
    if said == "int" and (not is_number or int(value) != value):
        raise NotAnOption(f"{place} is a whole number.")
    if said == "str" and not isinstance(value, str):
        raise NotAnOption(f"{place} is text.")
    if said == "bool" and not isinstance(value, bool):
        raise NotAnOption(f"{place} is true or false.")


def _list(told: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(found := told.get(name), list) or not found:
        raise NotAnOption(f"{name} is a list of tables: begin each with [[{name}]].")
    return found


def _table(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(found := told.get(name), dict):
        raise NotAnOption(f"[{name}] is missing.")
    return found


def _gaps(told: Mapping[str, Any]) -> Gaps:
    kind = told.get("model")
    if not isinstance(kind, str) or kind not in GAPS:
        raise NotAnOption(f"gaps: model is one of {', '.join(GAPS)}.")
    found: Gaps = _made(GAPS[kind], {k: v for k, v in told.items() if k != "model"}, "gaps")
    return found


def _contrasts(told: Mapping[str, Any], names: list[str]) -> tuple[tuple[float, ...], ...]:
    """Return weights for all conditions; without contrasts, each condition against none."""
    if "contrasts" not in told:
        return tuple(tuple(float(one == other) for other in names) for one in names)
    return tuple(
        _contrast(one, names, number) for number, one in enumerate(_list(told, "contrasts"), 1)
    )


def _contrast(told: Any, names: list[str], number: int) -> tuple[float, ...]:
    if not isinstance(told, Mapping) or set(told) - set(names):
        raise NotAnOption(
            f"contrasts {number} gives weights to conditions by name; there are {', '.join(names)}."
        )
    for name, weight in told.items():
        _need_kind(float, weight, f"contrasts {number}: {name}")
    return tuple(float(told.get(name, 0)) for name in names)


def _rules(told: Any) -> Rules:
    if not isinstance(told, Mapping):
        raise NotAnOption("rules is a table of names and values.")
    pairs, waits = told.get("forbidden", []), told.get("least_waits", [])
    if not isinstance(pairs, list) or not all(_is_row(each, PAIR) for each in pairs):
        raise NotAnOption('rules: forbidden is a list of pairs, such as [["a", "b"]].')
    if not isinstance(waits, list) or not all(_is_row(each, TRIPLE) for each in waits):
        raise NotAnOption('rules: least_waits is a list such as [["a", "b", 4.0]], in s.')
    rows = {
        "forbidden": frozenset((a, b) for a, b in pairs),
        "least_waits": tuple((a, b, float(seconds)) for a, b, seconds in waits),
    }
    found: Rules = _made(Rules, {**told, **rows}, "rules")
    return found


def _is_row(told: Any, kinds: Sequence[type]) -> bool:
    if not isinstance(told, list):
        return False
    return [float if type(each) is int else type(each) for each in told] == list(kinds)
