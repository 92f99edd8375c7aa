"""Whether a step is shown: conditions over the latest answers of a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from experiments.definition.steps import Condition, Hook, Several, Test

Answers = Mapping[str, Any]  # the latest value under each name


def holds(condition: Condition | None, answers: Answers) -> bool:
    """Say whether a condition holds; what was not answered equals nothing and is below nothing."""
    match condition:
        case None:
            return True
        case Several(how, parts):
            found = [holds(part, answers) for part in parts]
            return {"all": all(found), "any": any(found), "none": not any(found)}[how]
        case Test():
            return _compared(condition, answers)
        case Hook():
            raise TypeError("a function decides here, not a comparison")


def _compared(test: Test, answers: Answers) -> bool:
    value = answers.get(test.item)
    if test.comparison == "answered":
        return value is not None
    if value is None:
        return test.comparison == "≠"
    if test.comparison in {"<", "≤", ">", "≥"}:
        return _ordered(test.comparison, value, test.value)
    return {
        "=": _is(value, test.value),
        "≠": not _is(value, test.value),
        "in": test.comparison == "in" and any(_is(value, each) for each in test.value),
    }[test.comparison]


def _is(value: Any, wanted: Any) -> bool:
    """Several choices are equal to a value when it is among them."""
    return wanted in value if isinstance(value, list) and not isinstance(wanted, list) else (
        value == wanted
    )  # fmt: skip


def _ordered(comparison: str, value: Any, bound: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return {
        "<": value < bound,
        "≤": value <= bound,
        ">": value > bound,
        "≥": value >= bound,
    }[comparison]


def names_in(condition: Condition | None) -> Iterator[str]:
    """Yield the items that a condition asks for."""
    match condition:
        case Several(_, parts):
            for part in parts:
                yield from names_in(part)
        case Test(item):
            yield item
