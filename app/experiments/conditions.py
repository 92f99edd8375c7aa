"""Whether a step is shown: conditions over the latest answers of a run."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from experiments.definition.steps import Condition, Hook, Several, Test

Answers = Mapping[str, Any]  # the latest value under each name


Ask = Callable[[Hook], bool]


def nobody(hook: Hook) -> bool:
    raise TypeError(f"{hook.call} decides here, and nobody is there to ask it")


def holds(condition: Condition | None, answers: Answers, ask: Ask = nobody) -> bool:
    """Say whether a condition holds; what was not answered equals nothing and is below nothing.

    ``ask`` asks a lab's function; it is asked only as far as the answer depends on it.
    """
    match condition:
        case None:
            return True
        case Several(how, parts):
            found = (holds(part, answers, ask) for part in parts)
            return all(found) if how == "all" else any(found) is (how == "any")
        case Test():
            return _compared(condition, answers)
        case Hook():
            return ask(condition)


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
