"""An experiment as a person writes it: a TOML file, each mistake in it named by its place."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from fmriplan.design.annealing import Goal
from fmriplan.design.experiment import Condition, Experiment, Rest
from fmriplan.design.gaps import Exponential, Fixed, Gaps, Uniform
from fmriplan.design.orders import Rules
from fmriplan.design.response import Response
from fmriplan.errors import NotAnOption

GAPS: dict[str, type[Any]] = {"fixed": Fixed, "uniform": Uniform, "exponential": Exponential}
TABLES = {"goal", "rules", "gaps", "rest", "response", "conditions", "contrasts"}


@dataclass(frozen=True)
class Specification:
    """An experiment, what its design is for, and the rules it keeps."""

    experiment: Experiment
    goal: Goal
    rules: Rules


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
        _made(Condition, one, f"conditions {number}")
        for number, one in enumerate(_list(told, "conditions"), 1)
    )
    facts = {
        **plain,
        "conditions": conditions,
        "contrasts": _contrasts(told, [each.name for each in conditions]),
        "gaps": _gaps(_table(told, "gaps")),
        **({"rest": _made(Rest, told["rest"], "rest")} if "rest" in told else {}),
        "response": _made(Response, told.get("response", {}), "response"),
    }
    experiment = _made(Experiment, facts, "the specification")
    goal = _made(Goal, told.get("goal", {}), "goal")
    return Specification(experiment, goal, _rules(told.get("rules", {})))


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
    pairs = told.get("forbidden", [])
    if not isinstance(pairs, list) or not all(_is_pair(each) for each in pairs):
        raise NotAnOption('rules: forbidden is a list of pairs, such as [["a", "b"]].')
    found: Rules = _made(
        Rules, {**told, "forbidden": frozenset((str(a), str(b)) for a, b in pairs)}, "rules"
    )
    return found


def _is_pair(told: Any) -> bool:
    return isinstance(told, list) and [type(each) for each in told] == [str, str]
